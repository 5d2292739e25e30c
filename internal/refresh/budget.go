package refresh

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// What happens outside the plan (a forced refresh, an edited config, a foreign version) could use up
// the versions that a store keeps. So before such a login every planned write of the next day must
// have room.

const (
	// spareVersions are those that a store keeps which are left for writes of people.
	spareVersions = 5
	// usualLifetime is that of a token not yet seen.
	usualLifetime = time.Hour
)

// planned reports whether the schedule keeps the distance between this write and the last.
func (v *visit) planned() bool {
	switch v.due.Reason {
	case ConfigChanged, Forced:
		current, ok := v.state.current()
		return ok && !v.now.Before(v.Schedule.For(v.Provider).DueAt(v.Name, current))
	case ForeignVersion:
		return false
	}
	return true
}

// budget says why there is no room for a write that is not planned, or returns nil.
func (v *visit) budget(ctx context.Context) *Error {
	kept := v.Store.Limits().Versions
	if kept == 0 {
		return nil
	}
	writes, err := v.Store.Writes(ctx, v.Name)
	if err != nil {
		return asError(err, CodeStoreFailed, "counting the versions of the last 24 hours")
	}
	lifetime := usualLifetime
	if current, ok := v.state.current(); ok {
		lifetime = current.span()
	}
	most := kept - spareVersions
	if v.Rotates {
		most /= 2 // a login makes two versions of the refresh token
	}
	if v.Schedule.For(v.Provider).room(v.Name, lifetime, writes, v.now, most) {
		return nil
	}
	return &Error{Class: Transient, Code: CodeWriteBudget,
		Detail: fmt.Sprintf("%d versions were written in the last 24 hours; the store takes %d, and the rest is kept for the planned refreshes of the next 24 hours", len(writes), kept),
		Remedy: "find what edits the config, or forces a refresh, again and again"}
}

// room reports whether, after a write now, every planned write of the next 24 hours finds fewer than
// most versions of the 24 hours before it, if tokens go on to live as long as the present one.
func (s Schedule) room(provider string, lifetime time.Duration, writes []time.Time, now time.Time, most int) bool {
	const day = 24 * time.Hour
	at := append(slices.Clone(writes), now)
	every := max(s.DueAt(provider, Version{IssuedAt: now, Lifetime: lifetime}).Sub(now), s.Tick)
	for next := now; next.Before(now.Add(day)); next = next.Add(every) {
		at = slices.DeleteFunc(at, func(w time.Time) bool { return !w.After(next.Add(-day)) })
		if len(at) > most {
			return false
		}
		at = append(at, next.Add(every))
	}
	return true
}
