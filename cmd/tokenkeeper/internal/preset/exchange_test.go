package preset_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"io"
	"maps"
	"math/big"
	"mime"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/preset"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
	"example.com/tokenkeeper/internal/tokenendpoint"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// Every preset sends what the documentation says, and understands what it is answered
// with. testdata has both for each: the request as it must go out, an answer, from the
// documentation where that has one, and what is to be understood by it.
func TestEveryExchange(t *testing.T) {
	for _, p := range list(t) {
		t.Run(p.Name, func(t *testing.T) {
			archive, err := txtar.ParseFile(filepath.Join("testdata", p.Name+".txtar"))
			if err != nil {
				t.Fatal(err)
			}
			want := map[string]string{}
			for _, f := range archive.Files {
				want[f.Name] = string(f.Data)
			}
			request, grant, err := exchange(t, p, answersOf(archive)...)
			if err != nil {
				t.Fatalf("logging in: %v\nsent:\n%s", err, request)
			}
			if diff := cmp.Diff(want["request"], request); diff != "" {
				t.Errorf("request (-documented +sent):\n%s", diff)
			}
			if diff := cmp.Diff(want["grant"], shownGrant(t, p, grant)); diff != "" {
				t.Errorf("answer (-want +understood):\n%s", diff)
			}
		})
	}
}

// exchange logs in with a preset, filled in, at a server that has the provider's name
// and gives those answers, one after the other. It returns the requests and the grant in
// words.
func exchange(t *testing.T, p preset.Preset, answers ...string) (requests, grant string, err error) {
	t.Helper()
	p, config := filled(t, p)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests += describe(t, r)
		answer := answers[0]
		answers = answers[1:]
		w.Header().Set("Content-Type", "application/json")
		if !strings.HasPrefix(answer, "{") {
			w.Header().Set("Content-Type", "text/plain")
		}
		w.Header().Set("Date", noon.Format(http.TimeFormat))
		io.WriteString(w, answer)
	}))
	certificate, roots := authority(t, p.AllowedHosts)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}, ClientAuth: tls.RequestClientCert}
	server.StartTLS()
	defer server.Close()

	parser := tokenendpoint.New(tokenendpoint.Options{
		Now:     func() time.Time { return noon },
		RootCAs: roots,
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, server.Listener.Addr().String())
		},
	})
	provider, err := parser.Provider(document(p.Name, config))
	if err != nil {
		t.Fatal(err)
	}
	c := login(t, p)
	if provider.Rotates {
		c.Values["refresh_token"] = secret.New("its refresh token")
	}
	var next refresh.Successor
	g, err := provider.Endpoint.Grant(t.Context(), refresh.Login{Credential: c, Rotate: func(s refresh.Successor) { next = s }})
	if err != nil {
		return requests, "", err
	}
	if record, e := provider.Storable(c, g, refresh.Schedule{Tick: time.Minute}, refresh.Limits{}, noon); e != nil {
		return requests, "", e
	} else if record.IsZero() {
		t.Error("the record is empty")
	}
	return requests, understood(g, next), nil
}

// authority returns a certificate for the hosts, and the authority that issued it, which
// is itself.
func authority(t *testing.T, hosts []string) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		DNSNames:              hosts,
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(time.Hour),
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, roots
}

// usual are headers that say nothing of who logs in, or are put into words of their own.
var usual = []string{"Accept", "Accept-Encoding", "Authorization", "Connection", "Content-Length", "Content-Type", "User-Agent"}

// describe puts into words what of a request a provider looks at.
func describe(t *testing.T, r *http.Request) string {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "%s https://%s%s\n", r.Method, r.Host, r.RequestURI)
	if encoded, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Basic "); ok {
		plain, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil {
			t.Errorf("Authorization: %v", err)
		}
		fmt.Fprintf(&b, "Authorization: Basic base64(%s)\n", plain)
	}
	if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		fmt.Fprintf(&b, "Authorization: Bearer %s\n", unsigned(t, token))
	}
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		if !slices.Contains(usual, name) {
			fmt.Fprintf(&b, "%s: %s\n", name, strings.Join(r.Header[name], ", "))
		}
	}
	for _, c := range r.TLS.PeerCertificates {
		fmt.Fprintf(&b, "by %s\n", c.Subject.CommonName)
	}
	if r.ContentLength == 0 {
		return b.String() + "\n"
	}
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		t.Errorf("Content-Type: %v", err)
	}
	fmt.Fprintf(&b, "Content-Type: %s\n\n", kind)
	if kind == "multipart/form-data" {
		parts(t, &b, multipart.NewReader(r.Body, params["boundary"]))
		return b.String()
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Errorf("body: %v", err)
	}
	if kind == "application/x-www-form-urlencoded" {
		body = []byte(unsigned(t, strings.ReplaceAll(string(body), "&", "\n&")))
	}
	fmt.Fprintf(&b, "%s\n", body)
	return b.String()
}

func parts(t *testing.T, b *strings.Builder, r *multipart.Reader) {
	t.Helper()
	for {
		part, err := r.NextPart()
		if err == io.EOF {
			return
		}
		if err != nil {
			t.Errorf("body: %v", err)
			return
		}
		text, err := io.ReadAll(part)
		if err != nil {
			t.Errorf("part %s: %v", part.FormName(), err)
		}
		fmt.Fprintf(b, "%s: %s\n", part.FormName(), text)
	}
}

// answersOf returns what the provider answers: of a login with a step, the step's first.
func answersOf(a *txtar.Archive) []string {
	var list []string
	for _, f := range a.Files {
		if f.Name == "step answer" || f.Name == "answer" {
			list = append(list, string(f.Data))
		}
	}
	return list
}

// shownGrant is a grant in words, with what is in its token where that is signed here.
func shownGrant(t *testing.T, p preset.Preset, grant string) string {
	t.Helper()
	if p.Signs == nil {
		return grant
	}
	return unsigned(t, grant)
}

// understood puts a grant into words.
func understood(g refresh.Grant, next refresh.Successor) string {
	var b strings.Builder
	fmt.Fprintf(&b, "token %s\ntype %s\nlives %v\n", g.AccessToken.Reveal(), g.TokenType, g.Lifetime)
	if g.Scope != "" {
		fmt.Fprintf(&b, "scope %s\n", g.Scope)
	}
	if !next.Token.IsZero() {
		fmt.Fprintf(&b, "next refresh token %s\n", next.Token.Reveal())
	}
	for _, name := range slices.Sorted(maps.Keys(g.Extra)) {
		fmt.Fprintf(&b, "%s %v\n", name, g.Extra[name])
	}
	for _, w := range g.Warnings {
		fmt.Fprintf(&b, "warning: %s\n", w)
	}
	return b.String()
}
