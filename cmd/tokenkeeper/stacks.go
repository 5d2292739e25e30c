package main

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/place"
	"example.com/tokenkeeper/cmd/tokenkeeper/internal/terminal"
)

// located returns f with the profile and the region that the stack is named with:
// [[PROFILE/]REGION/]NAME.
func (f awsFlags) located() *awsFlags {
	where, name := cutLast(f.stack)
	profile, region := cutLast(where)
	f.stack, f.region, f.profile = name, cmp.Or(region, f.region), cmp.Or(profile, f.profile)
	return &f
}

func cutLast(s string) (before, last string) {
	i := strings.LastIndex(s, "/")
	return s[:max(i, 0)], s[i+1:]
}

// A stackNames is the value of a flag --stack that is given once for each of several.
type stackNames []string

// Set implements [pflag.Value].
func (s *stackNames) Set(name string) error { *s = append(*s, name); return nil }

// Type implements [pflag.Value].
func (*stackNames) Type() string { return "string" }

// String implements [pflag.Value]: the last one.
func (s *stackNames) String() string {
	if len(*s) == 0 {
		return ""
	}
	return (*s)[len(*s)-1]
}

// A stacksView is what status shows of several stacks, in the order in which they were named.
type stacksView struct {
	Stacks  []stackView `json:"stacks"`
	Failing bool        `json:"failing"`
	// Served is false where a provider is not served of a stack that could be looked at.
	Served bool `json:"served"`
}

// A stackView is what is known of one: its state, or why it could not be looked at.
type stackView struct {
	Stack   string `json:"stack"`
	Wrong   string `json:"wrong,omitempty"`
	Remedy  string `json:"remedy,omitempty"`
	Command string `json:"command,omitempty"`
	*statusView
	outcome error
}

// A stacksGlance looks at several stacks, in the order in which they were named. One that cannot be
// opened is opened again at the next look.
type stacksGlance struct {
	stacks  []string
	open    func(stack string) (place.Place, error)
	prepare func(place.Place) (glance, error)

	places  []place.Place
	glances []glance // one for each stack; nil: it is not open
}

// statusOf shows several stacks. One that cannot be looked at does not keep the others from it.
func (c *cli) statusOf(ctx context.Context, where placeFlags, stacks []string, prepare func(place.Place) (glance, error), watch time.Duration) error {
	if where.dir != "" {
		return errTwoPlaces
	}
	g := &stacksGlance{stacks: stacks, prepare: prepare, glances: make([]glance, len(stacks))}
	g.open = func(stack string) (place.Place, error) {
		where.aws.stack = stack
		return where.aws.open(ctx, c)
	}
	defer g.close()
	return c.showing(ctx, watch, g.look)
}

func (g *stacksGlance) close() {
	for _, p := range g.places {
		_ = p.Close()
	}
}

func (g *stacksGlance) look() (judged, error) {
	v := stacksView{Stacks: make([]stackView, len(g.stacks)), Served: true}
	for i, stack := range g.stacks { // one after the other: one may ask for a code of MFA
		if g.glances[i] != nil {
			continue
		}
		if err := g.begin(i); err != nil {
			if _, advice := explained(err); advice.code == exitWrong && !errors.Is(err, place.ErrNoRegion) {
				return nil, err
			}
			v.Stacks[i] = viewOf(stack, statusView{}, err)
		}
	}
	var wg sync.WaitGroup
	for i, once := range g.glances {
		if once != nil {
			wg.Go(func() {
				seen, err := once()
				v.Stacks[i] = viewOf(g.stacks[i], seen, err)
			})
		}
	}
	wg.Wait()
	for _, s := range v.Stacks {
		v.Failing = v.Failing || s.statusView == nil || s.Failing
		v.Served = v.Served && (s.statusView == nil || s.Served)
	}
	return v, nil
}

// begin opens the stack of that index.
func (g *stacksGlance) begin(i int) error {
	p, err := g.open(g.stacks[i])
	if err != nil {
		return err
	}
	once, err := g.prepare(p)
	if err != nil {
		_ = p.Close()
		return err
	}
	g.places, g.glances[i] = append(g.places, p), once
	return nil
}

func viewOf(stack string, v statusView, err error) stackView {
	if err == nil {
		return stackView{Stack: stack, statusView: &v, outcome: v.verdict()}
	}
	what, advice := explained(err)
	return stackView{Stack: stack, Wrong: what, Remedy: advice.remedy, Command: advice.command, outcome: errUnknown}
}

// verdict returns the worst outcome.
func (v stacksView) verdict() error {
	for _, worst := range []outcome{errNotServed, errUnknown, errAttention} {
		if slices.ContainsFunc(v.Stacks, func(s stackView) bool { return errors.Is(s.outcome, worst) }) {
			return worst
		}
	}
	return nil
}

// text shows first how the keeper of each stack is, and then the providers of each.
func (v stacksView) text(s *terminal.Screen) {
	for _, stack := range v.Stacks {
		s.Line("%s", s.Paint(terminal.Strong, stack.Stack))
		if stack.statusView != nil {
			stack.head(s)
			continue
		}
		s.Paragraph(s.Paint(terminal.Bad, "not looked: "), stack.Wrong)
		if stack.Remedy != "" {
			s.Paragraph("  "+s.Paint(terminal.Strong, "→ "), capital(stack.Remedy), stack.Command)
		}
	}
	for _, stack := range v.Stacks {
		if stack.statusView != nil {
			s.Line("")
			stack.body(s, s.Paint(terminal.Strong, stack.Stack)+": ")
		}
	}
}
