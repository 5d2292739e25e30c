// Package paramstore finds provider configs, and credentials, in SSM Parameter Store.
//
// A config is a parameter of type String below one path, and a credential one of type
// SecureString below another. The last part of a parameter's name is the name of the
// provider or of the credential:
//
//	/tokenkeeper/providers/meitner     String        {"token_endpoint": …}
//	/tokenkeeper/credentials/meitner   SecureString  {"client_id": …, "client_secret": …}
//
// Below a third path are the copies of configs that the owners of credentials approved,
// named after the credential and the provider:
//
//	/tokenkeeper/approved/meitner/meitner   String   {"token_endpoint": …}
//
// [Providers] and one kind of credentials, these or those of package secretstore, make a
// refresh.Source together.
//
// The role needs ssm:GetParametersByPath on the first and the third path and on what is
// below them, ssm:GetParameters and ssm:GetParameter on what is below all three, and
// kms:Decrypt where credentials are encrypted with a customer key. GetParametersByPath ignores a
// denial for a single parameter.
package paramstore
