package status

import (
	"fmt"
	"strings"
	"time"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/place"
	"example.com/tokenkeeper/cmd/tokenkeeper/internal/terminal"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secretstore"
)

// judge judges one subject.
func judge(sub Subject, keeper *Keeper, s refresh.Schedule, guide place.Guide, now time.Time) Line {
	j := &judgement{Subject: sub, keeper: keeper, schedule: s, guide: guide, now: now}
	j.version, j.ours = sub.State.Current.Parse()
	j.version.Renewable = sub.State.Note.RefreshTokenEnds
	j.line = Line{Provider: sub.Name, RefreshTokenExpiresAt: sub.State.Note.RefreshTokenEnds}
	if j.ours {
		j.line.ExpiresAt = j.version.ExpiresAt()
		j.line.Lifetime = int64(j.version.Lifetime / time.Second)
	}
	j.judge()
	j.none()
	j.over()
	j.edited()
	j.line.Served = sub.State.Current != "" && !sub.State.Deleting && (!j.ours || now.Before(j.line.ExpiresAt))
	return j.line
}

func (j *judgement) judge() {
	switch {
	case j.Provider == nil && len(j.Problems) == 0:
		j.say(Orphan, "There is a token but no config of that name; it is left alone.",
			step{"Put the config back; or, once no application reads it:", j.guide.RemoveCommand(j.Name)})
	case j.Provider == nil:
		j.badConfig()
	default:
		j.schedule = j.schedule.For(*j.Provider)
		d := j.schedule.Decide(*j.Provider, j.State, j.now)
		j.line.Next = d.Next
		j.decided(d)
		j.bound(d)
	}
}

// bound says that the refresh token is for another credential than the config names.
func (j *judgement) bound(d refresh.Decision) {
	if j.Bound == "" || d.Reason == refresh.Paused || d.Reason == refresh.Deleting || d.Reason == refresh.NotOurs {
		return
	}
	j.fail(Failing, refresh.Misconfigured, refresh.CodeNotForCredential)
	j.line.Wrong = fmt.Sprintf("Its refresh token was put in for the credential %s, and its config names %s: it is not sent.", j.Bound, j.Provider.Credential)
}

// decided judges by what the next run would decide.
func (j *judgement) decided(d refresh.Decision) {
	note := j.State.LiveNote(j.Provider.Config)
	switch {
	case d.Reason == refresh.Deleting, d.Reason == refresh.NotOurs:
		j.fail(Failing, refresh.Misconfigured, string(d.Reason))
	case j.State.Blocked != nil && d.Reason == refresh.Reason(j.State.Blocked.Code):
		j.fail(Failing, refresh.Misconfigured, j.State.Blocked.Code)
		j.next(parted(j.State.Blocked.Remedy))
	case d.Reason == refresh.Paused && j.Provider.Paused:
		j.line.Next = time.Time{}
		j.say(Paused, "Its config pauses it: its token is not replaced.", step{fmt.Sprintf("When that is done, remove \"paused\" from %s.", j.Provider.Where), ""})
	case d.Reason == refresh.Paused:
		j.line.Next = time.Time{}
		j.say(Paused, "It is paused: its token is not replaced.", step{"When that is done:", j.guide.Command("resume", j.Name)})
	case note.Class.Failing():
		j.failed(d, note)
	case !j.State.Exists && j.guide.Create != "":
		j.fail(NoToken, refresh.Misconfigured, secretstore.CodeMissing)
	case j.State.Current == "":
		j.say(NoToken, "No run has asked for one yet.", j.first())
		j.line.Failing = true
	case j.overdue(d, note) > 0:
		j.say(Due, fmt.Sprintf("It has been due for %s, and no run has %s.", terminal.Span(j.overdue(d, note)), j.came()), j.running())
		j.line.Failing, j.line.Overdue, j.line.Next = true, true, time.Time{}
	case note.Class == refresh.Unchanged:
		j.say(Repeats, "The provider answers the same token until it ends, so it cannot be replaced before.", step{})
	case j.ours && j.schedule.ShortLived(j.version.Lifetime):
		j.say(ShortLived, fmt.Sprintf("Its token lives %s: too short to be kept without a gap at a tick of %s.",
			terminal.Span(j.version.Lifetime), terminal.Span(j.schedule.Tick)), step{})
	case d.Reason == refresh.ForeignVersion && !j.ours:
		j.say(Due, "Another program has written its secret; the next run replaces that.", step{"If it happens again, find what writes it; to leave what is there:", j.guide.Command("pause", j.Name)})
		j.line.Failing = true
	case d.Due:
		j.line.State = Due
	default:
		j.line.State = OK
	}
}

