package secretstore

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"example.com/tokenkeeper/internal/awscall"
	"example.com/tokenkeeper/internal/refresh"
)

// labelClaim is on the last claim. Without a label of its own a claim would be current.
const labelClaim = "tokenkeeper-claim"

// labelPrevious is AWS's own: it goes to the version that AWSCURRENT is taken from.
const labelPrevious = "AWSPREVIOUS"

const (
	// slotTime is how long a claim keeps others away, if it was made at the beginning of a
	// slot. A run has 20 seconds for one provider.
	slotTime = 2 * time.Minute
	// graceTime is how long at the beginning of a slot a claim of the one before it counts:
	// those 20 seconds, and ten by which clocks and descriptions may lag behind.
	graceTime = 30 * time.Second
)

const (
	// maxVersions is how many versions of the last 24 hours leave room for a claim and for
	// the token that comes of it: Secrets Manager takes 100.
	maxVersions = 98
	// eagerClaims is how many claims there may be on one token in eagerTime before the next
	// have to wait for claimPause. A provider that is down for a day would use all versions
	// up, and then a token that it gives when it is back could not be kept.
	eagerClaims = 6
	eagerTime   = 2 * time.Hour
	claimPause  = 20 * time.Minute
)

// Claims returns the limits within which a Vault lets a refresh token be claimed.
func Claims() refresh.Claims {
	return refresh.Claims{Apart: slotTime + graceTime, Eager: (eagerClaims - 1) * slotTime, Rest: claimPause}
}

// Claim implements refresh.Vault.
func (v *Vault) Claim(ctx context.Context, provider string) (refresh.Ticket, error) {
	// Before the look: what is seen must be from this slot, or later.
	now := v.secrets().now()
	m, err := v.look(ctx, provider)
	if err != nil {
		return refresh.Ticket{}, err
	}
	name := v.Prefix + provider
	current, err := v.finish(ctx, provider, m)
	if err != nil {
		return refresh.Ticket{}, err
	}
	rotated := current != m.labelled(labelCurrent) || current == successor(m.labelled(labelPrevious))
	slot := slotOf(now)
	early := now.Sub(now.Truncate(slotTime)) < graceTime
	if m.holds(claimID(current, slot), labelClaim) || early && m.holds(claimID(current, slot-1), labelClaim) {
		return refresh.Ticket{}, claimed(name, "is claimed by another run")
	}
	versions, err := v.secrets().History(ctx, provider) // the newest first
	if err != nil {
		return refresh.Ticket{}, err
	}
	if rotated && slices.ContainsFunc(versions, func(s StoredVersion) bool { return s.ID == current && now.Sub(s.StoredAt) < graceTime }) {
		// The run that has stored it may still be about to store what it was for.
		return refresh.Ticket{}, claimed(name, "was replaced by another run just now")
	}
	if err := v.room(name, versions, current, now); err != nil {
		return refresh.Ticket{}, err
	}
	_, err = v.Client.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{
		SecretId:           aws.String(name),
		ClientRequestToken: aws.String(string(claimID(current, slot))),
		VersionStages:      []string{labelClaim},
		SecretString:       aws.String(fmt.Sprintf(`{"claim":%q}`, rand.Text())),
	})
	switch {
	case awscall.Is(err, "ResourceExistsException"):
		return refresh.Ticket{}, claimed(name, "is claimed by another run")
	case err != nil:
		return refresh.Ticket{}, v.secrets().blocked(ctx, provider, failure("PutSecretValue", name, err))
	case slotOf(v.secrets().now()) != slot:
		// By now another run may have looked, seen no claim, and made one of the new slot.
		return refresh.Ticket{}, claimed(name, "was claimed too late in its slot of time")
	}
	token, err := v.read(ctx, provider, current)
	return refresh.Ticket{ID: current, Token: token}, err
}

// finish makes the successor of the current version current, where a run has stored one
// and died, and returns what is current then.
func (v *Vault) finish(ctx context.Context, provider string, m metadata) (refresh.VersionID, error) {
	current := m.labelled(labelCurrent)
	next := successor(current)
	if !m.holds(next, labelNext) {
		return current, nil
	}
	moved, err := v.secrets().move(ctx, provider, current, next)
	if err == nil && !moved {
		err = claimed(v.Prefix+provider, "is being replaced by another run")
	}
	return next, err
}

// room says why there may be no further claim for now.
func (v *Vault) room(name string, versions []StoredVersion, current refresh.VersionID, now time.Time) error {
	recent, claims, sinceCurrent := 0, 0, true
	for _, s := range versions {
		if now.Sub(s.StoredAt) < 24*time.Hour {
			recent++
		}
		if sinceCurrent = sinceCurrent && s.ID != current; sinceCurrent && now.Sub(s.StoredAt) < eagerTime {
			claims++
		}
	}
	full := &refresh.Error{Class: refresh.Transient, Code: refresh.CodeWriteBudget}
	switch {
	case recent > maxVersions:
		full.RetryAfter = claimPause
		full.Detail = fmt.Sprintf("secret %s has %d versions of the last 24 hours; Secrets Manager takes 100, and the new refresh token could not be kept", name, recent)
		full.Remedy = "find what logs in, or writes this secret, so often"
	case claims >= eagerClaims && now.Sub(versions[0].StoredAt) < claimPause:
		full.RetryAfter = claimPause - now.Sub(versions[0].StoredAt)
		full.Detail = fmt.Sprintf("the refresh token in %s was claimed %d times in %v and is the same still, so it is tried every %v only: each time takes one of the 100 versions that Secrets Manager keeps a day",
			name, claims, eagerTime, claimPause)
	default:
		return nil
	}
	return full
}

func claimed(secret, how string) error {
	return fmt.Errorf("the refresh token in %s %s: %w", secret, how, refresh.ErrClaimed)
}

// slotOf numbers the slot of time that t is in.
func slotOf(t time.Time) int64 { return t.Unix() / int64(slotTime/time.Second) }

// claimID is the id of the one claim on a version in a slot of time.
func claimID(current refresh.VersionID, slot int64) refresh.VersionID {
	return derivedID(fmt.Sprintf("claim %s %d", current, slot))
}

// successor is the id of the version that replaces one that was spent. There is one, so
// that what an interrupted run has left can be told from what is older than the present
// token; and of two runs that have both spent it, the token of the first is kept.
func successor(spent refresh.VersionID) refresh.VersionID {
	return derivedID("successor " + string(spent))
}

// derivedID returns a UUID of version 8 (RFC 9562 section 5.8).
func derivedID(of string) refresh.VersionID {
	sum := sha256.Sum256([]byte("tokenkeeper vault\x00" + of))
	u := sum[:16]
	u[6] = u[6]&0x0f | 0x80
	u[8] = u[8]&0x3f | 0x80
	h := hex.EncodeToString(u)
	return refresh.VersionID(h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:])
}
