// Package awstest is the part of AWS that tokenkeeper talks to, for tests: SSM
// Parameter Store and Secrets Manager as their documentation describes them,
// over HTTP, for the real clients of the AWS SDK.
//
// It holds state, never expectations. A test seeds what is there, runs its
// subject against real clients, and reads what is there afterwards:
//
//	world := awstest.New(t, awstest.Options{Now: clock.Now})
//	world.SetParameter(awstest.Parameter{Name: "/tokenkeeper/providers/meitner", Value: config})
//	client := secretsmanager.NewFromConfig(world.Config())
//	...
//	secret, ok := world.Secret("tokenkeeper/tokens/meitner")
//
// # Strictness
//
// Where the documentation gives a rule, the fake refuses what AWS refuses, with
// the same error code and HTTP status and a message in its own words. Where the
// documentation leaves a choice, the fake takes the narrower reading and the
// comment beside it says so. An operation, or a member of a request, that the
// fake does not model is answered with code [NotModelled] and status 501, so
// that no test passes for want of a rule.
//
// The rules are rows of one table, the test TestConformance of this package. It
// runs against the fake and, where the environment names them, against emulators:
//
//	TOKENKEEPER_LOCALSTACK_URL=http://127.0.0.1:4566 \
//	TOKENKEEPER_MINISTACK_URL=http://127.0.0.1:4567 \
//	go test -run TestConformance ./internal/awstest
//
// Each emulator's misses are listed by row name in known_misses_test.go. The
// test fails when an unlisted row misses and when a listed one no longer does.
//
// # Time
//
// All state is dated by Options.Now: ages of versions, quotas, recovery windows,
// the lag of ListSecrets. With a clock that does not move the quotas count every
// call as made in the same second; move the clock or set Options.NoQuotas.
//
// In a testing/synctest bubble set Options.InMemory and leave Now nil: clients
// then reach the fake over net.Pipe, on which a goroutine is durably blocked,
// and waiting costs nothing.
//
// # Quirks
//
// Some things AWS may do at any time and rarely does when one looks. They are
// options, so that a test can have them always: Options.EmptyPages,
// Options.PageSize, Options.ListLag.
//
// # Trouble
//
// [AWS.Fail] lays a [Fault] in the way of calls: refused, throttled, delayed,
// answered with something else, or lost on the way there or back. A fault stays
// until it is used up or [AWS.Heal] is called.
//
//	world.Fail("secretsmanager:PutSecretValue", awstest.Throttle(2))
//	world.Fail("secretsmanager:UpdateSecretVersionStage", awstest.LoseAnswer(1))
//
// Keys of KMS have states of their own ([AWS.SetKey]), and [AWS.Authorize] puts
// the whole world under an identity policy, such as the deployed role's.
//
// To kill a subject at every call, run it once, count [AWS.Calls], and then run
// it in a fresh world for each k with CrashBefore(k) and CrashAfter(k): from the
// k-th call on, nothing that the subject sends has an effect or an answer.
//
// # Record
//
// Every call is recorded with its action, its resource, what permissions it
// needed and the bytes of its body: [AWS.Calls], [AWS.Count].
package awstest
