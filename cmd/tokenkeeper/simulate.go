package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/localstore"
	"example.com/tokenkeeper/cmd/tokenkeeper/internal/terminal"
	"example.com/tokenkeeper/cmd/tokenkeeper/internal/trial"
	"example.com/tokenkeeper/internal/simulator"
)

// simulateFlags are those of simulate.
type simulateFlags struct {
	address   string
	dir       string
	lifetimes []string
	faults    []string
}

func (c *cli) simulate() *cobra.Command {
	var f simulateFlags
	cmd := &cobra.Command{
		Use:   "simulate",
		Short: "Play four providers, for trying out",
		Long: `Serve four token endpoints that behave like real ones, and the APIs that their
tokens open, until SIGINT or SIGTERM. Print the configs and credentials that
fit; with --dir write them into that folder, ready for 'tokenkeeper run'. All
secrets are invented.

The providers: ` + strings.Join(simulator.Names(), ", ") + `.

Faults, for --fault [NAME=]FAULT:
` + faultHelp(),
		Example: `  tokenkeeper simulate --dir try
  tokenkeeper simulate --dir try --lifetime 10m --fault educloud=wrong_secret`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.serve(cmd.Context(), f) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.address, "address", "127.0.0.1:8787", "the loopback `address` and port to listen at")
	flags.StringVar(&f.dir, "dir", "", "write configs and credentials into this `folder`")
	flags.StringArrayVar(&f.lifetimes, "lifetime", nil, "how long tokens live, 1h if not said: `[NAME=]TIME`")
	flags.StringArrayVar(&f.faults, "fault", nil, "what goes wrong, at one provider or at all: `[NAME=]FAULT`")
	return cmd
}

// serve serves the simulator until ctx ends.
func (c *cli) serve(ctx context.Context, f simulateFlags) error {
	settings, err := f.settings()
	if err != nil {
		return err
	}
	sim := simulator.New(simulator.Options{Now: c.now})
	defer sim.Close()
	listener, err := listenLoopback(f.address)
	if err != nil {
		return err
	}
	defer listener.Close()
	url := "http://" + listener.Addr().String()
	files, err := trial.For(sim, url)
	if err != nil {
		return err
	}
	for _, set := range settings { // now, since a fault may be that the secret has changed
		set(sim)
	}
	if f.dir != "" {
		err := files.Write(f.dir)
		if errors.Is(err, trial.ErrOther) {
			return instead(err, "name another folder, or the port of that time with --address, or remove it", "")
		}
		if err != nil {
			return err
		}
	}
	if err := c.show(simulation{url, f.dir, files}); err != nil {
		return err
	}

	server := &http.Server{Handler: c.logged(sim), ReadHeaderTimeout: 10 * time.Second}
	stop := context.AfterFunc(ctx, func() {
		sim.Close()
		_ = server.Close()
	})
	defer stop()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving the simulator: %w", err)
	}
	return nil
}

// settings returns what the flags say about lifetimes and faults.
func (f simulateFlags) settings() ([]func(*simulator.Simulator), error) {
	var settings []func(*simulator.Simulator)
	for _, flag := range namedLast(f.lifetimes) {
		providers, value, err := forProviders("--lifetime", flag)
		if err != nil {
			return nil, err
		}
		d, err := time.ParseDuration(value)
		if err != nil || d < time.Second {
			return nil, instead(fmt.Errorf("--lifetime has %q", value), "write a duration of at least a second, such as 10m", "")
		}
		for _, p := range providers {
			settings = append(settings, func(sim *simulator.Simulator) { sim.SetLifetime(p, d) })
		}
	}
	for _, flag := range namedLast(f.faults) {
		providers, value, err := forProviders("--fault", flag)
		if err != nil {
			return nil, err
		}
		fault, err := findFault(value)
		if err != nil {
			return nil, err
		}
		for _, p := range providers {
			settings = append(settings, func(sim *simulator.Simulator) { fault.apply(sim, p) })
		}
	}
	return settings, nil
}

// namedLast puts what is for all before what is for one, so that the latter is
// whatever the order of the flags is.
func namedLast(flags []string) []string {
	named := func(flag string) int { return min(strings.Count(flag, "="), 1) }
	return slices.SortedStableFunc(slices.Values(flags), func(a, b string) int { return named(a) - named(b) })
}

// forProviders reads [NAME=]VALUE; without a name it is for all.
func forProviders(flag, text string) (providers []string, value string, err error) {
	name, value, found := strings.Cut(text, "=")
	if !found {
		return simulator.Names(), text, nil
	}
	for _, known := range simulator.Names() {
		if name == known {
			return []string{name}, value, nil
		}
	}
	return nil, "", instead(fmt.Errorf("%s names %q, which is not simulated", flag, name),
		"simulated are: "+strings.Join(simulator.Names(), ", "), "")
}

// listenLoopback listens where only this machine can ask: what is served is no secret, but
// it is not meant for others either.
func listenLoopback(address string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(address)
	if err == nil && !net.ParseIP(host).IsLoopback() {
		err = errors.New("it is not a loopback address")
	}
	if err != nil {
		return nil, instead(fmt.Errorf("--address is %q: %w", address, err), "write a loopback address and a port, such as 127.0.0.1:8787", "")
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, instead(fmt.Errorf("listening: %w", err), "choose another port, such as --address 127.0.0.1:0 for any that is free", "")
	}
	return listener, nil
}

// logged writes a line to the standard error for each request.
func (c *cli) logged(next http.Handler) http.Handler {
	s := terminal.New(c.stderr, c.getenv)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		defer func() {
			// A fault that breaks the connection panics; that it did is the answer then.
			cut := recover()
			answer := fmt.Sprint(seen.status)
			if cut != nil {
				answer = "cut"
			}
			s.Line("%s  %s %s  %s", c.now().UTC().Format(time.TimeOnly), r.Method, r.URL.EscapedPath(), answer)
			if cut != nil {
				panic(cut)
			}
		}()
		next.ServeHTTP(seen, r)
	})
}

// A statusWriter remembers the status of an answer.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController find what else the writer can.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// A simulation is what is served, and what fits it.
type simulation struct {
	URL string `json:"url"`
	Dir string `json:"dir,omitempty"`
	trial.Files
}

func (v simulation) text(s *terminal.Screen) {
	s.Paragraph("", "Four providers are simulated on "+v.URL+", until Ctrl-C.")
	if v.Dir != "" {
		s.Paragraph("", fmt.Sprintf("Their configs and credentials are in %s. In another terminal:", v.Dir))
		s.Line("")
		s.Line("  tokenkeeper run --dir %s --every 1m --allow-loopback", localstore.ShellWord(v.Dir))
		s.Line("  tokenkeeper status --dir %s", localstore.ShellWord(v.Dir))
		s.Line("")
		return
	}
	for _, name := range simulator.Names() {
		s.Line("")
		s.Line("%s", s.Paint(terminal.Strong, "providers/"+name+".json"))
		s.Line("%s", bytes.TrimSpace(v.Configs[name]))
		s.Line("%s", s.Paint(terminal.Strong, "credentials/"+name+".json"))
		s.Line("%s", bytes.TrimSpace(v.Credentials[name]))
	}
	s.Line("")
}
