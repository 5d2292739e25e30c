package secretstore_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"example.com/tokenkeeper/internal/awscall"
	"example.com/tokenkeeper/internal/awstest"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
	"example.com/tokenkeeper/internal/secretstore"
)

const (
	stack  = "prod"
	prefix = "tokenkeeper/tokens/"
	// canary is what every record of these tests contains.
	canary = "c4n@ry-token"
)

// A world is a fake account and a store in it, whose client is configured as the
// function's is.
type world struct {
	*awstest.AWS
	*secretstore.Store
	client *secretsmanager.Client
}

// newWorld returns one for a synctest bubble: time is the bubble's, and costs nothing.
func newWorld(t *testing.T, a awstest.Options, edit ...func(*secretstore.Store)) *world {
	a.InMemory = true
	fake := awstest.New(t, a)
	cfg := fake.Config()
	timed := *cfg.HTTPClient.(*http.Client)
	timed.Timeout = 2 * time.Second
	cfg.HTTPClient = &timed
	awscall.Configure(&cfg, awscall.WritesPerSecond)
	client := secretsmanager.NewFromConfig(cfg)
	store := &secretstore.Store{Client: client, Prefix: prefix, Stack: stack}
	for _, f := range edit {
		f(store)
	}
	return &world{fake, store, client}
}

// begin is the time at which a bubble's clock starts.
func begin() time.Time { return time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) }

// at returns the id of a token of an hour, issued so many seconds after begin.
func at(seconds int) refresh.VersionID {
	return refresh.Version{IssuedAt: begin().Add(time.Duration(seconds) * time.Second), Lifetime: time.Hour, Config: 0xabcdef, Digest: uint32(seconds)}.ID()
}

func record(id refresh.VersionID) secret.Text {
	return secret.New(`{"access_token":"` + canary + string(id) + `"}`)
}

func change(from, to refresh.VersionID) refresh.Change {
	return refresh.Change{Provider: "meitner", From: from, To: to, Record: record(to)}
}

// handMade is the id of a version that a person or another tool wrote.
const handMade = refresh.VersionID("terraform-20261122120000000000000001")

// seed puts a secret of ours there with the version current, if any.
func (w *world) seed(current refresh.VersionID, edit ...func(*awstest.Secret)) {
	s := awstest.Secret{Name: prefix + "meitner", Tags: map[string]string{"tokenkeeper:owner": stack}}
	if current != "" {
		s.Versions = []awstest.Version{{ID: string(current), Value: record(current).Reveal(), Labels: []string{"AWSCURRENT"}}}
	}
	for _, f := range edit {
		f(&s)
	}
	w.SetSecret(s)
}

// current returns the version that consumers get.
func (w *world) current() refresh.VersionID {
	s, _ := w.Secret(prefix + "meitner")
	v, _ := s.Current()
	return refresh.VersionID(v.ID)
}

// move makes a version current as another run would, in between.
func (w *world) move(id refresh.VersionID) {
	s, _ := w.Secret(prefix + "meitner")
	kept := s.Versions[:0]
	for _, v := range s.Versions {
		labels := v.Labels[:0]
		for _, l := range v.Labels {
			if l != "AWSCURRENT" {
				labels = append(labels, l)
			}
		}
		v.Labels = labels
		if v.ID != string(id) {
			kept = append(kept, v)
		}
	}
	s.Versions = append(kept, awstest.Version{ID: string(id), Value: record(id).Reveal(), Labels: []string{"AWSCURRENT"}})
	w.SetSecret(s)
}
