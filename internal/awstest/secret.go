package awstest

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"regexp"
	"slices"
	"strings"
	"time"
)

func (s *secret) clone() *secret {
	c := *s
	c.tags = slices.Clone(s.tags)
	c.versions = make([]*version, len(s.versions))
	for i, v := range s.versions {
		w := *v
		w.labels = slices.Clone(v.labels)
		c.versions[i] = &w
	}
	return &c
}

func (s *secret) version(id string) *version {
	for _, v := range s.versions {
		if v.id == id {
			return v
		}
	}
	return nil
}

func (s *secret) labelled(label string) *version {
	for _, v := range s.versions {
		if slices.Contains(v.labels, label) {
			return v
		}
	}
	return nil
}

// stages are the labelled versions with their labels: the others are deprecated
// and neither described nor listed.
func (s *secret) stages() map[string][]string {
	stages := map[string][]string{}
	for _, v := range s.versions {
		if len(v.labels) > 0 {
			stages[v.id] = v.labels
		}
	}
	return stages
}

func (v *version) holds(value []byte, binary bool) bool {
	return v.binary == binary && bytes.Equal(v.value, value)
}

// A secretRef names a secret in a request, by name or by ARN.
type secretRef struct {
	SecretId string
}

// The message that AWS gives for a bad name names these characters, the
// documentation of CreateSecret the same without "!".
var secretID = regexp.MustCompile(`^[A-Za-z0-9/_+=.@!:-]+$`)

func (r *secretRef) check() error {
	if n := len(r.SecretId); n < 1 || n > 2048 {
		return invalid("SecretId has %d characters, want 1 to 2048.", n)
	}
	if !secretID.MatchString(r.SecretId) {
		return invalid("SecretId has a character that neither a name nor an ARN may have.")
	}
	return nil
}

func (r *secretRef) needs(a *AWS) []Access {
	needed := Access{Resource: a.secretARN(r.SecretId), Keys: map[string][]string{"secretsmanager:SecretId": {r.SecretId}}}
	if s := a.lookup(r.SecretId, a.options.Now()); s != nil {
		needed.Keys["secretsmanager:SecretPrimaryRegion"] = []string{cmp.Or(s.primary, a.options.Region)}
		resourceTags(needed.Keys, []string{"aws:ResourceTag/", "secretsmanager:ResourceTag/"}, s.tags)
	}
	return []Access{needed}
}

// secretARN is the ARN that a request is about. For a name that nothing has, it
// ends with the name: a policy that wants the six characters after it does not
// allow asking for such a secret, nor creating it. AWS may be more generous.
func (a *AWS) secretARN(id string) string {
	if s := a.lookup(id, a.options.Now()); s != nil {
		return s.arn
	}
	if strings.HasPrefix(id, "arn:") {
		return id
	}
	return a.arn("secretsmanager", "secret:"+id)
}

var arnSuffix = regexp.MustCompile(`-[A-Za-z0-9]{6}$`)

// lookup finds a secret by name, ARN, or an ARN without its last seven
// characters. An ARN that ends in a hyphen and six characters counts as whole:
// so a secret whose own name ends in that way is not found by its partial ARN
// (recorded; user guide, "Finding a secret from a partial ARN").
func (a *AWS) lookup(id string, now time.Time) *secret {
	name := id
	if strings.HasPrefix(id, "arn:") {
		prefix := a.arn("secretsmanager", "secret:")
		var ours bool
		if name, ours = strings.CutPrefix(id, prefix); !ours {
			return nil
		}
		if arnSuffix.MatchString(name) {
			name = name[:len(name)-7]
		}
	}
	s := a.secrets[name]
	if s == nil || !s.gone.IsZero() && !now.Before(s.gone) {
		return nil
	}
	if strings.HasPrefix(id, "arn:") && arnSuffix.MatchString(id) && s.arn != id {
		return nil
	}
	return s
}

// find is lookup for a request.
func (a *AWS) find(r *request, id string) (*secret, error) {
	if s := a.lookup(id, r.now); s != nil {
		return s, nil
	}
	return nil, refuse("ResourceNotFoundException", "There is no such secret.")
}

// findUsable refuses a secret that is scheduled for deletion.
func (a *AWS) findUsable(r *request, id string) (*secret, error) {
	s, err := a.find(r, id)
	if err == nil && !s.deleted.IsZero() {
		return nil, refuse("InvalidRequestException", "The secret is scheduled for deletion; it can only be described or restored.")
	}
	return s, err
}

// findWritable refuses a replica, too, and what a service of AWS manages: "You can't update a
// replica secret in any way other than its encryption key" (user guide, "Replicate secrets").
func (a *AWS) findWritable(r *request, id string) (*secret, error) {
	s, err := a.findUsable(r, id)
	switch {
	case err != nil:
		return nil, err
	case s.primary != "" && s.primary != a.options.Region:
		return nil, refuse("InvalidRequestException", "Operation not permitted on a replica secret. Call must be made in primary secret's region.")
	case s.owner != "":
		return nil, refuse("InvalidRequestException", "The secret is managed by %s, which alone may change it.", s.owner)
	}
	return s, nil
}

// suffix makes the six characters that Secrets Manager appends to a name, "to
// ensure that a new secret with the name of a deleted one has another ARN".
func suffix() string {
	return rand.Text()[:6]
}

// changed dates a change and shows the secret as it is now to later listings.
func (a *AWS) changed(s *secret, now time.Time) {
	s.changed = now
	a.sight(s, now)
}
