package localstore_test

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// files is what a disk holds, by name.
type files map[string]*inode

// An inode is a file without its name.
type inode struct {
	data   string
	synced int // the bytes of it that are durable
}

// A powerless disk is a model of one that may lose its power: what was written to a file
// is durable once the file was flushed, and what was done to a name once the folder was.
// Until then each may be there or not, whatever came after it.
type powerlessDisk struct {
	live    files // what processes see
	durable files
	pending []func(files)
}

// load begins with what is in a directory, all of it durable.
func (p *powerlessDisk) load(t *testing.T, dir string) {
	t.Helper()
	p.live, p.durable = files{}, files{}
	root := os.DirFS(dir)
	err := fs.WalkDir(root, ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := fs.ReadFile(root, name)
		p.live[name] = &inode{data: string(data), synced: len(data)}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	p.durable = maps.Clone(p.live)
}

func (p *powerlessDisk) take(s step) {
	switch s.op {
	case "create":
		f := &inode{}
		p.name(func(m files) { m[s.name] = f })
	case "write":
		p.live[s.name].data += string(s.data)
	case "sync":
		p.live[s.name].synced = len(p.live[s.name].data)
	case "rename":
		f := p.live[s.name]
		p.name(func(m files) {
			if m[s.name] == f {
				delete(m, s.name)
			}
			m[s.to] = f
		})
	case "remove":
		p.name(func(m files) { delete(m, s.name) })
	case "syncdir":
		for _, f := range p.pending {
			f(p.durable)
		}
		p.pending = nil
	}
}

// name does something to a name that is not durable yet.
func (p *powerlessDisk) name(f func(files)) {
	f(p.live)
	p.pending = append(p.pending, f)
}

// losses returns everything that can be there when the power is back.
func (p *powerlessDisk) losses() []map[string]string {
	var all []map[string]string
	for kept := range 1 << len(p.pending) {
		m := maps.Clone(p.durable)
		for i, f := range p.pending {
			if kept&(1<<i) != 0 {
				f(m)
			}
		}
		for _, part := range []int{0, 1, 2} { // none, half or all of what was not flushed
			contents := make(map[string]string, len(m))
			for name, f := range m {
				contents[name] = f.data[:f.synced+(len(f.data)-f.synced)*part/2]
			}
			all = append(all, contents)
		}
	}
	return all
}

func TestPowerLostAfterEveryStep(t *testing.T) {
	for _, c := range interruptions() {
		t.Run(strings.ReplaceAll(c.name, " ", "_"), func(t *testing.T) {
			want := c.expect(t)
			dir := t.TempDir()
			d, disk := c.begin(t, dir)
			var power powerlessDisk
			power.load(t, dir)
			if err := c.do(t, d); err != nil {
				t.Fatal(err)
			}

			seen := make(map[string]bool)
			for n := range len(disk.steps) + 1 {
				if n > 0 {
					power.take(disk.steps[n-1])
				}
				for _, contents := range power.losses() {
					key := fmt.Sprint(contents)
					if seen[key] {
						continue
					}
					seen[key] = true
					c.check(t, restore(t, contents), want)
					if t.Failed() {
						t.Fatalf("power lost after %+v, which left %q", disk.steps[:n], slices.Sorted(maps.Keys(contents)))
					}
				}
			}

			// What has returned is durable.
			for _, contents := range power.losses() {
				dir := restore(t, contents)
				if diff := cmp.Diff(want.states[1], stateOf(t, dir)); diff != "" {
					t.Errorf("power lost after the change had returned (-want +got):\n%s", diff)
				}
				if got := readRecord(t, dir, meitner); got != want.records[1] {
					t.Errorf("power lost after the change had returned: consumers read %q, want %q", got, want.records[1])
				}
			}
		})
	}
}

// A killed process has flushed less than one that ended, and the next one builds on it.
func TestPowerLostAfterAKill(t *testing.T) {
	for killed := 0; ; killed++ {
		dir := t.TempDir()
		first := &tracedDisk{}
		d := openOn(t, dir, first)
		lock(t, d)
		save(t, d, change("", at(0)))
		first.steps = nil
		var power powerlessDisk
		power.load(t, dir)
		first.refuse = killedAt(killed)
		_, err := d.Save(t.Context(), change(at(0), at(1)))
		d.Close()
		if err == nil {
			return
		}

		second := &tracedDisk{}
		d = openOn(t, dir, second)
		lock(t, d)
		save(t, d, change(stateOf(t, dir).Current, at(2)))
		d.Close()
		seen := make(map[string]bool)
		for n, s := range append(first.steps, second.steps...) {
			power.take(s)
			if n < len(first.steps) {
				continue
			}
			for _, contents := range power.losses() {
				key := fmt.Sprint(contents)
				if seen[key] {
					continue
				}
				seen[key] = true
				dir := restore(t, contents)
				st := stateOf(t, dir)
				if _, ours := st.Current.Parse(); !ours || readRecord(t, dir, meitner) != recordOf(st.Current) {
					t.Fatalf("killed before step %d, and power lost after step %d of the next run, %+v: %q is current, and consumers read %q",
						killed, n-len(first.steps), s, st.Current, readRecord(t, dir, meitner))
				}
			}
		}
	}
}

// restore makes a directory of what a lost power has left.
func restore(t *testing.T, contents map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range contents {
		write(t, filepath.Join(dir, filepath.FromSlash(name)), content)
	}
	return dir
}
