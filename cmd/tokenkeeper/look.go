package main

import (
	"context"
	"errors"
	"path"
	"path/filepath"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/place"
	"example.com/tokenkeeper/cmd/tokenkeeper/internal/status"
	"example.com/tokenkeeper/cmd/tokenkeeper/internal/terminal"
)

func look(ctx context.Context, l status.Lookout, names []string) (status.Report, error) {
	report, err := l.Look(ctx, names)
	return report, nameError(l.Place.Guide(), err)
}

// verdict returns the outcome of a command that has shown a report.
func verdict(r status.Report) error {
	switch {
	case !r.Served:
		return errNotServed
	case r.Failing:
		return errAttention
	}
	return nil
}

// nameError says of a wrong name which one was probably meant, and returns other errors as
// they are.
func nameError(guide place.Guide, err error) error {
	var unknown *status.UnknownError
	switch {
	case !errors.As(err, &unknown):
		return err
	case unknown.Near != "":
		return instead(err, "did you mean: "+unknown.Near, "")
	}
	return instead(err, "see which there are:", guide.Command("status", ""))
}

// known refuses names that no provider has, before anything is done.
func (c *cli) known(ctx context.Context, p place.Place, names []string) error {
	for _, name := range names {
		if err := (status.Lookout{Place: p, Parser: c.parser(true)}).Find(ctx, name); err != nil {
			return nameError(p.Guide(), err)
		}
	}
	return nil
}

// noConfig says that there is nothing to be done yet, and what comes first.
func noConfig(s *terminal.Screen, guide place.Guide) {
	s.Paragraph("", "There is "+noConfigIn(guide)+".")
	s.Paragraph("  → ", firstConfig(guide), "tokenkeeper add")
}

func noConfigIn(guide place.Guide) string {
	return "no config in " + path.Dir(filepath.ToSlash(guide.ConfigPlace("NAME"))) + " yet"
}

func firstConfig(guide place.Guide) string {
	return "Put one there for each provider, as " + guide.ConfigPlace("NAME") + "; to see some that are ready:"
}
