package main

import (
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"example.com/tokenkeeper/internal/awstest"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
	"example.com/tokenkeeper/internal/simulator"
	"example.com/tokenkeeper/internal/tokenendpoint"
)

// A world is an account and the providers that are configured in it.
type world struct {
	aws       *awstest.AWS
	providers *httptest.Server
	logins    func() int // that were answered
}

// A pace is how long calls to AWS and logins take.
type pace struct{ latency, login time.Duration }

func (p *pace) register(flags *flag.FlagSet) {
	flags.DurationVar(&p.latency, "latency", 20*time.Millisecond, "what a call to AWS takes")
	flags.DurationVar(&p.login, "login", 200*time.Millisecond, "what a login takes")
}

func (p pace) String() string { return fmt.Sprintf("%v a call to AWS, %v a login", p.latency, p.login) }

// due is the age of a token of an hour that is due.
const due = 50 * time.Minute

// newWorld has n providers of these kinds, whose tokens are of that age and live an hour.
func newWorld(n int, age time.Duration, kinds []string, pace pace) (*world, error) {
	sim := simulator.New(simulator.Options{})
	w := &world{
		aws: awstest.Start(awstest.Options{}),
		providers: httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			time.Sleep(pace.login)
			sim.ServeHTTP(rw, r)
		})),
	}
	w.logins = func() (n int) {
		for _, kind := range kinds {
			n += sim.Logins(kind)
		}
		return n
	}
	if err := w.configure(sim, n, age, kinds); err != nil {
		w.Close()
		return nil, err
	}
	w.aws.Fail("*", awstest.Latency(pace.latency))
	return w, nil
}

func (w *world) Close() {
	w.providers.Close()
	w.aws.Close()
}

// configure spreads the providers over the kinds.
func (w *world) configure(sim *simulator.Simulator, n int, age time.Duration, kinds []string) error {
	configs, err := sim.Configs(w.providers.URL)
	if err != nil {
		return err
	}
	credentials, err := sim.Credentials(w.providers.URL)
	if err != nil {
		return err
	}
	parser := tokenendpoint.New(tokenendpoint.Options{AllowLoopback: true})
	issued := time.Now().Add(-age)
	for i := range n {
		kind := kinds[i%len(kinds)]
		name := name(i)
		config := string(configs[kind])
		w.aws.SetParameter(awstest.Parameter{Name: "/tokenkeeper/providers/" + name, Value: config})
		w.aws.SetParameter(awstest.Parameter{Name: "/tokenkeeper/credentials/" + name, Value: string(credentials[kind]), Type: "SecureString"})

		p, err := parser.Provider(refresh.Document{Name: name, Where: name, Data: secret.New(config)})
		if err != nil {
			return fmt.Errorf("reading the simulator's config for %s: %w", kind, err)
		}
		v := refresh.Version{IssuedAt: issued, Lifetime: time.Hour, Config: p.Config, Digest: uint32(i)}
		w.aws.SetSecret(awstest.Secret{
			Name:     "tokenkeeper/tokens/" + name,
			Tags:     map[string]string{"tokenkeeper:owner": "bench"},
			Created:  issued,
			Versions: []awstest.Version{{ID: string(v.ID()), Value: formerRecord, Labels: []string{"AWSCURRENT", "tokenkeeper-next"}}},
		})
	}
	return nil
}

// formerRecord is what consumers read until a provider is refreshed.
const formerRecord = "{}"

func name(i int) string { return fmt.Sprintf("p%05d", i) }
