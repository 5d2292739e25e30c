package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/tokenkeeper/internal/simulator"
)

// A breakage is something that goes wrong with a deployment. What the first screen says of it,
// after how many ticks, and after how many ticks it ends once that was followed, is in
// docs/operations.md: see breakages.
type breakage struct {
	name string
	// happen breaks it, and follow does what the screen says, whose output it is given.
	happen func(*ward)
	follow func(w *ward, screen string)
	// often runs in CI; the others with make operations.
	often bool
	// paced goes on at the pace of ticks a minute apart, and not sooner.
	paced bool
}

// victim is the provider that breakages befall.
const victim = simulator.METI

var breakages = []breakage{
	{name: "The schedule is disabled",
		happen: func(w *ward) { w.setSchedule("DISABLED") },
		follow: func(w *ward, _ string) { w.setSchedule("ENABLED") }},
	{name: "The role may not list configs", often: true,
		happen: func(w *ward) { w.deny("ssm:GetParametersByPath") },
		follow: func(w *ward, _ string) { w.deny() }},
	{name: "It is looked for in another region",
		happen: func(w *ward) { w.variables = []string{"AWS_REGION=eu-west-1", "AWS_DEFAULT_REGION=eu-west-1"} },
		follow: func(w *ward, _ string) { w.variables = nil }},
	{name: "The operator has no credentials",
		happen: func(w *ward) {
			w.variables = []string{"AWS_ACCESS_KEY_ID=", "AWS_SECRET_ACCESS_KEY=", "AWS_EC2_METADATA_DISABLED=true"}
		},
		follow: func(w *ward, _ string) { w.variables = nil }},
	{name: "The role may not read credentials", paced: true,
		happen: func(w *ward) { w.deny("ssm:GetParameter", "ssm:GetParameters"); w.due() },
		follow: func(w *ward, screen string) {
			if out, _ := w.paste(screen, "tokenkeeper logs", ""); !strings.Contains(out, "ssm:GetParameter") {
				w.t.Errorf("the log does not say what to allow:\n%s", out)
			}
			w.deny()
		}},
	{name: "The role may not store tokens", paced: true,
		happen: func(w *ward) { w.deny("secretsmanager:PutSecretValue"); w.due() },
		follow: func(w *ward, screen string) {
			if out, _ := w.paste(screen, "tokenkeeper logs", ""); !strings.Contains(out, "secretsmanager:PutSecretValue") {
				w.t.Errorf("the log does not say what to allow:\n%s", out)
			}
			w.deny()
		}},
	{name: "A config has a typing error",
		happen: func(w *ward) {
			w.putConfig(victim, []byte(`{"token_endpoint": "https://login.acme.example/token", "scop": "all"}`))
		},
		follow: func(w *ward, screen string) {
			if out, _ := w.paste(screen, "tokenkeeper check", ""); !strings.Contains(out, `did you mean "scope"`) {
				w.t.Errorf("check does not say what is meant:\n%s", out)
			}
			w.putConfig(victim, w.config())
		}},
	{name: "A credential is gone",
		happen: func(w *ward) {
			w.aws(nil, "ssm", "delete-parameter", "--name", "/tokenkeeper/credentials/"+victim)
			w.due()
		},
		follow: func(w *ward, screen string) { w.must(w.paste(screen, "tokenkeeper credential put", w.credential())) }},
	{name: "A credential is pinned to another host",
		happen: func(w *ward) {
			var members map[string]any
			w.decode([]byte(w.credential()), &members)
			members["allowed_hosts"] = []string{"elsewhere.example"}
			w.putCredential(victim, w.encode(members))
			w.due()
		},
		follow: func(w *ward, screen string) {
			if out, _ := w.paste(screen, "tokenkeeper explain", ""); !strings.Contains(out, strings.TrimPrefix(w.base, "http://")) {
				w.t.Errorf("explain does not name the host:\n%s", out)
			}
			w.putCredential(victim, []byte(w.credential()))
		}},
	{name: "The provider has another client secret", often: true,
		happen: func(w *ward) {
			w.sim.SetSecret(victim, fmt.Sprint("changed at ", time.Now().UnixNano()))
			w.due()
		},
		follow: func(w *ward, screen string) { w.must(w.paste(screen, "tokenkeeper credential put", w.credential())) }},
	{name: "The provider is down", paced: true,
		happen: func(w *ward) { w.sim.Break(victim, simulator.HTML(503)); w.due() },
		follow: func(w *ward, _ string) { w.sim.Mend(victim) }},
	{name: "A refresh token is rejected", paced: true,
		happen: func(w *ward) { w.rotating.forget(); w.putConfig("rotating", w.rotating.config("read")) },
		follow: func(w *ward, screen string) {
			w.must(w.paste(screen, "tokenkeeper refresh-token put", w.rotating.issue()))
		}},
	{name: "A secret is scheduled for deletion", often: true,
		happen: func(w *ward) {
			w.aws(nil, "secretsmanager", "delete-secret", "--secret-id", "tokenkeeper/tokens/"+victim, "--recovery-window-in-days", "7")
		},
		follow: func(w *ward, screen string) { w.must(w.paste(screen, "aws secretsmanager restore-secret", "")) }},
	{name: "Another program writes a secret", often: true,
		happen: func(w *ward) {
			w.aws(nil, "secretsmanager", "put-secret-value", "--secret-id", "tokenkeeper/tokens/"+victim, "--secret-string", "{}")
		},
		follow: func(*ward, string) {}},
	{name: "A provider was left paused",
		happen: func(w *ward) { w.must(w.shell("tokenkeeper pause "+victim, "")) },
		follow: func(w *ward, screen string) { w.must(w.paste(screen, "tokenkeeper resume", "")) }},
	{name: "A secret has lost its owner",
		happen: func(w *ward) {
			w.aws(nil, "secretsmanager", "untag-resource", "--secret-id", "tokenkeeper/tokens/"+victim, "--tag-keys", "tokenkeeper:owner")
		},
		follow: func(w *ward, screen string) { w.must(w.paste(screen, "tokenkeeper adopt", "")) }},
}

