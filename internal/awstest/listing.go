package awstest

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// sight records the state of a secret for the listings to come, and forgets
// those that no listing can show any more.
func (a *AWS) sight(s *secret, now time.Time) {
	i := slices.IndexFunc(a.sightings, func(w *sighting) bool { return w.arn == s.arn })
	if i < 0 {
		order := 0
		if n := len(a.sightings); n > 0 {
			order = a.sightings[n-1].order + 1
		}
		a.sightings = append(a.sightings, &sighting{arn: s.arn, order: order})
		i = len(a.sightings) - 1
	}
	w := a.sightings[i]
	w.states = append(w.states, seen{now, s.clone()})
	for len(w.states) > 1 && !w.states[1].from.After(now.Add(-a.options.ListLag)) {
		w.states = w.states[1:]
	}
}

// at is the secret as it was at a moment; nil if it was not there.
func (w *sighting) at(t time.Time) *secret {
	for _, state := range slices.Backward(w.states) {
		if state.from.After(t) {
			continue
		}
		if s := state.secret; s.gone.IsZero() || t.Before(s.gone) {
			return s
		}
		return nil
	}
	return nil
}

type listSecretsInput struct {
	Filters                []filter
	IncludePlannedDeletion bool
	MaxResults             *int
	NextToken              string
	SortBy                 string
	SortOrder              string
}

type filter struct {
	Key    string
	Values []string
}

var filterValue = regexp.MustCompile(`^!?[a-zA-Z0-9 :_@/+=.\-!]*$`)

func (in *listSecretsInput) check() error {
	if in.MaxResults != nil && (*in.MaxResults < 1 || *in.MaxResults > 100) {
		return invalid("MaxResults is %d, want 1 to 100.", *in.MaxResults)
	}
	if len(in.Filters) > 10 {
		return invalid("%d filters, want at most 10.", len(in.Filters))
	}
	for _, f := range in.Filters {
		if !slices.Contains([]string{"name", "tag-key", "tag-value"}, f.Key) {
			return notModelled("ListSecrets: filter %q", f.Key)
		}
		if len(f.Values) < 1 || len(f.Values) > 10 {
			return invalid("Filter %s has %d values, want 1 to 10.", f.Key, len(f.Values))
		}
		for _, v := range f.Values {
			if len(v) > 512 || !filterValue.MatchString(v) {
				return invalid("Filter %s has a value that is too long or has a character that it may not have.", f.Key)
			}
		}
	}
	if in.SortBy != "" && in.SortBy != "created-date" {
		return notModelled("ListSecrets: SortBy %q", in.SortBy)
	}
	return nil
}

// needs: the action has no resource-level permissions.
func (in *listSecretsInput) needs(*AWS) []Access { return []Access{{Resource: "*"}} }

// shows applies the filters; all must match. Each is a case-sensitive
// prefix of any of its values; an exclamation mark turns a value around.
func (in *listSecretsInput) shows(s *secret) bool {
	if !s.deleted.IsZero() && !in.IncludePlannedDeletion {
		return false
	}
	for _, f := range in.Filters {
		texts := []string{s.name}
		if f.Key != "name" {
			texts = nil
			for _, t := range s.tags {
				texts = append(texts, map[string]string{"tag-key": t.Key, "tag-value": t.Value}[f.Key])
			}
		}
		if !slices.ContainsFunc(f.Values, func(v string) bool {
			prefix, negated := strings.CutPrefix(v, "!")
			return negated != slices.ContainsFunc(texts, func(text string) bool { return strings.HasPrefix(text, prefix) })
		}) {
			return false
		}
	}
	return true
}

type listSecretsOutput struct {
	SecretList []listedSecret
	NextToken  string `json:",omitempty"`
}

type listedSecret struct {
	ARN, Name              string
	Description            string              `json:",omitempty"`
	KmsKeyId               string              `json:",omitempty"`
	Tags                   []tag               `json:",omitempty"`
	SecretVersionsToStages map[string][]string `json:",omitempty"`
	CreatedDate            timestamp
	LastChangedDate        timestamp
	LastAccessedDate       timestamp `json:",omitzero"`
	DeletedDate            timestamp `json:",omitzero"`
	PrimaryRegion          string    `json:",omitempty"`
	RotationEnabled        bool
	OwningService          string `json:",omitempty"`
}

// listSecrets lists in order of creation. The documentation does not say which
// way around is usual; a client should not care.
func (a *AWS) listSecrets(r *request, in *listSecretsInput) (any, error) {
	type shown struct {
		order int
		*secret
	}
	var all []shown
	for _, w := range a.sightings {
		s := w.at(r.now.Add(-a.options.ListLag))
		if s == nil || !in.shows(s) {
			continue
		}
		order := w.order
		if in.SortOrder == "desc" {
			order = 1<<40 - order
		}
		all = append(all, shown{order, s})
	}
	slices.SortFunc(all, func(x, y shown) int { return cmp.Compare(x.order, y.order) })
	same := *in
	same.NextToken, same.MaxResults = "", nil
	some, next, ok := page(a.options, "ListSecrets "+string(encode(same)), in.NextToken, all, func(s shown) string { return fmt.Sprintf("%014d", s.order) }, in.MaxResults, 100)
	if !ok {
		return nil, refuse("InvalidNextTokenException", "The NextToken is not one of this listing.")
	}
	out := listSecretsOutput{[]listedSecret{}, next}
	for _, s := range some {
		out.SecretList = append(out.SecretList, listedSecret{
			ARN: s.arn, Name: s.name,
			Description:            s.description,
			KmsKeyId:               s.key,
			Tags:                   s.tags,
			SecretVersionsToStages: s.stages(),
			CreatedDate:            timestamp(s.created),
			LastChangedDate:        timestamp(s.changed),
			LastAccessedDate:       timestamp(s.accessed),
			DeletedDate:            timestamp(s.deleted), // "the date and time the deletion of the secret occurred"
			PrimaryRegion:          s.primary, RotationEnabled: s.rotates, OwningService: s.owner,
		})
	}
	return out, nil
}
