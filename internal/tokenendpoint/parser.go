package tokenendpoint

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"time"

	"example.com/tokenkeeper/internal/httprequest"
	"example.com/tokenkeeper/internal/problem"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/strictjson"
	"example.com/tokenkeeper/internal/wire"
)

// Options are the settings of a [Parser]. The zero value is right for production. Their clock is
// also the one that lifetimes are counted by.
type Options = wire.Options

// A Parser understands configs and credentials. It is safe for concurrent use.
type Parser struct {
	// Sleep waits between the attempts of one run, and reports whether ctx lasted that
	// long. New sets one that takes its time.
	Sleep func(ctx context.Context, d time.Duration) bool

	loopback bool
	client   *wire.Client
	now      func() time.Time
}

var _ refresh.Parser = (*Parser)(nil)

// New returns a Parser. The endpoints of all its providers share one HTTP client,
// which keeps no connection open between requests.
func New(o Options) *Parser {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Parser{Sleep: sleep, loopback: o.AllowLoopback, client: wire.New(o), now: o.Now}
}

// maxConfig is the size of the largest config in bytes. That of the largest credential is twice
// what Parameter Store keeps: answers are searched for all of it, in a time that this bounds.
const maxConfig, maxCredential = 64 << 10, 16 << 10

// unchanging are the fields of a config that change neither a request nor what is read
// from its answer, nor what is stored. They are not part of the fingerprint.
var unchanging = []string{"description", "timeout", "supersedes", "probe", "refresh_token_grace", "paused"}

// Provider understands a config. The error is [refresh.Problems], all of them at once;
// only a text that is not JSON has a single one.
func (p *Parser) Provider(d refresh.Document) (refresh.Provider, error) {
	ps := &problem.List{Where: d.Where}
	cfg, ok := decode[config](ps, d, maxConfig)
	var plan Plan
	if ok {
		plan = compile(ps, cfg)
		p.checkLoopback(ps, plan)
	}
	if err := ps.Err(); err != nil {
		return refresh.Provider{}, err
	}
	canonical, err := strictjson.Canonical([]byte(d.Data.Reveal()), unchanging...)
	if err != nil {
		ps.Add("", "", "has no canonical form", "")
		return refresh.Provider{}, ps.Err()
	}
	e := &Endpoint{where: d.Where, plan: plan, client: p.client, now: p.now, sleep: p.Sleep}
	return refresh.Provider{
		Name:       d.Name,
		Where:      d.Where,
		Credential: valueOr(cfg.Credential, d.Name),
		Config:     refresh.NewFingerprint(canonical),
		Endpoint:   e,
		Rotates:    plan.Rotates,
		Timeout:    plan.timeout,
		Grace:      max(plan.grace-graceMargin, 0),
		Supersedes: plan.supersedes,

		RenewsItself: plan.renewsItself,
		Paused:       valueOr(cfg.Paused, false),
		Probe:        e.probe(),
		Encode:       plan.encode,
	}, nil
}

// checkLoopback refuses requests to this machine, where those are closed.
func (p *Parser) checkLoopback(ps *problem.List, plan Plan) {
	for _, r := range plan.Everywhere() {
		if r.Target.Site.Loopback() && !p.loopback {
			fault := wire.Closed()
			ps.Add(r.Path, httprequest.ShowURL(r.Target.Shown), fault.Detail, fault.Remedy)
		}
	}
}

// Lacking says which values a config asks for that c does not have, also of a config with
// which other things are wrong, so that both can be corrected at once. Of a good one
// [Endpoint.Check] says that and more.
func (p *Parser) Lacking(d refresh.Document, c refresh.Credential) refresh.Problems {
	found := &problem.List{Where: d.Where}
	cfg, ok := decode[config](found, d, maxConfig)
	if !ok {
		return nil
	}
	ps := problem.List{Where: d.Where}
	compile(found, cfg).checkValues(&ps, c)
	return ps.Found
}

// decode reads a document into a T, and notes in ps what is wrong with it as JSON; ok is
// false if there is nothing to be had from it.
func decode[T any](ps *problem.List, d refresh.Document, most int) (v T, ok bool) {
	if d.Err != nil {
		ps.Add("", "", d.Err.Error(), "")
		return v, false
	}
	if n := d.Data.Len(); n > most {
		ps.Add("", "", fmt.Sprintf("has %d bytes; at most %d are read", n, most), "")
		return v, false
	}
	v, err := strictjson.Decode[T]([]byte(d.Data.Reveal()))
	var faults strictjson.Faults
	if !errors.As(err, &faults) {
		return v, err == nil
	}
	ok = true
	for _, f := range faults {
		noteFault(ps, f)
		ok = ok && f.Path != "" && (f.Kind == strictjson.UnknownName || f.Kind == strictjson.WrongType)
	}
	return v, ok
}

// noteFault notes what is wrong with the document as JSON.
func noteFault(ps *problem.List, f strictjson.Fault) {
	detail, remedy := f.Detail, f.Remedy
	if f.Kind == strictjson.UnknownName {
		if better := misnomer(f.Path); better != "" {
			remedy = better
		}
	}
	if f.Kind != strictjson.WrongType {
		detail = fmt.Sprintf("%s (line %d, column %d)", detail, f.Line, f.Column)
	}
	path := quotedName.ReplaceAllStringFunc(f.Path, func(quoted string) string {
		name, _ := strconv.Unquote(quoted)
		return problem.Show(name)
	})
	ps.Add(path, "", detail, remedy)
}

// quotedName is a name that is no plain word, as [strictjson.Path] has it.
var quotedName = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)
