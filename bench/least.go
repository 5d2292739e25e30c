package main

import (
	"time"

	"example.com/tokenkeeper/internal/refresh/scaletest"
)

// readsAtOnce is how many reads of Parameter Store are free after a pause; see internal/awscall.
const readsAtOnce = 4

// A demand is what a run has done.
type demand struct {
	logins  int
	pages   int  // of configs
	secrets int  // pages of the list of secrets
	cold    bool // nothing was known before
}

// since returns what was done in an account between two figures.
func since(before, after scaletest.Figures) demand {
	return demand{logins: after.Stored - before.Stored, pages: after.Pages - before.Pages, secrets: after.Lists - before.Lists}
}

// quotas returns the time in which the quotas of an account allow so much, and 256 logins at a
// time.
func (d demand) quotas(o scaletest.Options) time.Duration {
	return max(apart(2*d.logins, o.Writes), apart(d.reads(), readsASecond), time.Duration(d.logins)*o.Login/256)
}

// reads is how often Parameter Store is called at least: configs and credentials of three logins
// fit into a call.
func (d demand) reads() int { return d.pages + (d.logins+2)/3 }

// least returns the least time in which a run can do so much. To the quotas, of which a few calls
// are free after a pause, it adds what no run can avoid: nothing is stored before the first
// login is answered, which a page of each list, the look at a secret and the reading of a config come
// before. Where nothing was known, what is due first is known at the end of the list of secrets.
func (d demand) least(o scaletest.Options) time.Duration {
	free := func(calls, free, rate int) time.Duration { return apart(max(calls-free, 0), rate) + o.Latency }
	first := o.Latency
	if d.cold {
		first *= time.Duration(d.secrets)
	}
	answered := first + 2*o.Latency + o.Login
	times := []time.Duration{
		free(d.reads(), readsAtOnce, readsASecond),
		time.Duration(d.pages) * o.Latency,
		time.Duration(d.secrets) * o.Latency,
		first + time.Duration(d.logins)*o.Login/256,
	}
	if d.logins > 0 {
		times = append(times, answered+max(2*o.Latency, free(2*d.logins, min(7, 50-o.Writes), o.Writes)))
	}
	most := times[0]
	for _, t := range times {
		most = max(most, t)
	}
	return most
}

func apart(calls, rate int) time.Duration {
	return time.Duration(calls) * time.Second / time.Duration(rate)
}
