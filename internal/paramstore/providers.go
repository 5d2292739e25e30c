package paramstore

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"example.com/tokenkeeper/internal/awscall"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
)

// Providers are the provider configs below one path, and the approved copies of them below another.
type Providers struct {
	Client *ssm.Client
	// Path begins with a slash and does not end in one, such as "/tokenkeeper/providers".
	Path string
	// Approved is the path of the approved copies, such as "/tokenkeeper/approved".
	Approved string
}

// StandardParameters is how many an account and region has; more are advanced ones, and each
// costs when it is listed (AWS General Reference, "AWS Systems Manager endpoints and quotas").
const StandardParameters = 10_000

// pageSize is the most that GetParametersByPath gives at a time.
const pageSize = 10

// Configs implements refresh.Lister: the approved copies, and then the configs. A parameter that
// cannot be one of them, because of its type or its name, is among them, with its Err set.
func (p *Providers) Configs(ctx context.Context, from string) (docs []refresh.Document, next string, _ error) {
	path, document := p.Approved, p.copy
	token, listsConfigs := strings.CutPrefix(from, configsFrom)
	if listsConfigs {
		path, document = p.Path, p.config
	}
	ctx, cancel := awscall.HalfOf(ctx)
	defer cancel()
	in := &ssm.GetParametersByPathInput{
		Path:       aws.String(path),
		Recursive:  aws.Bool(true), // so that a name with a further slash is seen, and refused
		MaxResults: aws.Int32(pageSize),
	}
	if token != "" {
		in.NextToken = aws.String(token)
	}
	page, err := p.Client.GetParametersByPath(ctx, in)
	if err != nil {
		return nil, "", awscall.Call{Action: "ssm:GetParametersByPath", Resource: path}.Failure(err)
	}
	for _, param := range page.Parameters {
		docs = append(docs, document(param))
	}
	switch next = aws.ToString(page.NextToken); {
	case listsConfigs && next != "", !listsConfigs && next == "":
		next = configsFrom + next
	}
	return docs, next, nil
}

// configsFrom is what the place of a page of configs begins with; that of one of copies is AWS's
// own, which has no space.
const configsFrom = "configs "

func (p *Providers) config(param types.Parameter) refresh.Document {
	d := document(param)
	d.Name = strings.TrimPrefix(d.Where, p.Path+"/")
	if strings.Contains(d.Name, "/") {
		d.Err = refresh.Problems{{Where: d.Where, Detail: fmt.Sprintf("it lies deeper than %s/NAME, where configs are", p.Path),
			Remedy: "delete it and put it there with a name without a slash"}}
	}
	return d
}

// copy is named after its credential and its provider. What has another name is a document
// with a slash in its name, which no provider has.
func (p *Providers) copy(param types.Parameter) refresh.Document {
	d := document(param)
	d.Name = strings.TrimPrefix(d.Where, p.Approved+"/")
	credential, provider, ok := strings.Cut(d.Name, "/")
	if !ok || strings.Contains(provider, "/") {
		d.Name = "approved/" + d.Name
		d.Err = refresh.Problems{{Where: d.Where, Detail: fmt.Sprintf("it is not at %s/CREDENTIAL/PROVIDER, where approved copies are", p.Approved),
			Remedy: "delete it, and run 'tokenkeeper approve PROVIDER'"}}
		return d
	}
	d.Approver, d.Name = credential, provider
	return d
}

// document is without its name.
func document(param types.Parameter) refresh.Document {
	where := aws.ToString(param.Name)
	d := refresh.Document{Where: where, Version: version(param), Edited: aws.ToTime(param.LastModifiedDate), Data: secret.New(aws.ToString(param.Value))}
	refuse := func(detail, remedy string) {
		d.Err = refresh.Problems{{Where: where, Detail: detail, Remedy: remedy}}
	}
	switch param.Type {
	case types.ParameterTypeString:
	case types.ParameterTypeSecureString:
		refuse("it is a SecureString; a config has no secret in it, and is read by people",
			"delete it and put it as a String; a secret belongs into the credential")
	default:
		refuse(fmt.Sprintf("it is a %s; a config is a String", param.Type), "delete it and put it as a String")
	}
	return d
}

// version returns a parameter's number and the second it was put in. The number alone
// would not do: it begins at 1 again where a parameter was deleted and put anew.
func version(p types.Parameter) string {
	return fmt.Sprintf("%d.%d", p.Version, aws.ToTime(p.LastModifiedDate).Unix())
}
