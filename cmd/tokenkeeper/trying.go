package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/explain"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
)

// tryTime is how long a login may take in all, as in a run.
const tryTime = 20 * time.Second

// trying is how a login is tried.
type trying struct {
	credential, refreshToken string // files
	yes, allowLoopback       bool
}

var (
	errSpends     = errors.New("it is logged in to with a refresh token, which trying would spend: the runs would be left without one")
	errSupersedes = errors.New("a new token ends the one before: applications would be refused until a run has stored another")
	errNoRotation = errors.New("it is not logged in to with a refresh token")
)

// prepare returns what to log in with, unless that would do harm or cannot go well.
func (t trying) prepare(ctx context.Context, s subject) (refresh.Credential, error) {
	refuse := func(err error, remedy, command string) (refresh.Credential, error) {
		return refresh.Credential{}, instead(fmt.Errorf("%s: %w", s.Name, err), remedy, command)
	}
	switch {
	case s.Rotates && t.refreshToken == "":
		return refuse(errSpends, "obtain another one from the provider, and name the file with it: --refresh-token FILE. It is spent, and what comes in its place is lost", "")
	case !s.Rotates && t.refreshToken != "":
		return refuse(errNoRotation, "leave --refresh-token out", "")
	case s.Supersedes && !t.yes:
		return refuse(errSupersedes, "if that does no harm now, add --yes; and then have a run replace it:", replacing(s))
	}
	held, err := s.credential(ctx, t.credential)
	if err != nil {
		return held, err
	}
	if s.Rotates {
		token, err := readPrivateFile(t.refreshToken)
		if err != nil {
			return held, err
		}
		held = held.With("refresh_token", secret.New(strings.TrimSpace(token.Reveal())))
	}
	if ps := s.endpoint.Check(held); len(ps) > 0 {
		return held, ps
	}
	return held, nil
}

// replacing returns the command line that has a run replace the token of s, due or not.
func replacing(s subject) string {
	command := "tokenkeeper refresh " + s.Name
	if s.place != nil {
		command = s.place.Guide().Command("refresh", s.Name)
	}
	return command + " --force"
}

// try logs in.
func (t trying) try(ctx context.Context, s subject, held refresh.Credential) tryView {
	ctx, cancel := context.WithTimeout(ctx, tryTime)
	defer cancel()
	trial, err := explain.Try(ctx, s.endpoint, held)
	v := tryView{Provider: s.Name, Exchanges: trial.Exchanges, remedies: t.remedies(s)}
	if err == nil {
		v.grant(s, trial)
		err = t.keepable(ctx, s, held.With("next refresh_token", trial.Next.Token), trial.Grant)
		v.Probed = s.Probe != nil && err == nil
	}
	if err != nil {
		v.fail(err)
	}
	if s.Supersedes && v.mayEnd() {
		v.Replace = replacing(s)
	}
	return v
}

// remedies are what to do about a failure when the endpoint says no more than its class.
func (t trying) remedies(s subject) map[refresh.Class]string {
	credential := t.credential
	if credential == "" {
		credential = s.place.Guide().CredentialPlace(s.Credential)
	}
	return map[refresh.Class]string{
		refresh.Transient:     "wait a little, and try again; if it lasts, ask the provider",
		refresh.Misconfigured: fmt.Sprintf("correct %s or %s, and try again", s.Where, credential),
		refresh.NeedsPerson:   "have its access granted anew by a person, and try again",
	}
}

// keepable says why a run would not give the grant to applications: as it does, it looks
// for the credential in the record, and tries the token.
func (t trying) keepable(ctx context.Context, s subject, held refresh.Credential, g refresh.Grant) error {
	var limits refresh.Limits
	if s.place != nil {
		limits = s.place.Room().Limits
	}
	if _, e := s.Storable(held, g, s.schedule, limits, g.AskedAt); e != nil {
		return e
	}
	if s.Probe == nil {
		return nil
	}
	return s.Probe(ctx, held, g.AccessToken)
}
