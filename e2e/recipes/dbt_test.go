package recipes_test

import (
	"encoding/binary"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.com/tokenkeeper/internal/awstest"
)

// dbt logs in with the token that is kept, and prints it nowhere, not even where the
// warehouse repeats it; without a live token it is not started.
func TestDBT(t *testing.T) {
	t.Parallel()
	store := awstest.New(t, awstest.Options{})
	w := newWarehouse(t)
	keep := func(record string) {
		store.SetSecret(awstest.Secret{Name: secretID, Versions: []awstest.Version{{Value: record, Labels: []string{"AWSCURRENT"}}}})
	}

	keep(record("first-token", time.Hour))
	said, err := dbt(t, store, w, "debug")
	if got := w.password(); got != "first-token" {
		t.Errorf("the warehouse was sent the password %q (%v)", got, err)
	}
	if !strings.Contains(said, "the password ***** is not known") {
		t.Errorf("dbt says, without the warehouse's reason:\n%s", said)
	}
	if strings.Contains(said, "first-token") {
		t.Errorf("dbt prints the token:\n%s", said)
	}

	keep(record("second-token", -time.Second))
	said, err = dbt(t, store, w, "debug")
	if err == nil || !strings.Contains(said, "has expired") || w.password() != "" {
		t.Errorf("with a token that has expired: %v\n%s", err, said)
	}
}

// dbt runs the recipe and returns all that it prints and logs.
func dbt(t *testing.T, store *awstest.AWS, w *warehouse, command string) (string, error) {
	t.Helper()
	tools, err := filepath.Abs("../../.tools/recipes-dbt/bin")
	if err != nil {
		t.Fatal(err)
	}
	host, port, err := net.SplitHostPort(w.address)
	if err != nil {
		t.Fatal(err)
	}
	logs := t.TempDir()
	cmd := exec.CommandContext(t.Context(), "./run.sh", secretID, command, "--profiles-dir", ".")
	cmd.Dir = "../../examples/recipes/dbt"
	cmd.Env = append(environment(t, store.URL()), "PATH="+tools+":"+os.Getenv("PATH"), "WAREHOUSE_HOST="+host, "WAREHOUSE_PORT="+port,
		"DBT_LOG_PATH="+logs, "DBT_TARGET_PATH="+t.TempDir(), "DBT_SEND_ANONYMOUS_USAGE_STATS=false", "PYTHONDONTWRITEBYTECODE=1")
	said, err := cmd.CombinedOutput()
	logged, _ := os.ReadFile(filepath.Join(logs, "dbt.log")) // there is none if dbt was not started
	return string(said) + string(logged), err
}

// A warehouse asks for a password as PostgreSQL does, and refuses it, repeating it.
type warehouse struct {
	address   string
	passwords chan string
}

func newWarehouse(t *testing.T) *warehouse {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	w := &warehouse{address: l.Addr().String(), passwords: make(chan string, 8)}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			w.serve(conn)
		}
	}()
	return w
}

// serve speaks as much of PostgreSQL's protocol (version 3, "Message Formats") as a login
// that fails takes.
func (w *warehouse) serve(conn net.Conn) {
	defer conn.Close()
	const askedForTLS = 80877103
	for {
		message := readMessage(conn, 0)
		if len(message) < 4 {
			return
		}
		if binary.BigEndian.Uint32(message) != askedForTLS {
			break
		}
		_, _ = conn.Write([]byte("N"))
	}
	_, _ = conn.Write([]byte{'R', 0, 0, 0, 8, 0, 0, 0, 3}) // AuthenticationCleartextPassword
	password := strings.TrimRight(string(readMessage(conn, 1)), "\x00")
	w.passwords <- password
	reason := "SFATAL\x00C28P01\x00Mthe password " + password + " is not known\x00\x00"
	_, _ = conn.Write(append(binary.BigEndian.AppendUint32([]byte("E"), uint32(len(reason)+4)), reason...))
}

// readMessage reads a message whose type is so many bytes.
func readMessage(r io.Reader, kind int) []byte {
	head := make([]byte, kind+4)
	if _, err := io.ReadFull(r, head); err != nil {
		return nil
	}
	body := make([]byte, binary.BigEndian.Uint32(head[kind:])-4)
	_, _ = io.ReadFull(r, body)
	return body
}

// password returns what was sent since it was called last; empty: nothing.
func (w *warehouse) password() string {
	last := ""
	for {
		select {
		case last = <-w.passwords:
		default:
			return last
		}
	}
}
