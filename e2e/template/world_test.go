package template_test

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"example.com/tokenkeeper/e2e/internal/cloudformation"
	"example.com/tokenkeeper/e2e/internal/function"
	"example.com/tokenkeeper/internal/awstest"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/simulator"
)

const (
	root  = "../.."
	stack = "tokenkeeper"
	// timeout is that of the function at a tick of a minute.
	timeout = 57 * time.Second
)

// A world is the stack at work, with the four providers: the built function in the
// environment and under the role that the template gives it.
type world struct {
	*awstest.AWS
	t          *testing.T
	sim        *simulator.Simulator
	base       string // of the simulator
	parameters map[string]string
	resources  map[string]cloudformation.Resource
	role       *awstest.Policy // of the function
	function   *function.Function
}

func newWorld(t *testing.T, bootstrap string, parameters map[string]string) *world {
	t.Helper()
	w := &world{AWS: awstest.New(t, awstest.Options{NoQuotas: true}), t: t, sim: simulator.New(simulator.Options{})}
	providers := http.NewServeMux()
	providers.Handle("/", w.sim)
	providers.Handle("POST /rotating/token", rotating())
	server := httptest.NewServer(providers)
	t.Cleanup(server.Close)
	w.base = server.URL

	w.SetKey(keyARN, awstest.KeyEnabled)
	w.parameters = map[string]string{"EndpointUrl": w.URL()}
	maps.Copy(w.parameters, parameters)
	w.resources = resolve(t, w.parameters)
	w.role = policy(t, documents(t, w.resources["RefresherRole"])...)
	w.Authorize(w.role.Allows)
	environ := w.Environ()
	for name, value := range environment(t, w.resources) {
		environ = append(environ, name+"="+value)
	}
	w.function = function.Start(t, bootstrap, timeout, environ)
	return w
}

// resolve returns the resources of the stack of those parameters.
func resolve(t *testing.T, parameters map[string]string) map[string]cloudformation.Resource {
	t.Helper()
	return resolveAs(t, stack, parameters)
}

func resolveAs(t *testing.T, stack string, parameters map[string]string) map[string]cloudformation.Resource {
	t.Helper()
	template, err := cloudformation.Read(root + "/template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	resources, err := template.Resolve(cloudformation.Pseudo{Account: "123456789012", Region: "eu-north-1", Stack: stack}, parameters)
	if err != nil {
		t.Fatal(err)
	}
	return resources
}

// environment is what the template sets for the function.
func environment(t *testing.T, resources map[string]cloudformation.Resource) map[string]string {
	t.Helper()
	variables := map[string]string{}
	for name, value := range at(t, resources["RefresherFunction"].Properties, "Environment", "Variables").(map[string]any) {
		variables[name] = fmt.Sprint(value)
	}
	return variables
}

// setUp puts the config and the credential of each provider, the latter into Parameter Store.
func (w *world) setUp() {
	w.t.Helper()
	for _, name := range simulator.Names() {
		w.setConfig(name)
		w.setCredential(name)
	}
}

// rotating is a token endpoint that takes its last refresh token and gives the next.
func rotating() http.Handler {
	serial := 1
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("grant_type") != "refresh_token" || r.FormValue("refresh_token") != fmt.Sprint("ticket-", serial) {
			if r.FormValue("refresh_token") == "unanswered" {
				w.WriteHeader(http.StatusInternalServerError)
				return
			}
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"error": "invalid_grant"}`)
			return
		}
		serial++
		fmt.Fprintf(w, `{"access_token": "example-token-%d", "token_type": "Bearer", "expires_in": 3600, "refresh_token": "ticket-%d"}`, serial, serial)
	})
}

// setUpRotating puts a provider that is logged in to with a refresh token.
func (w *world) setUpRotating() {
	w.t.Helper()
	host := strings.TrimPrefix(w.base, "http://")
	w.SetParameter(awstest.Parameter{Name: "/tokenkeeper/providers/rotating",
		Value: fmt.Sprintf(`{"token_endpoint": "%s/rotating/token", "grant_type": "refresh_token"}`, w.base)})
	w.putCredential("rotating", fmt.Sprintf(`{"client_id": "us", "client_secret": "example-client-secret", "allowed_hosts": [%q]}`, host))
	w.setRefreshToken("ticket-1")
}

func (w *world) setRefreshToken(token string) {
	w.SetSecret(awstest.Secret{Name: "tokenkeeper/private/rotating", Tags: map[string]string{"tokenkeeper:owner": stack},
		Versions: []awstest.Version{{Value: fmt.Sprintf(`{"refresh_token": %q}`, token), Labels: []string{"AWSCURRENT"}}}})
}

// setConfig puts a provider's config.
func (w *world) setConfig(name string) {
	w.SetParameter(awstest.Parameter{Name: "/tokenkeeper/providers/" + name, Value: w.config(name)})
}

// config is the config of a provider, and credential what it expects now.
func (w *world) config(name string) string {
	w.t.Helper()
	configs, err := w.sim.Configs(w.base)
	if err != nil {
		w.t.Fatal(err)
	}
	return string(configs[name])
}

func (w *world) credential(name string) string {
	w.t.Helper()
	credentials, err := w.sim.Credentials(w.base)
	if err != nil {
		w.t.Fatal(err)
	}
	return string(credentials[name])
}

func (w *world) setCredential(name string) { w.putCredential(name, w.credential(name)) }

func (w *world) putCredential(name, credential string) {
	w.SetParameter(awstest.Parameter{Name: "/tokenkeeper/credentials/" + name, Value: credential, Type: "SecureString"})
}

// setRecord puts a secret with a token that was issued so long ago.
func (w *world) setRecord(name string, ago, lifetime time.Duration) {
	w.t.Helper()
	version := refresh.Version{IssuedAt: time.Now().Add(-ago), Lifetime: lifetime}
	w.SetSecret(awstest.Secret{Name: "tokenkeeper/tokens/" + name, Tags: map[string]string{"tokenkeeper:owner": stack},
		Versions: []awstest.Version{{ID: string(version.ID()), Value: "{}", Labels: []string{"AWSCURRENT"}}}})
}

func (w *world) tick() function.Result {
	w.t.Helper()
	return w.function.Invoke(fmt.Sprintf(`{"tick": %q}`, time.Now().UTC().Format(time.RFC3339)))
}

// force asks each of the providers for a new token.
func (w *world) force(names ...string) function.Result {
	w.t.Helper()
	return w.function.Invoke(fmt.Sprintf(`{"refresh": %s, "force": true}`, jsonOf(w.t, names)))
}
