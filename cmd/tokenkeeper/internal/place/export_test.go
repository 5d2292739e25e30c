package place

import (
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

// AnswerTime is how long an answer of Parameter Store may take.
func (a *AWS) AnswerTime() time.Duration {
	return a.ssm.Options().HTTPClient.(*awshttp.BuildableClient).GetTimeout()
}