// overdue returns for how long a run should have asked for a token, if that is so long that
// the schedule seems to have stopped; else zero. When a config was edited is not known, but
// its token is due by then at the latest.
func (j *judgement) overdue(d refresh.Decision, n refresh.Note) time.Duration {
	if !d.Due {
		return 0
	}
	since := n.Next
	if j.ours && (since.IsZero() || d.Reason == refresh.NearExpiry) {
		if due := j.schedule.DueAt(j.Name, j.version); due.After(since) {
			since = due
		}
	}
	late := j.now.Sub(since)
	if since.IsZero() || late < overdueTicks*j.schedule.Tick {
		return 0
	}
	return late
}

// failed judges a provider whose last attempt failed.
func (j *judgement) failed(d refresh.Decision, n refresh.Note) {
	word := Failing
	if d.Reason == refresh.CoolingDown && n.Class != refresh.Transient {
		word = Cooling
	}
	j.fail(word, n.Class, n.Code)
	j.line.Since, j.line.Tries, j.line.Next = n.Since, n.Tries, n.Next
	if d.Reason != refresh.CoolingDown {
		j.line.Next = d.Next // the token may be good for longer than the note
	}
	j.line.Wrong = strings.TrimSuffix(j.line.Wrong, ".") + " " + j.tried(n) + "."
	if n.Code == refresh.CodeNotApproved && j.Provider.Approved {
		j.line.State, j.line.Next = Failing, j.now
		j.next(step{"Its config was approved since; the next run tries it.", ""})
	} else if j.replaced(n) {
		j.line.State, j.line.Next = Failing, j.now
		j.next(step{"Its credential was edited since; the next run tries it.", ""})
	}
	if late := j.overdue(d, n); late > 0 {
		j.line.Wrong += fmt.Sprintf(" Its next attempt is overdue by %s: no run has %s.", terminal.Span(late), j.came())
		j.line.Overdue, j.line.Next = true, time.Time{}
		if n.Class != refresh.Transient { // else to ask again is all
			j.line.Then, j.line.ThenCommand = j.line.Remedy, j.line.Command
		}
		j.next(j.running())
	}
}

// replaced reports whether the credential is another one than the one that failed. A note that
// has none is of one that was missing, or that could not be read.
func (j *judgement) replaced(n refresh.Note) bool {
	if n.Class == refresh.Transient || j.Credential == "" || j.Credential == n.Credential {
		return false
	}
	return n.Credential != "" || n.Code == refresh.CodeNoCredential
}

func (j *judgement) badConfig() {
	j.fail(Failing, refresh.Misconfigured, refresh.CodeBadConfig)
	first := j.Problems[0]
	j.line.Wrong = sentence("Its config is wrong: " + first.String())
	j.next(step{"Every problem of it:", j.guide.Command("check", j.Name)})
}

// none has the word for a provider that fails say that it has no token at all.
func (j *judgement) none() {
	if j.State.Deleting && j.line.State != Orphan {
		j.line.State, j.line.ExpiresAt = NoToken, time.Time{} // it cannot be read
		return
	}
	if j.State.Current == "" && (j.line.State == Failing || j.line.State == Cooling) {
		j.line.State = NoToken
	}
}

// edited says that an edit of the config waits for the owner of the credential.
func (j *judgement) edited() {
	if j.Proposal == "" {
		return
	}
	j.line.Edit = fmt.Sprintf("An edit is not approved: %s differs from %s, which is in effect. To see what it changes:", j.Proposal, j.Approved)
	j.line.EditCommand = j.guide.Command("approve", j.Name)
}

// over reports an expired token: nothing is more urgent.
func (j *judgement) over() {
	if !j.ours || j.now.Before(j.line.ExpiresAt) || j.line.State == Orphan || j.State.Deleting {
		return
	}
	wrong := fmt.Sprintf("Its token ended %s ago.", terminal.Span(j.now.Sub(j.line.ExpiresAt)))
	if j.line.Wrong != "" {
		wrong += " " + j.line.Wrong
	}
	if j.line.State == Due {
		j.next(j.running())
	}
	j.line.State, j.line.Wrong, j.line.Failing = Expired, wrong, true
}

// running is what to do where a run should have come. What keeps all runs away is said once,
// above all providers.
func (j *judgement) running() step {
	switch {
	case j.keeper.failing():
		return step{}
	case j.keeper == nil || j.keeper.State == NotLooked:
		return step{j.guide.Runs, j.guide.Runner}
	}
	return step{fmt.Sprintf("Runs come, and had no time for it. Find the slow provider in %s.", j.guide.Log), ""}
}

// first is what to do before the first attempt.
func (j *judgement) first() step {
	if j.keeper != nil && j.keeper.State == Running {
		return step{"The next run asks for one; to have it now:", j.guide.Command("refresh", j.Name)}
	}
	return j.running()
}

// fail says what is known of a failure by its code.
func (j *judgement) fail(word Word, class refresh.Class, code string) {
	j.line.Failing, j.line.Class, j.line.Code = true, class, code
	a := adviceFor(class, code)
	j.say(word, a.wrong, a.step(j))
}
