// Command empty is the Lambda function that does nothing: what any Go function takes to
// start, which 'go run ./bench start' measures ours beside.
package main

import "github.com/aws/aws-lambda-go/lambda"

func main() {
	lambda.Start(func() {})
}
