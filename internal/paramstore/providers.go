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

// Providers are the provider configs below one path.
type Providers struct {
	Client *ssm.Client
	// Path begins with a slash and does not end in one, such as
	// "/tokenkeeper/providers".
	Path string
}

// pageSize is the most that GetParametersByPath gives at a time.
const pageSize = 10

// Configs returns every parameter below the path, or an error. One that cannot be a
// config, because of its type or its name, is among them, with its Err set.
func (p *Providers) Configs(ctx context.Context) ([]refresh.Document, error) {
	var docs []refresh.Document
	pages := ssm.NewGetParametersByPathPaginator(p.Client, &ssm.GetParametersByPathInput{
		Path:       aws.String(p.Path),
		Recursive:  aws.Bool(true), // so that a name with a further slash is seen, and refused
		MaxResults: aws.Int32(pageSize),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, awscall.Call{Action: "ssm:GetParametersByPath", Resource: p.Path}.Failure(err)
		}
		for _, param := range page.Parameters {
			docs = append(docs, p.document(param))
		}
	}
	return docs, nil
}

func (p *Providers) document(param types.Parameter) refresh.Document {
	where := aws.ToString(param.Name)
	d := refresh.Document{
		Name:    strings.TrimPrefix(where, p.Path+"/"),
		Where:   where,
		Version: version(param),
		Data:    secret.New(aws.ToString(param.Value)),
	}
	refuse := func(detail, remedy string) {
		d.Err = refresh.Problems{{Where: where, Detail: detail, Remedy: remedy}}
	}
	switch {
	case strings.Contains(d.Name, "/"):
		refuse(fmt.Sprintf("it lies deeper than %s/NAME, where configs are", p.Path),
			"delete it and put it there with a name without a slash")
	case param.Type == types.ParameterTypeSecureString:
		refuse("it is a SecureString; a config has no secret in it, and is read by people",
			"delete it and put it as a String; a secret belongs into the credential")
	case param.Type != types.ParameterTypeString:
		refuse(fmt.Sprintf("it is a %s; a config is a String", param.Type), "delete it and put it as a String")
	}
	return d
}
