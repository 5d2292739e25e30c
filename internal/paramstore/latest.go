package paramstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"example.com/tokenkeeper/internal/awscall"
	"example.com/tokenkeeper/internal/refresh"
)

// A Source is configs of Parameter Store, with credentials of either service.
type Source struct {
	*Providers
	CredentialReader
}

var _ refresh.Source = Source{}

// A CredentialReader reads credentials: [Credentials], or those of package secretstore.
type CredentialReader interface {
	Credential(ctx context.Context, name string) (refresh.Document, error)
	CredentialVersion(ctx context.Context, name string) (string, error)
}

// Latest implements refresh.Source with one call of GetParameters, in which a credential in
// Parameter Store is read as well. AWS refuses the whole call where it refuses one parameter,
// such as a credential whose key is disabled; then they are read one by one.
func (s Source) Latest(ctx context.Context, provider, credential string) ([]refresh.Document, refresh.Document, error) {
	names := []string{s.Path + "/" + provider, s.Approved + "/" + provider + "/" + provider}
	valid := refresh.CheckName(credential) == nil
	if valid && credential != provider {
		names = append(names, s.Approved+"/"+credential+"/"+provider)
	}
	all := names
	secure, together := s.CredentialReader.(*Credentials)
	if together = together && valid; together {
		all = append(all, secure.where(credential))
	}
	found, err := s.read(ctx, all)
	if refused, ok := errors.AsType[*refresh.Error](err); ok && refused.Class == refresh.Misconfigured {
		together = false
		found, err = s.readEach(ctx, names)
	}
	if err != nil {
		return nil, refresh.Document{}, err
	}
	var docs []refresh.Document
	for i, name := range names {
		param, there := found[name]
		switch {
		case there && i == 0:
			docs = append(docs, s.config(param))
		case there:
			docs = append(docs, s.copy(param))
		}
	}
	if !together {
		d, err := s.Credential(ctx, credential)
		return docs, d, err
	}
	param, there := found[secure.where(credential)]
	if !there {
		return docs, refresh.Document{}, fmt.Errorf("parameter %s: %w", secure.where(credential), refresh.ErrNotFound)
	}
	return docs, secure.document(credential, param), nil
}

// read returns those of the parameters that are there, decrypted.
func (p *Providers) read(ctx context.Context, names []string) (map[string]types.Parameter, error) {
	out, err := p.Client.GetParameters(ctx, &ssm.GetParametersInput{Names: names, WithDecryption: aws.Bool(true)})
	if err != nil {
		return nil, awscall.Call{Action: "ssm:GetParameters", Resource: names[0]}.Failure(err)
	}
	found := make(map[string]types.Parameter, len(out.Parameters))
	for _, param := range out.Parameters {
		found[aws.ToString(param.Name)] = param
	}
	return found, nil
}

// readEach does the same in one call for each, without decryption.
func (p *Providers) readEach(ctx context.Context, names []string) (map[string]types.Parameter, error) {
	found := make(map[string]types.Parameter, len(names))
	for _, name := range names {
		out, err := p.Client.GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String(name)})
		switch {
		case awscall.Is(err, "ParameterNotFound"):
		case err != nil:
			return nil, awscall.Call{Action: "ssm:GetParameter", Resource: name}.Failure(err)
		default:
			found[name] = *out.Parameter
		}
	}
	return found, nil
}