// A ward is a deployment that breakages befall. Its schedule is off: it sends ticks itself.
type ward struct {
	*deployment
	bin       string   // where the command line is
	variables []string // of the operator's shell
	rotating  *rotating
	scope     bool      // the victim is asked for another scope than before
	scheduled bool      // the schedule is on
	ticked    time.Time // when the last tick was sent that counts
}

// newWard takes over a deployment whose providers have tokens.
func newWard(t *testing.T, d *deployment) *ward {
	t.Helper()
	w := &ward{deployment: d, bin: t.TempDir(), rotating: &rotating{}}
	build := d.command(nil, "go", "build", "-o", filepath.Join(w.bin, "tokenkeeper"), "./cmd/tokenkeeper")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building the command line: %v\n%s", err, out)
	}
	server := httptest.NewServer(w.rotating)
	t.Cleanup(server.Close)
	w.rotating.base = server.URL
	d.putConfig("rotating", w.rotating.config("all"))
	d.putCredential("rotating", fmt.Appendf(nil, `{"client_id": "us", "client_secret": "example", "allowed_hosts": [%q]}`, strings.TrimPrefix(server.URL, "http://")))
	d.putConfig(victim, w.config()) // others may have edited it
	w.setSchedule("DISABLED")
	w.must(w.shell("tokenkeeper refresh-token put rotating", w.rotating.issue()))
	w.tick()
	w.tick() // in ministack a first token takes two: see appear
	w.well()
	return w
}

// befall has one happen, follows what its first screen says, and compares with the row of
// docs/operations.md.
func (w *ward) befall(t *testing.T, b breakage) {
	w.t = t
	row, ok := documentedBreakages(t, w.root)[b.name]
	if !ok {
		t.Fatalf("docs/operations.md has no row for %q", b.name)
	}
	w.ticked = time.Time{}
	b.happen(w)
	var screen string
	said := w.ticks(b, func() bool {
		screen, _ = w.shell(row.screen, "")
		return strings.Contains(flat(screen), row.says)
	})
	if said != row.ticks {
		t.Fatalf("%s says %q after %d ticks, want %d:\n%s", row.screen, row.says, said, row.ticks, screen)
	}
	b.follow(w, screen)
	ticks := w.ticks(b, w.isWell)
	if w.scheduled {
		w.setSchedule("DISABLED")
	}
	if out, code := w.status(); code != 0 || ticks != row.recovery {
		t.Errorf("well after %d ticks, want %d: exit code %d\n%s", ticks, row.recovery, code, out)
	}
}

// ticks sends as many as it takes until that is seen, at most three, and returns how many.
func (w *ward) ticks(b breakage, seen func() bool) (n int) {
	w.t.Helper()
	for ; n < 3 && !seen(); n++ {
		w.nextTick(b, seen)
	}
	return n
}

// nextTick sends one; for a paced breakage, as many as are needed until a minute has passed since
// the one before, or until that is seen.
func (w *ward) nextTick(b breakage, seen func() bool) {
	w.t.Helper()
	poll := time.NewTicker(time.Second)
	defer poll.Stop()
	w.tick()
	for b.paced && time.Since(w.ticked) < time.Minute && !seen() {
		<-poll.C
		w.tick()
	}
	w.ticked = time.Now()
}

// due makes the victim due, by a config that asks for another scope.
func (w *ward) due() {
	w.t.Helper()
	w.scope = !w.scope
	w.putConfig(victim, w.config())
}

func (w *ward) config() []byte {
	w.t.Helper()
	configs, err := w.sim.Configs(w.base)
	if err != nil {
		w.t.Fatal(err)
	}
	if !w.scope {
		return configs[victim]
	}
	var config map[string]any
	w.decode(configs[victim], &config)
	config["scope"] = "read:sources"
	return w.encode(config)
}

// credential is what the provider accepts now.
func (w *ward) credential() string {
	w.t.Helper()
	credentials, err := w.sim.Credentials(w.base)
	if err != nil {
		w.t.Fatal(err)
	}
	return string(credentials[victim])
}

func (w *ward) status() (out string, code int) {
	w.t.Helper()
	return w.shell("tokenkeeper status", "")
}

