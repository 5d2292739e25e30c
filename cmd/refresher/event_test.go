package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/tokenkeeper/internal/refresh"
)

func TestParseEvent(t *testing.T) {
	tick := func(age time.Duration) string { return fmt.Sprintf(`{"tick":%q}`, noon.Add(-age).Format(time.RFC3339)) }
	many, _ := json.Marshal(strings.Split(strings.Repeat("a ", 101)+"a", " "))
	const notOurs = "it is neither a tick nor a refresh of named providers"
	const stale = "it is a tick older than two periods, and another has come since"
	for _, row := range []struct {
		name, event string
		want        refresh.Job
		ignored     string
	}{
		{"a tick", tick(0), refresh.Job{}, ""},
		{"a tick of the last period", tick(time.Minute), refresh.Job{}, ""},
		{"a tick two periods old", tick(2 * time.Minute), refresh.Job{}, ""},
		{"an older tick", tick(2*time.Minute + time.Second), refresh.Job{}, stale},
		{"a tick from a clock that is ahead", tick(-time.Hour), refresh.Job{}, ""},
		{"a tick whose time was not filled in", `{"tick":"<aws.scheduler.scheduled-time>"}`, refresh.Job{}, ""},
		{"a tick without a time", `{"tick":""}`, refresh.Job{}, ""},
		{"a byte order mark", "\ufeff" + tick(0), refresh.Job{}, ""},
		{"one provider", `{"refresh":["meitner"]}`, refresh.Job{Only: []string{"meitner"}}, ""},
		{"two providers, by force", `{"refresh":["meitner","meti"],"force":true}`, refresh.Job{Only: []string{"meitner", "meti"}, Force: true}, ""},

		{"a config that changed", `{"changed":"/tokenkeeper/providers/meitner"}`, refresh.Job{Only: []string{"meitner"}, Edited: true}, ""},
		{"an approved copy that changed", `{"changed":"/a/b/approved/shared/meti-login"}`, refresh.Job{Only: []string{"meti-login"}, Edited: true}, ""},
		{"a credential that changed", `{"changed":"/tokenkeeper/credentials/meitner"}`, refresh.Job{Only: []string{"meitner"}, Edited: true}, ""},
		{"another parameter that changed", `{"changed":"/tokenkeeper/others/meitner"}`, refresh.Job{}, "the parameter in it is none of a provider"},
		{"one below a config", `{"changed":"/tokenkeeper/providers/team/meitner"}`, refresh.Job{}, "the parameter in it is none of a provider"},
		{"one for the log", `{"changed":"/tokenkeeper/providers/a\u001b[31m"}`, refresh.Job{}, "the parameter in it is none of a provider"},
		{"one with a name that AWS would mistake", `{"changed":"/tokenkeeper/providers/erp-backup"}`, refresh.Job{}, "the parameter in it is none of a provider"},
		{"a change by force", `{"changed":"/tokenkeeper/providers/meitner","force":true}`, refresh.Job{}, notOurs},
		{"a change and names", `{"changed":"/tokenkeeper/providers/meitner","refresh":["a"]}`, refresh.Job{}, notOurs},
		{"a change and a tick", `{"changed":"/tokenkeeper/providers/meitner","tick":""}`, refresh.Job{}, notOurs},
		{"a change that is a number", `{"changed":1}`, refresh.Job{}, notOurs},

		{"nothing", ``, refresh.Job{}, notOurs},
		{"null", `null`, refresh.Job{}, notOurs},
		{"an empty object", `{}`, refresh.Job{}, notOurs},
		{"the console's test event", `{"key1":"value1","key2":"value2"}`, refresh.Job{}, notOurs},
		{"no names: not everybody", `{"refresh":[]}`, refresh.Job{}, notOurs},
		{"null for names", `{"refresh":null}`, refresh.Job{}, notOurs},
		{"force without names", `{"force":true}`, refresh.Job{}, notOurs},
		{"a forced tick", `{"tick":"","force":true}`, refresh.Job{}, notOurs},
		{"both", `{"tick":"","refresh":["meitner"]}`, refresh.Job{}, notOurs},
		{"a tick that is a number", `{"tick":1795348800}`, refresh.Job{}, notOurs},
		{"a name that is a number", `{"refresh":[1]}`, refresh.Job{}, notOurs},
		{"a name twice in the object", `{"refresh":["a"],"refresh":["b"]}`, refresh.Job{}, notOurs},
		{"another case", `{"Refresh":["meitner"]}`, refresh.Job{}, notOurs},
		{"a url", `{"refresh":["meitner"],"token_endpoint":"https://evil.example"}`, refresh.Job{}, notOurs},
		{"something after it", `{"refresh":["meitner"]} {}`, refresh.Job{}, notOurs},
		{"an array", `["meitner"]`, refresh.Job{}, notOurs},
		{"a name that is none", `{"refresh":["../credentials/x"]}`, refresh.Job{}, "one of the names in it is not that of a provider"},
		{"a name for the log", `{"refresh":["a\u001b[31m\n{}"]}`, refresh.Job{}, "one of the names in it is not that of a provider"},
		{"too many names", `{"refresh":` + string(many) + `}`, refresh.Job{}, "it names 102 providers, and at most 100 can be"},
		{"too much", `{"tick":"` + strings.Repeat("x", 1<<20) + `"}`, refresh.Job{}, notOurs},
		{"too deep", strings.Repeat(`{"tick":`, 5000), refresh.Job{}, notOurs},
	} {
		t.Run(row.name, func(t *testing.T) {
			job, err := parseEvent([]byte(row.event), noon, time.Minute)
			var ignored string
			if err != nil {
				ignored = err.Error()
			}
			if diff := cmp.Diff(row.want, job); diff != "" || ignored != row.ignored {
				t.Errorf("ignored: %q, want %q (-want +got):\n%s", ignored, row.ignored, diff)
			}
		})
	}
}

// The examples that people invoke the function with are events that it takes.
func TestExampleEvents(t *testing.T) {
	files, err := filepath.Glob("../../events/*.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		// Read long after it was written, a tick is stale.
		if _, err := parseEvent(data, time.Time{}, time.Minute); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
}

// Whatever comes, it names providers or nothing.
func FuzzParseEvent(f *testing.F) {
	for _, seed := range []string{`{"tick":"2026-11-22T12:00:00Z"}`, `{"refresh":["meitner"],"force":true}`, `{"refresh":["a/b"]}`, `{}`, `null`, ``} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		job, err := parseEvent(data, noon, time.Minute)
		if err != nil && (len(job.Only) > 0 || job.Force) {
			t.Errorf("ignored, and yet %+v", job)
		}
		if job.Force && len(job.Only) == 0 {
			t.Error("everybody is forced")
		}
		for _, name := range job.Only {
			if err := refresh.CheckName(name); err != nil {
				t.Error(err)
			}
		}
	})
}
