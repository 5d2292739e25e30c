package refresh_test

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
)

// The id is a contract with every secret that is stored already: it may get another
// format, never another meaning.
func TestVersionIDGolden(t *testing.T) {
	for _, row := range []struct {
		name string
		v    refresh.Version
		id   refresh.VersionID
	}{
		{"an hour from noon",
			refresh.Version{IssuedAt: noon, Lifetime: time.Hour, Config: 0xabcdef, Digest: 0x01234567},
			"16b02d94-0000-8038-90ab-cdef01234567"},
	} {
		if got := row.v.ID(); got != row.id {
			t.Errorf("%s: ID() = %s, want %s", row.name, got, row.id)
		}
	}
}

func TestVersionIDComesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := genVersion(t)
		id := v.ID()
		got, ok := id.Parse()
		if !ok || got != v {
			t.Fatalf("%s.Parse() = %+v, %v; want %+v", id, got, ok, v)
		}
		if len(id) != 36 || id[14] != '8' || !strings.ContainsRune("89ab", rune(id[19])) {
			t.Fatalf("%s is not a UUID of version 8", id)
		}
	})
}

func TestVersionIDOrdersByIssueTime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := genVersion(t), genVersion(t)
		if a.IssuedAt.Before(b.IssuedAt) && a.ID() >= b.ID() {
			t.Fatalf("issued %v has id %s, issued %v has id %s", a.IssuedAt, a.ID(), b.IssuedAt, b.ID())
		}
	})
}

func TestVersionIDClampsTheLifetime(t *testing.T) {
	for _, row := range []struct{ in, want time.Duration }{
		{-time.Second, 0},
		{1500 * time.Millisecond, time.Second},
		{refresh.MaxLifetime, refresh.MaxLifetime},
		{refresh.MaxLifetime + time.Second, refresh.MaxLifetime},
	} {
		v, ok := refresh.Version{IssuedAt: noon, Lifetime: row.in}.ID().Parse()
		if !ok || v.Lifetime != row.want {
			t.Errorf("lifetime %v comes back as %v, %v; want %v", row.in, v.Lifetime, ok, row.want)
		}
	}
}

func TestVersionIDOfOthers(t *testing.T) {
	ours := refresh.Version{IssuedAt: noon, Lifetime: time.Hour}.ID()
	for name, id := range map[string]refresh.VersionID{
		"none":                   "",
		"Terraform's":            "terraform-20261122120000000000000001",
		"a random UUID":          "0b6e4d5f-3a53-4f0e-9f0c-6a2f3b6d3c11",
		"ours in capitals":       refresh.VersionID(strings.ToUpper(string(ours))),
		"ours without hyphens":   refresh.VersionID(strings.ReplaceAll(string(ours), "-", "")),
		"ours with other breaks": ours[:8] + "x" + ours[9:],
		"another UUID version":   ours[:14] + "4" + ours[15:],
		"another UUID variant":   ours[:19] + "c" + ours[20:],
		"another format of ours": "2" + ours[1:],
	} {
		if v, ok := id.Parse(); ok {
			t.Errorf("%s: %q is taken for ours: %+v", name, id, v)
		}
	}
}

func TestDigestTellsProvidersApart(t *testing.T) {
	token := secret.New("the same token")
	if refresh.Digest("a", token) == refresh.Digest("b", token) {
		t.Error("two providers with the same token have the same digest: metadata would say so")
	}
}

func FuzzVersionID(f *testing.F) {
	f.Add("")
	f.Add(string(refresh.Version{IssuedAt: noon, Lifetime: time.Hour, Config: 1, Digest: 2}.ID()))
	f.Add("0b6e4d5f-3a53-4f0e-9f0c-6a2f3b6d3c11")
	f.Fuzz(func(t *testing.T, s string) {
		v, ok := refresh.VersionID(s).Parse()
		if ok && string(v.ID()) != s {
			t.Errorf("%q is taken for ours, but would have been written %q", s, v.ID())
		}
	})
}

// noon is the time at which most tests take place.
var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func genVersion(t *rapid.T) refresh.Version {
	return refresh.Version{
		IssuedAt: time.Unix(int64(rapid.Uint32().Draw(t, "issued")), 0).UTC(),
		Lifetime: time.Duration(rapid.Uint32Range(0, 1<<30-1).Draw(t, "lifetime")) * time.Second,
		Config:   refresh.Fingerprint(rapid.Uint32Range(0, 1<<24-1).Draw(t, "config")),
		Digest:   rapid.Uint32().Draw(t, "digest"),
	}
}
