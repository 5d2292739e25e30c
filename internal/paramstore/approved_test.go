package paramstore_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"example.com/tokenkeeper/internal/awstest"
)

// Approved copies are listed after the configs, whatever the pages, with the credential whose
// owner approved each. What is none has its error, and is no copy of anything.
func TestApprovedCopies(t *testing.T) {
	for _, o := range []awstest.Options{{}, {PageSize: 1}, {PageSize: 2, EmptyPages: true}} {
		synctest.Test(t, func(t *testing.T) {
			o.NoQuotas = true
			w := newWorld(t, o)
			for name, kind := range map[string]string{
				providersPath + "/a":            "String",
				approvedPath + "/a/a":           "String",
				approvedPath + "/shared/a":      "String",
				approvedPath + "/shared/b":      "SecureString",
				approvedPath + "/shared/c":      "StringList",
				approvedPath + "/lone":          "String",
				approvedPath + "/shared/team/d": "String",
				approvedPath + "-old/a/a":       "String",
			} {
				w.SetParameter(awstest.Parameter{Name: name, Value: config, Type: kind})
			}
			docs, err := w.Configs(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]string{}
			for i, d := range docs {
				if i == 0 && d.Where != providersPath+"/a" {
					t.Errorf("%s is listed first", d.Where)
				}
				state := "good"
				if d.Err != nil {
					_, state, _ = strings.Cut(d.Err.Error(), ": ")
					state, _, _ = strings.Cut(state, " ")
					state += " " + fmt.Sprint(strings.Contains(d.Err.Error(), "tokenkeeper approve"))
				}
				got[d.Where] = d.Approver + " " + d.Name + " " + state
			}
			want := map[string]string{
				providersPath + "/a":            " a good",
				approvedPath + "/a/a":           "a a good",
				approvedPath + "/shared/a":      "shared a good",
				approvedPath + "/shared/b":      "shared b it false",
				approvedPath + "/shared/c":      "shared c it false",
				approvedPath + "/lone":          " approved/lone it true",
				approvedPath + "/shared/team/d": " approved/shared/team/d it true",
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%+v (-want +got):\n%s", o, diff)
			}
		})
	}
}
