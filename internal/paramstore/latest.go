package paramstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

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

// Latest implements refresh.Source with one call of GetParameters for as many as fit into it, in
// which credentials in Parameter Store are read as well. AWS refuses the whole call where it
// refuses one parameter, such as a credential whose key is disabled; then each login is read
// alone, and where that is refused as well, its parameters one by one.
func (s Source) Latest(ctx context.Context, wanted []refresh.Wanted) []refresh.Reading {
	readings := make([]refresh.Reading, len(wanted))
	for n := 0; len(wanted) > n; {
		var names []string
		first := n
		for ; n < len(wanted); n++ {
			more := s.names(wanted[n])
			if n > first && len(names)+len(more) > mostNames {
				break
			}
			names = append(names, more...)
		}
		found, err := s.read(ctx, names, true)
		var wg sync.WaitGroup
		for i := first; i < n; i++ {
			wg.Go(func() {
				defer func() {
					if v := recover(); v != nil {
						readings[i] = refresh.Reading{Err: fmt.Errorf("a panic of type %T while reading: this is a bug in tokenkeeper", v)}
					}
				}()
				found, err := found, err
				if err != nil && n-first > 1 {
					found, err = s.read(ctx, s.names(wanted[i]), true)
				}
				readings[i] = s.reading(ctx, wanted[i], found, err)
			})
		}
		wg.Wait()
	}
	return readings
}

// mostNames is the most that GetParameters takes.
const mostNames = 10

// names returns those of all parameters that decide on a login: first those of the config and
// its approved copies, and then, where it is in Parameter Store, that of the credential.
func (s Source) names(w refresh.Wanted) []string {
	names := s.configNames(w)
	if secure, ok := s.secure(w.Credential); ok {
		names = append(names, secure.where(w.Credential))
	}
	return names
}

// secure returns the credentials of Parameter Store, if that is where the one of that name is.
func (s Source) secure(credential string) (*Credentials, bool) {
	c, ok := s.CredentialReader.(*Credentials)
	return c, ok && refresh.CheckName(credential) == nil
}

func (s Source) configNames(w refresh.Wanted) []string {
	names := []string{s.Path + "/" + w.Provider, s.Approved + "/" + w.Provider + "/" + w.Provider}
	if w.Credential != w.Provider && refresh.CheckName(w.Credential) == nil {
		names = append(names, s.Approved+"/"+w.Credential+"/"+w.Provider)
	}
	return names
}

// reading takes what was found for one login; err is why nothing was.
func (s Source) reading(ctx context.Context, w refresh.Wanted, found map[string]types.Parameter, err error) (r refresh.Reading) {
	secure, together := s.secure(w.Credential)
	if refused, ok := errors.AsType[*refresh.Error](err); ok && refused.Class == refresh.Misconfigured {
		together = false
		found, err = s.readEach(ctx, s.configNames(w))
	}
	if err != nil {
		return refresh.Reading{Err: err}
	}
	for i, name := range s.configNames(w) {
		param, there := found[name]
		switch {
		case there && i == 0:
			r.Configs = append(r.Configs, s.config(param))
		case there:
			r.Configs = append(r.Configs, s.copy(param))
		}
	}
	if !together {
		r.Credential, r.Err = s.Credential(ctx, w.Credential)
		return r
	}
	param, there := found[secure.where(w.Credential)]
	if !there {
		r.Err = fmt.Errorf("parameter %s: %w", secure.where(w.Credential), refresh.ErrNotFound)
		return r
	}
	r.Credential = secure.document(w.Credential, param)
	return r
}

// CredentialVersions implements refresh.Source, for those in Parameter Store with one call for ten.
func (s Source) CredentialVersions(ctx context.Context, names []string) []refresh.CredentialVersion {
	var parameters []string
	for _, name := range names {
		if secure, ok := s.secure(name); ok {
			parameters = append(parameters, secure.where(name))
		}
	}
	found, err := s.read(ctx, parameters, false)
	versions := make([]refresh.CredentialVersion, len(names))
	for i, name := range names {
		secure, together := s.secure(name)
		if err != nil || !together {
			versions[i].Version, versions[i].Err = s.CredentialVersion(ctx, name)
		} else if param, there := found[secure.where(name)]; there {
			versions[i].Version = version(param)
		} else {
			versions[i].Err = fmt.Errorf("credential %s: %w", name, refresh.ErrNotFound)
		}
	}
	return versions
}

// read returns those of the parameters that are there.
func (p *Providers) read(ctx context.Context, names []string, decrypt bool) (map[string]types.Parameter, error) {
	if len(names) == 0 {
		return nil, nil
	}
	names = slices.Compact(slices.Sorted(slices.Values(names)))
	out, err := p.Client.GetParameters(ctx, &ssm.GetParametersInput{Names: names, WithDecryption: aws.Bool(decrypt)})
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
