package awstest

import (
	"fmt"
	"slices"
	"strings"
)

type listSecretVersionIDsInput struct {
	secretRef
	IncludeDeprecated bool
	MaxResults        *int
	NextToken         string
}

func (in *listSecretVersionIDsInput) check() error {
	if in.MaxResults != nil && (*in.MaxResults < 1 || *in.MaxResults > 100) {
		return invalid("MaxResults is %d, want 1 to 100.", *in.MaxResults)
	}
	return in.secretRef.check()
}

type listedVersion struct {
	VersionId        string
	VersionStages    []string `json:",omitempty"`
	KmsKeyIds        []string
	CreatedDate      timestamp
	LastAccessedDate timestamp `json:",omitzero"`
	order            string
}

type listSecretVersionIDsOutput struct {
	ARN, Name string
	Versions  []listedVersion
	NextToken string `json:",omitempty"`
}

func (a *AWS) listSecretVersionIDs(r *request, in *listSecretVersionIDsInput) (any, error) {
	s, err := a.find(r, in.SecretId)
	if err != nil {
		return nil, err
	}
	var all []listedVersion
	for i, v := range s.versions {
		if len(v.labels) == 0 && !in.IncludeDeprecated {
			continue
		}
		key := v.key
		if key == "" {
			key = "DefaultEncryptionKey"
		}
		all = append(all, listedVersion{
			VersionId:        v.id,
			VersionStages:    v.labels,
			KmsKeyIds:        []string{key},
			CreatedDate:      timestamp(v.created),
			LastAccessedDate: timestamp(v.accessed),
			order:            fmt.Sprintf("%020d %03d", v.created.UnixNano(), i),
		})
	}
	slices.SortFunc(all, func(x, y listedVersion) int { return strings.Compare(x.order, y.order) })
	some, next, ok := page(a.options, fmt.Sprint("ListSecretVersionIds ", s.arn, in.IncludeDeprecated), in.NextToken, all, func(v listedVersion) string { return v.order }, in.MaxResults, 100)
	if !ok {
		return nil, refuse("InvalidNextTokenException", "The NextToken is not one of this listing.")
	}
	return listSecretVersionIDsOutput{s.arn, s.name, append([]listedVersion{}, some...), next}, nil
}
