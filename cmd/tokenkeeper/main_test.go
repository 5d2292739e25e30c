package main

import (
	"context"
	"errors"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/trial"
	"example.com/tokenkeeper/internal/accounttest"
	"example.com/tokenkeeper/internal/awstest"
	"example.com/tokenkeeper/internal/simulator"
)

// clockVariable holds the time that commands in scripts take for the present one.
const clockVariable = "TOKENKEEPER_TEST_CLOCK"

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"tokenkeeper": func() {
			ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
			c := &cli{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, getenv: os.Getenv, now: func() time.Time {
				at, err := time.Parse(time.RFC3339, os.Getenv(clockVariable))
				if err != nil {
					return time.Now()
				}
				return at
			}, sleep: atOnce}
			code := c.run(ctx, os.Args[1:])
			stop()
			os.Exit(code)
		},
	})
}

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// A stage is what a script plays on: the four simulated providers, whose URL is $URL; their
// configs and credentials, in the folder d and in an account of AWS; and a clock that
// begins at noon.
type stage struct {
	sim      *simulator.Simulator
	account  *awstest.AWS
	function *function
	control  *accounttest.Account

	mu  sync.Mutex
	now time.Time
}

func (s *stage) clock() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

func (s *stage) pass(d time.Duration) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(d)
	return s.now
}

