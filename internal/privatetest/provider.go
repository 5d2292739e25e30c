// Package privatetest has a provider as a company keeps it: at a private address of this machine,
// under a name that its own name server knows, with a certificate of its own authority.
package privatetest

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/binary"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"
)

// Secret is the client secret in the credential of a [Provider].
const Secret = "c4n@ry"

// host is the name of the provider.
const host = "erp.corp.example"

// A Provider answers each login with another token.
type Provider struct {
	// Network is a CIDR that it is in, and Authority who has signed its certificate, in PEM.
	Network, Authority string
	// Config and Credential log in to it.
	Config, Credential string

	logins atomic.Int32
}

// Logins returns how many logins there were.
func (p *Provider) Logins() int { return int(p.logins.Load()) }

// New starts a provider, and has names looked up at its name server, until the test ends. Nothing
// else may look up names meanwhile.
func New(t *testing.T) *Provider {
	t.Helper()
	address := private(t)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "an authority of this test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		DNSNames: []string{host}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	p := &Provider{
		Network:   netip.PrefixFrom(address, address.BitLen()).String(),
		Authority: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"access_token": "of-a-private-provider-%d", "token_type": "Bearer", "expires_in": 3600}`, p.logins.Add(1))
	}))
	server.Listener.Close()
	if server.Listener, err = net.Listen("tcp", netip.AddrPortFrom(address, 0).String()); err != nil {
		t.Fatal(err)
	}
	server.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	server.Config.ErrorLog = nil
	server.StartTLS()
	t.Cleanup(server.Close)
	pin := fmt.Sprintf("%s:%d", host, server.Listener.Addr().(*net.TCPAddr).Port)
	p.Config = fmt.Sprintf(`{"token_endpoint": "https://%s/token"}`, pin)
	p.Credential = fmt.Sprintf(`{"client_id": "erp", "client_secret": %q, "allowed_hosts": [%q]}`, Secret, pin)

	system := net.DefaultResolver
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go answer(theirs, address)
		return ours, nil
	}}
	t.Cleanup(func() { net.DefaultResolver = system })
	return p
}

// private returns a private address of this machine.
func private(t *testing.T) netip.Addr {
	t.Helper()
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range addresses {
		if p, err := netip.ParsePrefix(a.String()); err == nil && p.Addr().IsPrivate() {
			return p.Addr()
		}
	}
	t.Fatalf("this machine has no private address: %v", addresses)
	return netip.Addr{}
}

// answer answers one question of DNS over TCP (RFC 1035, sections 4.1 and 4.2.2): every name has
// the one address.
func answer(conn net.Conn, address netip.Addr) {
	defer conn.Close()
	var length [2]byte
	if _, err := io.ReadFull(conn, length[:]); err != nil {
		return
	}
	query := make([]byte, binary.BigEndian.Uint16(length[:]))
	if _, err := io.ReadFull(conn, query); err != nil {
		return
	}
	const header = 12
	end := header
	for query[end] != 0 {
		end += int(query[end]) + 1
	}
	question := query[header : end+5]
	kind := binary.BigEndian.Uint16(query[end+1:])
	reply := append([]byte{query[0], query[1], 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0}, question...)
	const a, aaaa = 1, 28
	if kind == a && address.Is4() || kind == aaaa && address.Is6() {
		reply[7] = 1 // answers
		reply = append(reply, 0xc0, header)
		reply = binary.BigEndian.AppendUint16(reply, kind)
		reply = append(reply, 0, 1, 0, 0, 0, 60)
		reply = binary.BigEndian.AppendUint16(reply, uint16(address.BitLen()/8))
		reply = append(reply, address.AsSlice()...)
	}
	binary.BigEndian.PutUint16(length[:], uint16(len(reply)))
	_, _ = conn.Write(append(length[:], reply...)) // the resolver may have gone
}
