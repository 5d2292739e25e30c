// Package accounttest plays what of an AWS account an operator looks at beside parameters and
// secrets: the identity, the schedule, alarms and who hears of them, the failure queue, and
// the log of the function. It answers each service in its own protocol, and is for tests.
package accounttest
