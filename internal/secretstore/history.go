package secretstore

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"example.com/tokenkeeper/internal/refresh"
)

// A StoredVersion is one version of a secret, without its value.
type StoredVersion struct {
	// ID says what the version is, where it is ours.
	ID refresh.VersionID
	// StoredAt is when Secrets Manager took it.
	StoredAt time.Time
	// Labels are those that it has now, sorted; none: it can no longer be read by label.
	Labels []string
}

// History returns the versions of a provider's secret that Secrets Manager still has, the
// newest first.
func (s *Store) History(ctx context.Context, provider string) ([]StoredVersion, error) {
	if err := refresh.CheckName(provider); err != nil {
		return nil, err
	}
	var versions []StoredVersion
	pages := secretsmanager.NewListSecretVersionIdsPaginator(s.Client, &secretsmanager.ListSecretVersionIdsInput{
		SecretId:          aws.String(s.secret(provider)),
		IncludeDeprecated: aws.Bool(true),
		MaxResults:        aws.Int32(pageSize),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, failure("ListSecretVersionIds", s.secret(provider), err)
		}
		for _, v := range page.Versions {
			versions = append(versions, StoredVersion{
				ID:       refresh.VersionID(aws.ToString(v.VersionId)),
				StoredAt: aws.ToTime(v.CreatedDate),
				Labels:   slices.Sorted(slices.Values(v.VersionStages)),
			})
		}
	}
	slices.SortFunc(versions, func(a, b StoredVersion) int {
		return cmp.Or(b.StoredAt.Compare(a.StoredAt), cmp.Compare(b.ID, a.ID))
	})
	return versions, nil
}
