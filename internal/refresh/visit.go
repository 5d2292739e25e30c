package refresh

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"
)

// A visit is what a run does for one provider, and what it knows of it by now.
type visit struct {
	*run
	task
	due Decision // the last
	// tried is the version of what a login is made with (see triedWith), and after the same once
	// the login has replaced the refresh token.
	tried, after string
	ticket       ticketState
	rotation     *rotation // stores the next refresh token; nil: none came
	forewarned   bool      // that it may fail is noted
	again        bool      // begun anew, with another config than the hint's
}

// A ticketState is what a run knows of a refresh token. Versions and claims are given in
// digests: see digest.
type ticketState struct {
	version, claim string    // the token at hand, and the hold of this run on it; empty: none yet
	spent, unsure  string    // one that must never be sent again, and one that may have been spent
	until          time.Time // when the provider ceases to repeat a lost answer, as far as known
	ends           time.Time // when the refresh token expires; zero: not known
}

// times returns the contexts in which the provider is asked, and in which its answer is stored,
// also where ctx ends before. One with a refresh token has the time for two attempts, and to the
// end of the run to store the next one.
func (v *visit) times(ctx context.Context) (asking, storing context.Context, stop func()) {
	asked, cause := time.Now().Add(providerTime-writeTime), context.DeadlineExceeded
	stored := asked.Add(writeTime)
	if v.Rotates {
		asked = time.Now().Add(claimTime + v.leastTime())
		stored = asked.Add(keepTime)
	}
	if end, ok := ctx.Deadline(); ok {
		stored = earlier(stored, end)
		if end = end.Add(-reserve); end.Before(asked) {
			asked, cause = end, errRunEnds
		}
	}
	asking, stopAsking := context.WithDeadlineCause(ctx, asked, cause)
	storing, stopStoring := context.WithDeadline(context.WithoutCancel(ctx), stored)
	return asking, storing, func() { stopAsking(); stopStoring() }
}

// decide decides on the present state. A failure that waits for an edit is forgotten once the
// credential or the refresh token has another version, or the config was approved.
func (v *visit) decide(ctx context.Context) {
	v.due = v.Schedule.decide(v.Provider, v.state, v.now, v.job.Force)
	if v.due.Reason != CoolingDown {
		return
	}
	n := v.state.LiveNote(v.Config)
	if !n.Class.waitsForEdit() && n.Unsure == "" {
		return
	}
	// An approval may leave the config's fingerprint as it was.
	if n.Code != CodeNotApproved || !v.Approved {
		if v.looked == nil {
			v.looked = &v.credentialVersions(ctx, []string{v.Credential})[0]
		}
		c := v.looked
		if c.Err != nil && !errors.Is(c.Err, ErrNotFound) || v.triedWith(ctx, c.Version) == n.Credential {
			return
		}
	}
	st := v.state
	st.Note = Note{}
	v.due = v.Schedule.decide(v.Provider, st, v.now, v.job.Force)
}

// credentialVersions asks for the versions of credentials. A panic is an error of each.
func (r *run) credentialVersions(ctx context.Context, names []string) (versions []CredentialVersion) {
	defer func() {
		if v := recover(); v != nil {
			err := fmt.Errorf("a panic of type %T while looking at credentials: this is a bug in tokenkeeper", v)
			versions = slices.Repeat([]CredentialVersion{{Err: err}}, len(names))
		}
	}()
	return r.Source.CredentialVersions(ctx, names)
}

// digest returns eight hexadecimal digits for a version or a claim, which may have any character.
func digest[T ~string](id T) string {
	if id == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(id))
	return hex.EncodeToString(sum[:4])
}

// triedWith returns the version of all that a login is made with: its credential, and the refresh
// token where it takes one. A failure that waits for an edit ends when this changes.
func (v *visit) triedWith(ctx context.Context, credential string) string {
	if !v.Rotates || v.Vault == nil {
		return credential
	}
	id, _ := v.Vault.Version(ctx, v.Name) // after an error as where there is none: at worst one login too many
	v.at(id)
	return digest(credential + "\x00" + string(id))
}

// at notes which refresh token there is, and what was known of it before.
func (v *visit) at(id VersionID) {
	v.ticket.version = digest(id)
	v.ticket.spent, v.ticket.unsure = v.state.Note.Spent, v.state.Note.Unsure
}

// rest returns the last moment at which a refresh token that may have been spent can replace the
// present token in time, or the last tick at which the provider repeats its answer, if that is
// later; zero: there is none.
func (v *visit) rest() time.Time {
	expires := v.state.ExpiresAt()
	if !v.now.Before(expires) {
		return time.Time{}
	}
	return later(expires.Add(-v.Schedule.Margin()), v.ticket.until.Add(-v.Schedule.Tick-v.Schedule.jitter()))
}
