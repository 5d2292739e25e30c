package vaulttest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/anishathalye/porcupine"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
)

func atOnce(f *fixture) {
	for round, runs := range []int{2, 8, 64} {
		token := fmt.Sprint("token ", round)
		f.Put(provider, token)
		var got atomic.Int32
		var wg sync.WaitGroup
		for range runs {
			wg.Go(func() {
				ticket, err := f.vault.Claim(f.Context(), provider)
				switch {
				case err == nil && ticket.Token.Reveal() == token:
					got.Add(1)
				case !errors.Is(err, refresh.ErrClaimed):
					f.Errorf("Claim() gave %q, %v", ticket.Token.Reveal(), err)
				}
			})
		}
		wg.Wait()
		if got.Load() != 1 {
			f.Errorf("of %d runs at once %d have the token, want one", runs, got.Load())
		}
		time.Sleep(41 * time.Minute)
	}
}

// A family is a provider that revokes every token of a person once one was used twice
// (RFC 9700 section 4.14.2).
type family struct {
	mu      sync.Mutex
	current string
	spent   int
	revoked string // the token that was used again
}

func (p *family) spend(token string) (next string, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.revoked != "" || token != p.current {
		p.revoked = token
		return "", false
	}
	p.spent++
	p.current = fmt.Sprint("token ", p.spent)
	return p.current, true
}

// spentOnce has runs begin at all times within an hour and a half, and take some of the
// time that they have.
func spentOnce(f *fixture) {
	const runs = 64
	f.Put(provider, "token 0")
	p := &family{current: "token 0"}
	random := rand.New(rand.NewPCG(6, 6))
	var wg sync.WaitGroup
	for range runs {
		begin := time.Duration(random.Int64N(int64(90 * time.Minute)))
		answer := time.Duration(random.Int64N(int64(longestRun - 5*time.Second)))
		dies := random.IntN(8) == 0 // before it asks
		wg.Go(func() {
			time.Sleep(begin)
			ticket, err := f.vault.Claim(f.Context(), provider)
			if errors.Is(err, refresh.ErrClaimed) || err == nil && dies {
				return
			}
			var full *refresh.Error
			if errors.As(err, &full) && full.Code == refresh.CodeWriteBudget {
				return
			}
			if err != nil {
				f.Errorf("Claim() failed: %v", err)
				return
			}
			time.Sleep(answer)
			next, ok := p.spend(ticket.Token.Reveal())
			if !ok {
				f.Errorf("%q was used when %q was good", ticket.Token.Reveal(), p.current)
				return
			}
			if err := f.vault.Rotate(f.Context(), provider, ticket, secret.New(next)); err != nil {
				f.Errorf("Rotate() failed: %v", err)
			}
		})
	}
	wg.Wait()
	if p.revoked != "" || p.spent < 10 {
		f.Errorf("%d were spent, and %q was used twice", p.spent, p.revoked)
	}
	time.Sleep(25 * time.Hour) // by then there is room for more, where that is counted
	f.claim(p.current)
}

// An operation on the vault: to claim, or to replace what was claimed.
type operation struct{ spent, next string }

// The answer to one: what was claimed; empty, if another run has it.
type answer string

// A held token is what one run has, or none.
type held struct {
	token   string
	claimed bool
}

// model is one vault, within the time of one claim.
func model(token string) porcupine.Model {
	return porcupine.Model{
		Init: func() any { return held{token: token} },
		Step: func(state, input, output any) (bool, any) {
			st, op := state.(held), input.(operation)
			switch {
			case op.next != "":
				return st == held{op.spent, true}, held{op.next, true}
			case st.claimed:
				return output.(answer) == "", st
			}
			return output.(answer) == answer(st.token), held{st.token, true}
		},
	}
}

// A history is what runs did at once.
type history struct {
	mu         sync.Mutex
	clock      int64 // of the order of events: the bubble's does not move
	operations []porcupine.Operation
}

func (h *history) event() int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.clock++
	return h.clock
}

func (h *history) did(run int, call int64, in operation, out answer) {
	end := h.event()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.operations = append(h.operations, porcupine.Operation{ClientId: run, Input: in, Call: call, Output: out, Return: end})
}

// linearizable has eight runs claim and replace without a pause, time and again, and looks
// for an order of what they did in which each was answered as one vault would have.
func linearizable(f *fixture) {
	const runs, rounds, tries = 8, 6, 3
	token := "token 0"
	f.Put(provider, token)
	for round := range rounds {
		next := fmt.Sprint("token ", round+1)
		var h history
		var wg sync.WaitGroup
		for run := range runs {
			wg.Go(func() {
				for range tries {
					call := h.event()
					ticket, err := f.vault.Claim(f.Context(), provider)
					if err != nil && !errors.Is(err, refresh.ErrClaimed) {
						f.Errorf("Claim() failed: %v", err)
						return
					}
					h.did(run, call, operation{}, answer(ticket.Token.Reveal()))
					if err != nil {
						continue
					}
					call = h.event()
					if err := f.vault.Rotate(f.Context(), provider, ticket, secret.New(next)); err != nil {
						f.Errorf("Rotate() failed: %v", err)
						return
					}
					h.did(run, call, operation{ticket.Token.Reveal(), next}, "")
				}
			})
		}
		wg.Wait()
		if !porcupine.CheckOperations(model(token), h.operations) {
			f.Error("no order of these explains what each was answered:")
			for _, o := range h.operations {
				f.Logf("run %d, %d to %d: %+v gave %q", o.ClientId, o.Call, o.Return, o.Input, o.Output)
			}
		}
		token = next
		time.Sleep(41 * time.Minute)
	}
}
