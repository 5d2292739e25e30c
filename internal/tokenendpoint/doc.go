// Package tokenendpoint logs in to token endpoints. It understands the configs of providers
// and the credentials that they are logged in to with, and turns the two into grants.
//
// docs/configuration.md has the language of configs whole. This is how it is carried out.
//
// # From a config to a plan
//
// A config is read strictly into a struct ([strictjson.Decode]) and compiled into a plan:
// requests, and the shape of the answer to the one that gives the token. That is the last,
// unless response.step names another. Those before the last are steps, which keep values of
// their answers for the ones after. There are two levels to write a config at, and one plan:
// OAuth's own words are a short way to write a request.
//
// Compiling is done by functions. Each takes a part of the config, notes in a [problem.List]
// what is wrong with it, and returns a value; what a plan needs of a credential is read off
// the values, by the templates in them. A field has one file, for its compiling and its use.
//
// # From a plan to a grant
//
// [Endpoint.Check] holds a plan against a credential before anything is sent: whether the
// credential's owner allows the host, whether it has the values that are named, whether
// they fit where they are sent. [Endpoint.Grant] does the same, and then makes up to three
// attempts. An attempt builds each request ([httprequest]), sends it once ([wire]), and has
// the answer decoded, selected from and interpreted ([answer]). In between, and before
// anything of an answer is used or printed, screen.go looks for secrets in what was selected.
// Whatever goes wrong becomes a [refresh.Error], whose class is decided in verdict.go.
// What people are shown of a config or of a trial is made elsewhere, of a [Plan] and by a [Witness].
//
// # Where secrets go
//
// Values of a credential are [secret.Text] until they are written into a request. Hosts are pinned
// in the credential, since config editors may not decide where they are sent. No redirect is
// followed, no proxy of the environment used, and no request repeated by a layer below this one.
//
// What providers answer is foreign. It is bounded in size, depth and time. Of an error, only
// the members that are meant for people are quoted, after the credential's values and all
// that looks like a token were taken out; then it is cut and escaped. An answer may repeat
// what was sent. So what is made of a secret for a request is remembered, and an answer that
// has it where it would be compared, recorded or printed is refused.
package tokenendpoint
