package awstest

import "time"

// quota gives the family of operations that an action shares a rate with, and
// the calls per second that the family has in an account and region.
//
// Sources: Secrets Manager user guide, "AWS Secrets Manager quotas"; AWS General
// Reference, "AWS Systems Manager endpoints and quotas", Parameter Store with
// default throughput. Actions without a documented rate have none here.
func quota(action string) (family string, perSecond int) {
	switch action {
	case "secretsmanager:PutSecretValue", "secretsmanager:UpdateSecret", "secretsmanager:UpdateSecretVersionStage":
		return "change versions", 50
	case "secretsmanager:TagResource", "secretsmanager:UntagResource":
		return "tag", 50
	case "secretsmanager:CreateSecret", "secretsmanager:DeleteSecret", "secretsmanager:RestoreSecret", "secretsmanager:ListSecretVersionIds":
		return action, 50
	case "secretsmanager:ListSecrets":
		return action, 100
	case "secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue":
		return "read secrets", 10_000
	case "ssm:GetParameter", "ssm:GetParameters", "ssm:GetParametersByPath":
		return "read parameters", 40
	}
	return "", 0
}

// spend refuses a call that would be one too many within any second. That is
// narrower than a token bucket, which AWS may well use.
func (a *AWS) spend(action string, now time.Time) error {
	family, limit := quota(action)
	if limit == 0 || a.options.NoQuotas {
		return nil
	}
	spent := a.quotas[family]
	for len(spent) > 0 && now.Sub(spent[0]) >= time.Second {
		spent = spent[1:]
	}
	if len(spent) >= limit {
		a.quotas[family] = spent
		return throttled()
	}
	a.quotas[family] = append(spent, now)
	return nil
}

// throttled is the answer of both services to too many calls.
func throttled() *Error { return refuse("ThrottlingException", "Rate exceeded") }
