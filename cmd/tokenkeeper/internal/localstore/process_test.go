package localstore_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/localstore"
	"example.com/tokenkeeper/internal/refresh"
)

// writerDir makes this test binary a process that stores one token after the other in the
// directory that it names, until it is killed.
const writerDir = "TOKENKEEPER_TEST_WRITER_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(writerDir); dir != "" {
		fmt.Fprintln(os.Stderr, writeForever(dir))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// writeForever prints the number of each token that is stored.
func writeForever(dir string) error {
	d, err := localstore.Open(dir)
	if err != nil {
		return err
	}
	if err := d.Lock(); err != nil {
		return err
	}
	for {
		st, err := d.Open(context.Background(), meitner)
		if err != nil {
			return err
		}
		n := 0
		if v, ok := st.Current.Parse(); ok {
			n = int(v.IssuedAt.Sub(noon).Minutes()) + 1
		}
		if _, err := d.Save(context.Background(), change(st.Current, at(n))); err != nil {
			return err
		}
		if _, err := fmt.Println(n); err != nil {
			return err
		}
	}
}

// The enumeration in crash_test.go, once more with a real process and a real kill -9.
func TestProcessesThatAreKilled(t *testing.T) {
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for round := range 8 {
		writer := exec.Command(binary)
		writer.Env = append(os.Environ(), writerDir+"="+dir)
		writer.Stderr = os.Stderr
		out, err := writer.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := writer.Start(); err != nil {
			t.Fatal(err)
		}
		stored := -1
		lines := bufio.NewScanner(out)
		for range round + 1 {
			if !lines.Scan() {
				break
			}
			if stored, err = strconv.Atoi(lines.Text()); err != nil {
				t.Errorf("the writer says %q", lines.Text())
			}
		}
		says(t, open(t, dir).Lock(), fmt.Sprintf("process %d is writing", writer.Process.Pid))
		if err := writer.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		for lines.Scan() { // what it had said before it was killed
			stored, _ = strconv.Atoi(lines.Text())
		}
		_ = writer.Wait() // it was killed

		st := stateOf(t, dir)
		v, ours := st.Current.Parse()
		if got := int(v.IssuedAt.Sub(noon).Minutes()); !ours || got < stored {
			t.Errorf("killed after it had stored token %d: %q is current", stored, st.Current)
		}
		if got := readRecord(t, dir, meitner); got != recordOf(st.Current) {
			t.Errorf("with %q as current consumers read %q", st.Current, got)
		}
		d := open(t, dir)
		lock(t, d)
		if st.Next != "" {
			if st := save(t, d, refresh.Change{Provider: meitner, From: st.Current, To: st.Next}); st.Next != "" {
				t.Errorf("next became current, and is still next: %+v", st)
			}
		}
		if left, _ := filepath.Glob(filepath.Join(dir, "tokens", ".tmp-*")); left != nil {
			t.Errorf("these are left: %s", strings.Join(left, ", "))
		}
		d.Close()
	}
}
