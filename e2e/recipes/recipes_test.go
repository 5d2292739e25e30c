// Package recipes_test runs the recipes of docs/recipes.md that install from a registry: the
// libraries that applications really use, as their registries have them, against a Secrets
// Manager and an API that knows which token is good.
package recipes_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"example.com/tokenkeeper/internal/awstest"
)

const secretID = "tokenkeeper/tokens/meitner"

// recipe is one example of docs/recipes.md, as a command that takes the secret and the URL.
type recipe struct {
	name    string
	dir     string // in examples/recipes
	command []string
	env     []string
	// looks is that it reads at each use, and so is never answered 401 for a token that was
	// replaced.
	looks bool
}

// recipes returns them all; tools/test recipes has installed what they need.
func recipes(t *testing.T) []recipe {
	t.Helper()
	tools, err := filepath.Abs("../../.tools")
	if err != nil {
		t.Fatal(err)
	}
	for _, set := range []string{"recipes", "recipes-airflow", "recipes-dbt", "recipes-node", "recipes-java", "recipes-spring"} {
		if _, err := os.Stat(filepath.Join(tools, set, ".stamp")); err != nil {
			t.Fatalf("%v: run tools/test recipes, which installs it", err)
		}
	}
	python := func(set, client string) []string {
		return []string{filepath.Join(tools, set, "bin", "python"), "-B", "call.py", client}
	}
	java := func(set string) []string {
		return []string{"java", "-cp", filepath.Join(tools, set, "classes") + ":" + filepath.Join(tools, set, "dependency", "*"), "Call"}
	}
	var all []recipe
	for _, r := range []string{"client_boto3", "client_powertools", "client_caching"} {
		all = append(all, recipe{name: "python " + r, dir: "python", command: python("recipes", r)})
	}
	for _, r := range []string{"powertools", "middy"} {
		all = append(all, recipe{name: "node " + r, dir: filepath.Join(tools, "recipes-node"), command: []string{"node", "call.mjs", r}})
	}
	return append(all,
		recipe{name: "java caching", dir: "java", command: java("recipes-java")},
		recipe{name: "spring", dir: "spring", command: java("recipes-spring")},
		recipe{name: "airflow", dir: "python", command: python("recipes-airflow", "client_airflow"), looks: true, env: []string{
			"AIRFLOW_HOME=" + t.TempDir(),
			"AIRFLOW__SECRETS__BACKEND=airflow.providers.amazon.aws.secrets.secrets_manager.SecretsManagerBackend",
			`AIRFLOW__SECRETS__BACKEND_KWARGS={"connections_prefix": "tokenkeeper/tokens", "sep": "/"}`,
			"AIRFLOW__LOGGING__LOGGING_LEVEL=WARNING",
		}})
}

// Each recipe calls an API with the token that is kept; is answered 401 once that was
// replaced, looks again and calls once more; and sends no token that has expired.
func TestRecipes(t *testing.T) {
	for _, r := range recipes(t) {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			store := awstest.New(t, awstest.Options{})
			api := newAPI(t)
			store.SetSecret(awstest.Secret{Name: secretID, Versions: []awstest.Version{{Value: record("first", time.Hour), Labels: []string{"AWSCURRENT"}}}})
			api.accept("first")
			p := start(t, r, store.URL(), api.URL)

			p.want("200")
			p.want("200")
			put(t, store, record("second", time.Hour))
			api.accept("second")
			p.want("200")
			sent := "first first first second"
			if r.looks {
				sent = "first first second"
			}
			if got := api.seen(); got != sent {
				t.Errorf("the API was sent %s, want %s", got, sent)
			}

			// An outage for longer than a token lives: what is kept has expired.
			put(t, store, record("third", -time.Second))
			api.accept("fourth")
			p.want("has expired")
			if !r.looks {
				sent += " second"
			}
			if got := api.seen(); got != sent {
				t.Errorf("after the token expired the API was sent %s, want %s", got, sent)
			}
		})
	}
}

// record is version 1, and Airflow's shape beside it: docs/recipes.md, "One record for two
// tools".
func record(token string, lives time.Duration) string {
	expires := time.Now().Add(lives).UTC().Truncate(time.Second)
	text, err := json.Marshal(map[string]any{"version": 1, "access_token": token, "token_type": "Bearer", "provider": "meitner",
		"expires_at": expires.Format(time.RFC3339), "expires_at_unix": expires.Unix(),
		"conn_type": "http", "host": "https://api.meitner.se", "password": token, "extra": map[string]any{"expires_at_unix": expires.Unix()}})
	if err != nil {
		panic(err) // of texts and numbers
	}
	return string(text)
}

func put(t *testing.T, store *awstest.AWS, record string) {
	t.Helper()
	_, err := secretsmanager.NewFromConfig(store.Config()).PutSecretValue(t.Context(), &secretsmanager.PutSecretValueInput{
		SecretId: aws.String(secretID), SecretString: aws.String(record)})
	if err != nil {
		t.Fatal(err)
	}
}

// An api takes one token and remembers which it was sent.
type api struct {
	*httptest.Server
	mu    sync.Mutex
	good  string
	calls []string
}

func newAPI(t *testing.T) *api {
	a := &api{}
	a.Server = httptest.NewServer(a)
	t.Cleanup(a.Close)
	return a
}

func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	a.calls = append(a.calls, token)
	if token != a.good {
		w.WriteHeader(http.StatusUnauthorized)
	}
}

func (a *api) accept(token string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.good = token
}

func (a *api) seen() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return strings.Join(a.calls, " ")
}

// A process is a recipe at work: one line in, one call, one line out.
type process struct {
	t   *testing.T
	in  io.Writer
	out *bufio.Reader
	err *strings.Builder
}

func start(t *testing.T, r recipe, store, api string) *process {
	t.Helper()
	dir := r.dir
	if !filepath.IsAbs(dir) {
		dir = filepath.Join("..", "..", "examples", "recipes", dir)
	}
	cmd := exec.CommandContext(t.Context(), r.command[0], append(r.command[1:], secretID, api)...)
	cmd.Dir = dir
	cmd.Env = append(environment(t, store), r.env...)
	p := &process{t: t, err: &strings.Builder{}}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.in, p.out = in, bufio.NewReader(out)
	cmd.Stderr = p.err
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Wait()
	})
	return p
}

// environment is that of an application that reads from store.
func environment(t *testing.T, store string) []string {
	return []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(),
		"AWS_ENDPOINT_URL=" + store, "AWS_REGION=eu-north-1", "AWS_DEFAULT_REGION=eu-north-1", "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test",
		"AWS_CONFIG_FILE=" + os.DevNull, "AWS_SHARED_CREDENTIALS_FILE=" + os.DevNull}
}

// want makes the recipe call once.
func (p *process) want(answer string) {
	p.t.Helper()
	fmt.Fprintln(p.in)
	line, err := p.out.ReadString('\n')
	if err != nil || !strings.Contains(line, answer) {
		p.t.Fatalf("the recipe says %q, want %q (%v)", line, answer, err)
	}
}
