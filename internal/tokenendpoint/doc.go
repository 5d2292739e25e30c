// Package tokenendpoint asks token endpoints. It understands the configs of providers
// and the credentials that they are logged in to with, and turns the two into grants.
//
// docs/configuration.md has the language of configs whole. This is how it is carried out.
//
// # From a config to a grant
//
// A config is read strictly into a struct ([strictjson.Decode]) and compiled into a plan:
// requests, as templates, and a reader for the answer to the one that gives the token. That
// is the last, unless response.step names another. Those before the last are steps, which
// keep values of their answers for the ones after. There are two levels to write a config
// at, and one plan: OAuth's own words are a short way to write a request.
//
// [Endpoint.Check] holds a plan against a credential before anything is sent: whether the
// credential's owner allows the host, whether it has the values that are named, whether
// these can stand where they would. [Endpoint.Grant] does the same, and then makes up to
// three attempts. An attempt builds the request, sends it once, and reads the answer:
// token, type, lifetime, scope. Whatever goes wrong becomes a [refresh.Error], whose
// class is decided in one file, class.go.
//
// # Where secrets go
//
// Values of a credential are [secret.Text] until they are written into a request.
// They are encoded as the place needs where they land, so that none can become more than
// a value, and never stand in scheme, host or port. Hosts are pinned in the credential:
// who may edit a config cannot have a secret sent to himself. A request is sent to that
// host over TLS 1.2 or later, at an address that is checked when it is dialled. No
// redirect is followed, no proxy of the environment used, no request repeated by a layer
// below this one.
//
// What providers answer is foreign. It is bounded in size, depth and time. Of an error,
// only the members that are meant for people are quoted, after the credential's values
// and all that looks like a token were taken out; then it is cut and escaped. An answer
// may repeat what was sent. So all that is made of a secret for a request is remembered,
// and an answer that has it where it would be told further, or computed with, is refused:
// sent.go.
package tokenendpoint
