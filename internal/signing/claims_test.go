package signing_test

import (
	"regexp"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/tokenkeeper/internal/signing"
	"example.com/tokenkeeper/internal/strictjson"
)

// jti replaces any of ours in what is compared.
const jti = "another each time"

// known returns claims with jti in the place of one that we made.
func known(claims map[string]any) map[string]any {
	if id, _ := claims["jti"].(string); ours.MatchString(id) {
		claims["jti"] = jti
	}
	return claims
}

// ours are 128 bits, in digits that a server may parse as a GUID.
var ours = regexp.MustCompile(`^[0-9a-f]{32}$`)

func TestAssertion(t *testing.T) {
	at := noon.Add(999 * time.Millisecond)
	unix := noon.Unix()
	for _, row := range []struct {
		name string
		c    signing.Claims
		want map[string]any
	}{
		{"as client authentication has it", signing.Claims{Backdate: 10 * time.Second, Lifetime: time.Minute, Issuer: "id", Subject: "id", Audience: []string{"https://as"}},
			map[string]any{"iss": "id", "sub": "id", "aud": "https://as", "jti": jti, "exp": unix + 60, "iat": unix - 10, "nbf": unix - 10}},
		{"for several audiences", signing.Claims{Backdate: 10 * time.Second, Lifetime: time.Minute, Issuer: "id", Subject: "id", Audience: []string{"https://as", "https://as/token"}},
			map[string]any{"iss": "id", "sub": "id", "aud": []string{"https://as", "https://as/token"}, "jti": jti, "exp": unix + 60, "iat": unix - 10, "nbf": unix - 10}},
		{"without a subject, as Google has it", signing.Claims{Backdate: 10 * time.Second, Issuer: "me@project", Audience: []string{"https://as"}, Lifetime: 5 * time.Minute, Own: members(map[string]any{"scope": "a b"})},
			map[string]any{"iss": "me@project", "aud": "https://as", "jti": jti, "exp": unix + 300, "iat": unix - 10, "nbf": unix - 10, "scope": "a b"}},
		{"for clocks that are a minute off", signing.Claims{Lifetime: time.Minute, Issuer: "id", Audience: []string{"https://as"}, Backdate: time.Minute},
			map[string]any{"iss": "id", "aud": "https://as", "jti": jti, "exp": unix + 60, "iat": unix - 60, "nbf": unix - 60}},
		{"for a server that takes no iat that lies back", signing.Claims{Issuer: "id", Audience: []string{"https://as"}, Lifetime: time.Minute},
			map[string]any{"iss": "id", "aud": "https://as", "jti": jti, "exp": unix + 60, "iat": unix, "nbf": unix}},
		{"without the times that may be left out", signing.Claims{Backdate: 10 * time.Second, Lifetime: time.Minute, Issuer: "id", Audience: []string{"https://as"}, Own: members(map[string]any{"iat": nil, "nbf": nil, "null": nil})},
			map[string]any{"iss": "id", "aud": "https://as", "jti": jti, "exp": unix + 60, "null": nil}},
		{"with times of its own", signing.Claims{Backdate: 10 * time.Second, Lifetime: time.Minute, Issuer: "id", Audience: []string{"https://as"}, Own: members(map[string]any{"nbf": number("0")})},
			map[string]any{"iss": "id", "aud": "https://as", "jti": jti, "exp": unix + 60, "iat": unix - 10, "nbf": number("0")}},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, err := row.c.Members(at)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(object(members(row.want)), known(object(got))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestToken(t *testing.T) {
	unix := noon.Unix()
	for _, row := range []struct {
		name string
		c    signing.Claims
		want map[string]any
	}{
		{"of nothing but a lifetime", signing.Claims{Token: true, Backdate: 10 * time.Second, Lifetime: 20 * time.Minute},
			map[string]any{"jti": jti, "exp": unix + 1200, "iat": unix - 10, "nbf": unix - 10}},
		{"with an identifier of its own", signing.Claims{Token: true, Backdate: 10 * time.Second, Lifetime: 180 * 24 * time.Hour, Own: members(map[string]any{"jti": "own", "nbf": nil})},
			map[string]any{"jti": "own", "exp": unix + 15552000, "iat": unix - 10}},
		{"without an identifier", signing.Claims{Token: true, Backdate: 10 * time.Second, Lifetime: time.Second, Own: members(map[string]any{"jti": nil})},
			map[string]any{"exp": unix + 1, "iat": unix - 10, "nbf": unix - 10}},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, err := row.c.Members(noon)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(object(members(row.want)), known(object(got))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestWhatIsNoAssertion(t *testing.T) {
	good := signing.Claims{Issuer: "id", Audience: []string{"https://as"}}
	but := func(change func(*signing.Claims)) signing.Claims {
		c := good
		change(&c)
		return c
	}
	own := func(name string) signing.Claims {
		return but(func(c *signing.Claims) { c.Own = members(map[string]any{name: "x"}) })
	}
	for _, row := range []struct {
		name string
		c    signing.Claims
		want string
	}{
		{"no issuer", but(func(c *signing.Claims) { c.Issuer = "" }), "the assertion has no issuer; state who signs it: for client authentication, the client_id"},
		{"an empty audience", but(func(c *signing.Claims) { c.Audience = []string{"a", ""} }), "the audience is empty; state the audience"},
		{"an own iss", own("iss"), `the claim "iss" is not one that may be stated freely; leave it out here: it has a way of its own, or is made anew in each`},
		{"an own sub", own("sub"), `the claim "sub" is not one that may be stated freely; leave it out here: it has a way of its own, or is made anew in each`},
		{"an own aud", own("aud"), `the claim "aud" is not one that may be stated freely; leave it out here: it has a way of its own, or is made anew in each`},
		{"an own exp", own("exp"), `the claim "exp" is not one that may be stated freely; leave it out here: it has a way of its own, or is made anew in each`},
		{"an own jti", own("jti"), `the claim "jti" is not one that may be stated freely; leave it out here: it has a way of its own, or is made anew in each`},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := row.c.Members(noon)
			checkFault(t, err, row.want)
		})
	}
	t.Run("a token with its own exp", func(t *testing.T) {
		c := signing.Claims{Token: true, Lifetime: time.Hour, Own: members(map[string]any{"exp": nil})}
		_, err := c.Members(noon)
		checkFault(t, err, `the claim "exp" is not one that may be stated freely; leave it out here: it has a way of its own, or is made anew in each`)
	})
}

// A server remembers each jti, and refuses it the second time.
func TestJTIIsNewInEach(t *testing.T) {
	c := signing.Claims{Issuer: "id", Audience: []string{"https://as"}}
	seen := map[string]bool{}
	for range 10_000 {
		claims, err := c.Members(noon)
		if err != nil {
			t.Fatal(err)
		}
		id := object(claims)["jti"].(string)
		if seen[id] || !ours.MatchString(id) {
			t.Fatalf("jti %q is not new, or not 128 bits", id)
		}
		seen[id] = true
	}
}

// Claims are used for each attempt anew: what one made must not be seen in the next.
func TestClaimsAreNotChangedByUse(t *testing.T) {
	c := signing.Claims{Issuer: "id", Audience: []string{"a", "b"}, Own: members(map[string]any{"nbf": nil})}
	claims, err := c.Members(noon)
	if err != nil {
		t.Fatal(err)
	}
	for i := range claims {
		claims[i].Value = strictjson.Text("changed")
	}
	want := signing.Claims{Issuer: "id", Audience: []string{"a", "b"}, Own: members(map[string]any{"nbf": nil})}
	if diff := cmp.Diff(want, c); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
