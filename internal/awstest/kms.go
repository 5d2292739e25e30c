package awstest

import "strings"

// SetKey puts a customer managed key into a state and returns its ARN. The id is
// a key id, an alias ("alias/tokens") or the ARN of either; requests name it by any
// of these then. An alias is a key of its own here, and policies are asked about its
// ARN; AWS asks them about the ARN of the key behind it. The keys that AWS manages,
// alias/aws/secretsmanager and alias/aws/ssm, are always enabled and need no
// permission.
func (a *AWS) SetKey(id string, s KeyState) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	arn := a.keyARN(id)
	a.keys[arn] = s
	return arn
}

func (a *AWS) keyARN(id string) string {
	if strings.HasPrefix(id, "arn:") {
		return id
	}
	if !strings.HasPrefix(id, "alias/") {
		id = "key/" + id
	}
	return a.arn("kms", id)
}

// A keyUse is what a service asks of KMS on behalf of the caller.
type keyUse struct {
	action  string // kms:Decrypt, ...
	service string // ssm or secretsmanager
	context [2]string
}

// useKey asks KMS. An empty id is the key that AWS manages. What is wrong with the
// key itself comes back in words, since services answer it in different ways;
// the error is that the caller may not use it.
func (a *AWS) useKey(r *request, id string, use keyUse) (unusable string, denied error) {
	if id == "" || strings.HasSuffix(id, "alias/aws/"+use.service) {
		return "", nil
	}
	arn := a.keyARN(id)
	err := a.allow(r, Access{
		Action:   use.action,
		Resource: arn,
		Keys: map[string][]string{
			"kms:ViaService":                          {use.service + "." + a.options.Region + ".amazonaws.com"},
			"kms:CallerAccount":                       {a.options.Account},
			"kms:EncryptionContextKeys":               {use.context[0]},
			"kms:EncryptionContext:" + use.context[0]: {use.context[1]},
		},
	})
	switch state := a.keys[arn]; {
	case err != nil || state == KeyDenied:
		// Recorded with status 400 and these words from Secrets Manager.
		return "", refuse("AccessDeniedException", "Access to KMS is not allowed")
	case state == KeyEnabled:
		return "", nil
	case state == KeyDisabled:
		return "is disabled", nil
	case state == KeyPendingDeletion:
		return "is pending deletion", nil
	default:
		return "does not exist", nil
	}
}
