// Package refresh keeps other people's tokens fresh. It is the whole of what this
// product decides, and imports the standard library and package secret only: where
// configs come from, where tokens are kept and how a provider is asked are interfaces,
// declared here and implemented by the packages around it.
//
// # One run
//
// A [Runner] does the job of one tick, in this order.
//
// It takes the time, once. Every decision of the run is taken at that time, so that a
// run is a function of what it found.
//
// It begins with what the process remembers of its last run, the state of each provider's secret
// and the little of its config that the schedule needs, or else with the list of secrets. All of
// that is a hint: no provider could be asked with it.
//
// Beside the work it lists the secrets of the [Store] and the configs of the [Source], a page at a
// time, and takes up what is new or edited. An idle run waits for the lists, up to half of its time;
// the rest is the next run's. A listing that fails before anything was found stops the run before a
// provider is asked; one that breaks off later is as loud, and stops nothing. A config that is wrong
// is reported and stops no other.
//
// It decides, for each provider, by [Schedule.Decide]: a pure function, which returns a reason.
// What is known of a token (when it was issued, how long it lives, with which config it was asked
// for) is in the id of its version, so nothing is decrypted to decide: see [Version]. Most are
// fresh, and that is all.
//
// Those that are due it takes in the order in which their tokens expire, but those that failed three
// times in a row last: see the queue. It begins with them at the pace at which the store can take
// what they give, and spends at most twenty seconds on each. It opens the one secret, and decides
// again on what it finds: perhaps another run was ahead. Opening creates the secret where it is
// missing, without a value, since a failed login must be remembered somewhere.
//
// Only then it reads what decides on the login: config, approved copies and credential, together
// with those of other providers that wait for the same. What was approved or edited a moment ago
// holds already, and a config that is gone is dropped. If the provider is still due, it asks the
// [Endpoint] for a [Grant]: one login, whose lifetime counts from just before the request was sent.
//
// It stores the [Record] in two steps, put and compare-and-swap, for which five of the
// twenty seconds are kept. Where no new token came of it, it leaves a [Note] beside the
// secret instead, and the next runs keep to it.
//
// In the end it returns a [Report], and an error if a provider that it asked failed.
//
// # Refresh tokens
//
// A provider that is logged in to with a refresh token, and replaces it with every login,
// may revoke everything if one is used twice. So it has a [Vault] beside the store: before
// the login a run claims the refresh token, which also shows that the next one can be
// stored, and after it the next one is stored before anything else. A run that finds it
// claimed leaves it to that run. Where the provider rejects it all the same, and no other
// run has spent it, it is sent once more where that does no harm; then only a person can help.
//
// # Why this is safe
//
// Nothing locks. Two runs at once may both log in, but only one of them can move the
// label from the version that both decided on; the other adopts what it finds. A run
// that dies leaves either nothing, or a version that is stored and not current: the next
// run makes it current, without a login. A run that is late, or is repeated, finds that
// what it wanted to replace is no longer there. So the token that consumers read is
// always the last good one, and never one that was asked for earlier than it.
package refresh