func (w *ward) isWell() bool {
	w.t.Helper()
	_, code := w.status()
	return code == 0
}

func (w *ward) well() {
	w.t.Helper()
	if out, code := w.status(); code != 0 {
		w.t.Fatalf("exit code %d\n%s", code, out)
	}
}

// shell runs what an operator types.
func (w *ward) shell(line, stdin string) (out string, code int) {
	w.t.Helper()
	cmd := w.command(w.variables, "bash", "-c", line)
	for i, variable := range cmd.Env {
		if path, ok := strings.CutPrefix(variable, "PATH="); ok {
			cmd.Env[i] = "PATH=" + w.bin + string(os.PathListSeparator) + path
		}
	}
	cmd.Stdin = strings.NewReader(stdin)
	data, _ := cmd.CombinedOutput()
	return string(data), cmd.ProcessState.ExitCode()
}

func (w *ward) must(out string, code int) {
	w.t.Helper()
	if code != 0 {
		w.t.Fatalf("exit code %d\n%s", code, out)
	}
}

// paste runs the command on a screen that begins so.
func (w *ward) paste(screen, begin, stdin string) (out string, code int) {
	w.t.Helper()
	_, rest, found := strings.Cut(screen, begin)
	line, _, _ := strings.Cut(rest, "\n")
	if !found {
		w.t.Fatalf("there is no %q on the screen:\n%s", begin, screen)
	}
	return w.shell(begin+line, stdin)
}

// deny takes these actions from the function's role; without any it has all its own again. The
// deny is a policy of its own, and the listing that ministack needs is one too: see allowListing.
func (w *ward) deny(actions ...string) {
	w.t.Helper()
	role := w.resource("RefresherRole")
	if len(actions) == 0 {
		w.aws(nil, "iam", "delete-role-policy", "--role-name", role, "--policy-name", "breakage")
		return
	}
	w.aws(nil, "iam", "put-role-policy", "--role-name", role, "--policy-name", "breakage", "--policy-document",
		fmt.Sprintf(`{"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": %s, "Resource": "*"}}`, w.encode(actions)))
}

// setSchedule enables or disables the schedule, as its page in the console does.
func (w *ward) setSchedule(state string) {
	w.t.Helper()
	schedule := w.schedule()
	for _, member := range []string{"Arn", "CreationDate", "LastModificationDate"} {
		delete(schedule, member)
	}
	schedule["State"] = state
	w.scheduled = state == "ENABLED"
	w.aws(nil, "scheduler", "update-schedule", "--cli-input-json", string(w.encode(schedule)))
}

func (w *ward) decode(data []byte, into any) {
	w.t.Helper()
	if err := json.Unmarshal(data, into); err != nil {
		w.t.Fatalf("%v in %s", err, data)
	}
}

func (w *ward) encode(v any) []byte {
	w.t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		w.t.Fatal(err)
	}
	return data
}

// A documentedBreakage is a row of docs/operations.md.
type documentedBreakage struct {
	screen, says    string
	ticks, recovery int
}

// documentedBreakages reads the table under "What each failure looks like".
func documentedBreakages(t *testing.T, root string) map[string]documentedBreakage {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, "docs/operations.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(data), "## What each failure looks like\n")
	section, _, _ = strings.Cut(section, "\n## ")
	rows := map[string]documentedBreakage{}
	for _, cells := range regexp.MustCompile("(?m)^\\| ([^|]+) \\| `([^`]+)` \\| ([^|]+) \\| (\\d) \\| [^|]+ \\| (\\d) \\|$").FindAllStringSubmatch(section, -1) {
		ticks, _ := strconv.Atoi(cells[4])
		recovery, _ := strconv.Atoi(cells[5])
		rows[cells[1]] = documentedBreakage{cells[2], cells[3], ticks, recovery}
	}
	if len(rows) != len(breakages) {
		t.Fatalf("docs/operations.md has %d rows, and %d breakages are tried", len(rows), len(breakages))
	}
	return rows
}

// flat is a text in one line, as it was before it was broken to the width of a screen.
func flat(text string) string { return strings.Join(strings.Fields(text), " ") }

// rotating is a token endpoint that takes its last refresh token and gives the next.
type rotating struct {
	base   string
	mu     sync.Mutex
	serial int
}

// config asks it for a scope.
func (r *rotating) config(scope string) []byte {
	return fmt.Appendf(nil, `{"token_endpoint": "%s/token", "grant_type": "refresh_token", "scope": %q}`, r.base, scope)
}

func (r *rotating) token() string { return fmt.Sprint("ticket-", r.serial) }

// issue returns the refresh token that is good now.
func (r *rotating) issue() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.token()
}

// forget has it take another than it gave.
func (r *rotating) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.serial += 100
}

func (r *rotating) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	if req.FormValue("refresh_token") != r.token() {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = fmt.Fprint(w, `{"error": "invalid_grant"}`)
		return
	}
	r.serial++
	_, _ = fmt.Fprintf(w, `{"access_token": "example-token-%d", "token_type": "Bearer", "expires_in": 3600, "refresh_token": %q}`, r.serial, r.token())
}
