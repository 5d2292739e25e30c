package awstest

import (
	"cmp"
	"crypto/rand"
	"fmt"
	"maps"
	"slices"
	"time"
)

// A Secret is the state of one secret, to be seeded or looked at.
type Secret struct {
	Name        string
	ARN         string // seeding: ignored
	Description string
	KMSKey      string // KmsKeyId; empty: the key that AWS manages
	Tags        map[string]string
	Versions    []Version // oldest first
	Created     time.Time // seeding: zero means now
	Changed     time.Time // seeding: zero means Created. ListSecrets shows it from then on
	Deleted     time.Time // when deletion was asked for; zero: it was not
	Primary     string    // region of the secret that this one replicates; empty: it is not a replica
	Rotates     bool      // its rotation has been turned on
	Owner       string    // the service that manages it, such as rds; empty: none
}

// A Version is one value of a secret.
type Version struct {
	ID      string // seeding: empty means a random one
	Value   string
	Binary  bool
	Labels  []string
	KMSKey  string    // seeding: empty means the secret's
	Created time.Time // seeding: zero means the secret's
}

// Labelled gives the version that has a label, such as AWSCURRENT.
func (s Secret) Labelled(label string) (Version, bool) {
	for _, v := range s.Versions {
		if slices.Contains(v.Labels, label) {
			return v, true
		}
	}
	return Version{}, false
}

// Current gives the version that is labelled AWSCURRENT.
func (s Secret) Current() (Version, bool) { return s.Labelled(current) }

// Secret gives the state of a secret, scheduled for deletion or not. The second
// result reports whether it exists.
func (a *AWS) Secret(name string) (Secret, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	s := a.lookup(name, a.options.Now())
	if s == nil {
		return Secret{}, false
	}
	return s.snapshot(), true
}

// Secrets gives the state of all secrets, in order of their names.
func (a *AWS) Secrets() []Secret {
	a.mu.Lock()
	defer a.mu.Unlock()
	var all []Secret
	for name := range a.secrets {
		if s := a.lookup(name, a.options.Now()); s != nil {
			all = append(all, s.snapshot())
		}
	}
	slices.SortFunc(all, func(x, y Secret) int { return cmp.Compare(x.Name, y.Name) })
	return all
}

func (s *secret) snapshot() Secret {
	out := Secret{
		Name: s.name, ARN: s.arn, Description: s.description, KMSKey: s.key,
		Tags: map[string]string{}, Created: s.created, Changed: s.changed, Deleted: s.deleted,
		Primary: s.primary, Rotates: s.rotates, Owner: s.owner,
	}
	for _, t := range s.tags {
		out.Tags[t.Key] = t.Value
	}
	for _, v := range s.versions {
		out.Versions = append(out.Versions, Version{
			ID: v.id, Value: string(v.value), Binary: v.binary,
			Labels: slices.Clone(v.labels), KMSKey: v.key, Created: v.created,
		})
	}
	return out
}

// SetSecret puts a secret there as it is given, in place of one with its name,
// whose ARN it keeps. It asks no policy, key, quota or fault, and needs no
// version. It panics where no sequence of calls could have led to such a state:
// a label on two versions, an id twice or of a wrong length. It returns the ARN.
func (a *AWS) SetSecret(given Secret) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.options.Now()
	s := &secret{
		name: given.Name, description: given.Description, key: given.KMSKey, tags: tagsOf(given.Tags),
		created: cmpTime(given.Created, now), primary: given.Primary, rotates: given.Rotates, owner: given.Owner,
	}
	s.changed = cmpTime(given.Changed, s.created)
	if s.deleted = given.Deleted; !s.deleted.IsZero() {
		s.gone = s.deleted.Add(30 * day)
	}
	if old := a.secrets[given.Name]; old != nil {
		s.arn = old.arn
	} else {
		s.arn = a.arn("secretsmanager", "secret:"+given.Name+"-"+suffix())
	}
	for _, g := range given.Versions {
		v := &version{
			id: cmp.Or(g.ID, rand.Text()+rand.Text()), value: []byte(g.Value), binary: g.Binary, labels: slices.Sorted(slices.Values(g.Labels)),
			key: cmp.Or(g.KMSKey, s.key), created: cmpTime(g.Created, s.created),
		}
		for _, label := range v.labels {
			if s.labelled(label) != nil {
				panic(fmt.Sprintf("awstest: seeding secret %q: label %s is on two versions", given.Name, label))
			}
		}
		if s.version(v.id) != nil || checkVersionID("ID", v.id) != nil {
			panic(fmt.Sprintf("awstest: seeding secret %q: version id %q is there twice or has a wrong length", given.Name, v.id))
		}
		s.versions = append(s.versions, v)
	}
	a.secrets[s.name] = s
	a.sight(s, s.changed)
	return s.arn
}

// RemoveSecret makes a secret vanish at once, as a forced deletion does.
func (a *AWS) RemoveSecret(name string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if s := a.secrets[name]; s != nil {
		a.remove(s, a.options.Now())
	}
}

// A Parameter is the state of one parameter, to be seeded or looked at.
type Parameter struct {
	Name    string
	Value   string // of the current version, never encrypted
	Type    string // seeding: empty means String
	Tier    string // seeding: empty means Standard
	KMSKey  string // KeyId; empty: the key that AWS manages
	Tags    map[string]string
	Version int64     // seeding: ignored
	Changed time.Time // seeding: zero means now
}

// Parameter gives the state of a parameter. The second result reports whether it
// exists.
func (a *AWS) Parameter(name string) (Parameter, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	p := a.parameters[name]
	if p == nil {
		return Parameter{}, false
	}
	v := p.current()
	out := Parameter{Name: p.name, Value: v.value, Type: p.kind, Tier: p.tier, KMSKey: p.key, Tags: map[string]string{}, Version: v.number, Changed: v.changed}
	for _, t := range p.tags {
		out.Tags[t.Key] = t.Value
	}
	return out, true
}

// SetParameter puts a parameter there as it is given; where there is one with
// its name, it gets a new version. It asks no policy, key, quota or fault, and
// applies no rule to the value. It returns the version.
func (a *AWS) SetParameter(given Parameter) int64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	p := a.parameters[given.Name]
	if p == nil {
		p = &parameter{name: given.Name}
		a.parameters[given.Name] = p
	}
	p.kind, p.tier = cmp.Or(given.Type, kindString), cmp.Or(given.Tier, tierStandard)
	p.key, p.tags = given.KMSKey, tagsOf(given.Tags)
	return p.add(given.Value, cmpTime(given.Changed, a.options.Now()))
}

// RemoveParameter makes a parameter vanish.
func (a *AWS) RemoveParameter(name string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.parameters, name)
}

func tagsOf(given map[string]string) []tag {
	var tags []tag
	for _, key := range slices.Sorted(maps.Keys(given)) {
		tags = append(tags, tag{key, given[key]})
	}
	return tags
}

func cmpTime(t, otherwise time.Time) time.Time {
	if t.IsZero() {
		return otherwise
	}
	return t
}
