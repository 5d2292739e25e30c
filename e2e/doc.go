// Package e2e has the tests that need more than Go: they deploy the template to an
// emulator as a user deploys it to AWS, and run what the documentation says. It is
// a module of its own, so that go test ./... at the root asks for nothing else.
//
// tools/test installs what they need, starts the emulators and sets
//
//	TOKENKEEPER_MINISTACK_URL    where ministack answers, with IAM enforced
//	TOKENKEEPER_LOCALSTACK_URL   where LocalStack answers
//
// Without them these tests fail; they never pass by being left out.
package e2e
