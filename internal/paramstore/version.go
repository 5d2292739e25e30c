package paramstore

import (
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

// version returns a parameter's number and the second it was put in. The number alone
// would not do: it begins at 1 again where a parameter was deleted and put anew.
func version(p types.Parameter) string {
	return fmt.Sprintf("%d.%d", p.Version, aws.ToTime(p.LastModifiedDate).Unix())
}
