// Package simulator serves token endpoints that behave like the four real
// systems that tokenkeeper was first asked to serve, and the APIs that their
// tokens open. Tests and the demo log in to it over real HTTP.
//
// A [Simulator] is an [http.Handler]. Each provider lives under its own name,
// so that one listener on one loopback port serves all four:
//
//	provider    token endpoint                API behind it
//	meitner     POST /meitner/oauth/token     GET /meitner/directory/v1/school
//	educloud    POST /educloud/connect/token  GET /educloud/example
//	meti        POST /meti/oauth/token        GET /meti/sources
//	meti-login  POST /meti-login/token        GET /meti-login/sources
//
// [Simulator.Provider] serves one of them without the prefix, at exactly the
// documented paths. [Simulator.Configs] and [Simulator.Credentials] give the
// provider configs and credentials that fit.
//
// # What a token request must look like
//
//	provider    Content-Type                       parameters
//	meitner     application/x-www-form-urlencoded  grant_type client_id client_secret
//	educloud    multipart/form-data, or            grant_type client_id client_secret [scope]
//	            application/x-www-form-urlencoded  or HTTP Basic and: grant_type [scope]
//	meti        application/json                   grant_type client_id client_secret audience [scope]
//	meti-login  application/json                   email password
//
// Everything that the documentation determines is compared, so that a test
// against the simulator is a test against the documentation. It is stricter
// than its models in one way: RFC 6749 section 3.2 has servers ignore a
// parameter that they do not know, and here it is refused, because it is a mistake
// of the client. Parameters are single-valued; an empty one counts as left out,
// as that section says.
//
// # What is refused, and how
//
// Meitner, EduCloud and METI answer as RFC 6749 section 5.2 says:
//
//	405 invalid_request            any method but POST
//	413 invalid_request            a body above 1 MiB
//	400 invalid_request            wrong Content-Type, broken body, a query in the URL,
//	                               a parameter missing, unknown or repeated,
//	                               two ways of client authentication at once
//	400 unsupported_grant_type     a grant type other than client_credentials
//	401 invalid_client             unknown client, wrong secret, none, or a method that the
//	                               provider does not take; with WWW-Authenticate if the
//	                               client used the Authorization header
//	400 invalid_scope              EduCloud: a scope that the client may not have
//	403 access_denied              METI: wrong or missing audience, a scope not granted
//
// The METI login is not OAuth. It answers 401 for a wrong e-mail or password,
// 415 for another Content-Type, 400 for another body, and 405 and 413 as above,
// each with a JSON object that holds a "message" and nothing else.
//
// # What the APIs answer
//
// 200 for a live token of their own provider. Otherwise, as RFC 6750 section 3
// says: 401 with a bare Bearer challenge when no token came, 401 invalid_token
// when it is malformed, over, revoked or another provider's, and 403
// insufficient_scope when METI's token lacks read:sources.
//
// # Tokens
//
// Three of the systems document JWTs; theirs are signed with HS256 and a key
// that no one else has, since only the simulated API looks inside.
// EduCloud documents none, and its tokens are opaque. Every token is unique
// unless [Simulator.SetRepeats] says otherwise. Times are whole seconds of the
// clock in [Options], which [Simulator.SetClock] puts wrong for one provider.
//
// # Faults
//
// A [Fault] is what goes wrong between a provider and its client: middleware
// around the token endpoint. [Simulator.Break] makes it last until
// [Simulator.Mend]; [Simulator.BreakNext] gives it to the next few token
// requests only. Some faults answer instead of the provider ([Reply],
// [OAuthError], [RetryAfter], [Redirect]), some spoil a good answer ([Lifetime],
// [Token], [BOM], [Gzip]), and some break the wire ([Reset], [Hold], [Trickle],
// [EndlessBody]). [Join] combines them:
//
//	sim.BreakNext(simulator.METI, 2, simulator.RetryAfter(http.StatusTooManyRequests, "2"))
//	sim.Break(simulator.Meitner, simulator.Join(simulator.Gzip(), simulator.Lifetime(`"3600"`)))
//
// A fault that waits ends when its request does or when the simulator is
// closed. Only [Trickle] looks at a clock.
package simulator