type stageKey struct{}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			s := &stage{now: noon}
			s.sim = simulator.New(simulator.Options{Now: s.clock})
			server := httptest.NewServer(s.sim)
			env.Defer(func() {
				s.sim.Close()
				server.Close()
			})
			files, err := trial.For(s.sim, server.URL)
			if err != nil {
				return err
			}
			s.account = awstest.Start(awstest.Options{Now: s.clock, NoQuotas: true})
			env.Defer(s.account.Close)
			s.function = deploy(s.account, s.clock)
			functions := httptest.NewServer(s.function)
			env.Defer(functions.Close)
			for name := range files.Configs {
				s.account.SetParameter(awstest.Parameter{Name: "/tokenkeeper/providers/" + name, Value: string(files.Configs[name])})
				s.account.SetParameter(awstest.Parameter{Name: "/tokenkeeper/credentials/" + name, Value: string(files.Credentials[name]), Type: "SecureString"})
			}
			env.Vars = append(env.Vars, s.account.Environ()...)
			env.Setenv("AWS_ENDPOINT_URL_LAMBDA", functions.URL)
			logs := httptest.NewServer(s.function.log)
			env.Defer(logs.Close)
			env.Setenv("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", logs.URL)
			s.control = &accounttest.Account{Now: s.clock, Function: functionName}
			account := httptest.NewServer(s.control)
			env.Defer(account.Close)
			for _, service := range []string{"STS", "SCHEDULER", "CLOUDWATCH", "SNS", "SQS", "KMS"} {
				env.Setenv("AWS_ENDPOINT_URL_"+service, account.URL)
			}
			env.Setenv("AWS_EC2_METADATA_DISABLED", "true")
			// With the race detector every command would sleep a second before it ends.
			env.Setenv("GORACE", "atexit_sleep_ms=10")
			env.Values[stageKey{}] = s
			env.Setenv("URL", server.URL)
			env.Setenv(clockVariable, noon.Format(time.RFC3339))
			return files.Write(env.Getenv("WORK") + "/d")
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			// code N command...: runs it and wants that exit code.
			"code": func(ts *testscript.TestScript, _ bool, args []string) {
				want, err := strconv.Atoi(args[0])
				ts.Check(err)
				got := 0
				var exit *exec.ExitError
				if err := ts.Exec(args[1], args[2:]...); errors.As(err, &exit) {
					got = exit.ExitCode()
				} else {
					ts.Check(err)
				}
				if got != want {
					ts.Fatalf("exit code %d, want %d", got, want)
				}
			},
			// pass 30m: lets that time pass.
			"pass": func(ts *testscript.TestScript, _ bool, args []string) {
				d, err := time.ParseDuration(args[0])
				ts.Check(err)
				ts.Setenv(clockVariable, ts.Value(stageKey{}).(*stage).pass(d).Format(time.RFC3339))
			},
			// fault PROVIDER FAULT: as 'tokenkeeper simulate --fault' does.
			"fault": func(ts *testscript.TestScript, _ bool, args []string) {
				f, err := findFault(args[1])
				ts.Check(err)
				f.apply(ts.Value(stageKey{}).(*stage).sim, args[0])
			},
			// waitfor FILE: until another command has written it.
			"waitfor": func(ts *testscript.TestScript, _ bool, args []string) {
				for {
					if _, err := os.Stat(ts.MkAbs(args[0])); err == nil {
						return
					}
					runtime.Gosched()
				}
			},
			// mend PROVIDER: ends its faults.
			"mend": func(ts *testscript.TestScript, _ bool, args []string) {
				ts.Value(stageKey{}).(*stage).sim.Mend(args[0])
			},
			// tick: runs the function as its schedule does.
			"tick": func(ts *testscript.TestScript, _ bool, _ []string) {
				ts.Check(ts.Value(stageKey{}).(*stage).function.tick(context.Background()))
			},
			// credential PROVIDER FILE: writes what it now expects into the file.
			"credential": func(ts *testscript.TestScript, _ bool, args []string) {
				files, err := trial.For(ts.Value(stageKey{}).(*stage).sim, ts.Getenv("URL"))
				ts.Check(err)
				ts.Check(os.WriteFile(ts.MkAbs(args[1]), files.Credentials[args[0]], 0o600))
			},
			// logline JSON: the function logs that.
			"logline": func(ts *testscript.TestScript, _ bool, args []string) {
				_, err := ts.Value(stageKey{}).(*stage).function.log.Write([]byte(args[0]))
				ts.Check(err)
			},
			// refuselogs KIND: reading the log is answered with that error; without one it is read again.
			"refuselogs": func(ts *testscript.TestScript, _ bool, args []string) {
				ts.Value(stageKey{}).(*stage).function.log.Refuse(strings.Join(args, ""))
			},
			// refuse CODE: Lambda answers everything with that error.
			"refuse": func(ts *testscript.TestScript, _ bool, args []string) {
				f := ts.Value(stageKey{}).(*stage).function
				f.mu.Lock()
				defer f.mu.Unlock()
				f.refusal = args[0]
			},
			// account [!] WORD: what is so in the account besides.
			"account": func(ts *testscript.TestScript, neg bool, args []string) {
				ts.Value(stageKey{}).(*stage).control.Set(args[0], !neg)
			},
			// deny ACTION: AWS refuses that to everybody; without one nothing any more.
			"deny": func(ts *testscript.TestScript, _ bool, args []string) {
				ts.Value(stageKey{}).(*stage).account.Authorize(func(a awstest.Access) bool { return !slices.Contains(args, a.Action) })
			},
			// delete NAME: a secret is scheduled for deletion; with a ! it is restored.
			"delete": func(ts *testscript.TestScript, neg bool, args []string) {
				st := ts.Value(stageKey{}).(*stage)
				s, ok := st.account.Secret(args[0])
				if !ok {
					ts.Fatalf("there is no secret %s", args[0])
				}
				s.Deleted = st.clock()
				if neg {
					s.Deleted = time.Time{}
				}
				st.account.SetSecret(s)
			},
			// busy N: has the function refuse that many invocations.
			"busy": func(ts *testscript.TestScript, _ bool, args []string) {
				n, err := strconv.Atoi(args[0])
				ts.Check(err)
				ts.Value(stageKey{}).(*stage).function.refuse(n)
			},
			// secret NAME VALUE: a secret is stored by hand.
			"secret": func(ts *testscript.TestScript, _ bool, args []string) {
				ts.Value(stageKey{}).(*stage).account.SetSecret(awstest.Secret{Name: args[0],
					Versions: []awstest.Version{{Value: args[1], Labels: []string{"AWSCURRENT"}}}})
			},
			// stored NAME FILE: wants a parameter or secret to hold what is in the file.
			"stored": func(ts *testscript.TestScript, _ bool, args []string) {
				account := ts.Value(stageKey{}).(*stage).account
				p, _ := account.Parameter(args[0])
				secret, _ := account.Secret(args[0])
				current, _ := secret.Current()
				if got := p.Value + current.Value; strings.TrimSpace(got) != strings.TrimSpace(ts.ReadFile(args[1])) {
					ts.Fatalf("%s holds %q", args[0], got)
				}
			},
			// lifetime PROVIDER 10m: how long its tokens live.
			"lifetime": func(ts *testscript.TestScript, _ bool, args []string) {
				d, err := time.ParseDuration(args[1])
				ts.Check(err)
				ts.Value(stageKey{}).(*stage).sim.SetLifetime(args[0], d)
			},
		},
		UpdateScripts: os.Getenv("UPDATE_SCRIPTS") != "",
	})
}
