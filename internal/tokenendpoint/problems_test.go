package tokenendpoint_test

import (
	"errors"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
	"example.com/tokenkeeper/internal/tokenendpoint"
)

var update = flag.Bool("update", false, "write what is said of wrong configs to testdata/problems.txt")

// The file is read from top to bottom by people: each message must be enough for the
// owner of the document to put it right.
func TestProblems(t *testing.T) {
	const file = "testdata/problems.txt"
	golden, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	head, cases, _ := strings.Cut(string(golden), "\n== ")
	var out strings.Builder
	out.WriteString(head)
	n := 0
	for text := range strings.SplitSeq(cases, "\n== ") {
		title, rest, _ := strings.Cut(text, "\n")
		documents, want, _ := strings.Cut(rest, "\n>")
		if rest := "\n" + rest; strings.HasPrefix(rest, "\n>") {
			documents, want = "", rest[2:]
		}
		documents = strings.TrimSuffix(documents, "\n")
		got := ""
		for _, line := range strings.Split(problemsOf(t, title, documents), "\n") {
			got += "\n> " + line
		}
		out.WriteString("\n== " + title + "\n" + documents + got)
		n++
		if diff := cmp.Diff(strings.TrimSpace("\n>"+want), strings.TrimSpace(got)); diff != "" && !*update {
			t.Errorf("%s (-want +got):\n%s", title, diff)
		}
		for _, secret := range []string{"hunter2", "c2VjcmV0", "eyJzdWIi", "cmVwb3J0czp"} {
			if strings.Contains(got, secret) {
				t.Errorf("%s: a secret is printed:%s", title, got)
			}
		}
	}
	if n < 90 {
		t.Errorf("%d cases were read", n)
	}
	if *update {
		if err := os.WriteFile(file, []byte(out.String()+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// problemsOf returns what is wrong with the documents of a case.
func problemsOf(t *testing.T, title, documents string) string {
	p := tokenendpoint.New(tokenendpoint.Options{})
	config := refresh.Document{Name: "erp", Where: "/tokenkeeper/providers/erp"}
	credential := refresh.Document{Name: "erp", Where: "/tokenkeeper/credentials/erp"}
	kind, _, _ := strings.Cut(title, ":")
	var err error
	switch kind {
	case "config":
		config.Data = secret.New(documents)
		_, err = p.Provider(config)
	case "credential":
		credential.Data = secret.New(documents)
		_, err = p.Credential(credential)
	case "fit":
		a, b, _ := strings.Cut(documents, "\n--\n")
		config.Data, credential.Data = secret.New(a), secret.New(b)
		provider, perr := p.Provider(config)
		c, cerr := p.Credential(credential)
		if perr != nil || cerr != nil {
			t.Fatalf("%s: %v, %v", title, perr, cerr)
		}
		if ps := provider.Endpoint.(*tokenendpoint.Endpoint).Check(c); len(ps) > 0 {
			err = ps
		}
	}
	if err == nil {
		t.Errorf("%s: nothing was found to be wrong", title)
		return "(nothing)"
	}
	if !errors.As(err, new(refresh.Problems)) {
		t.Errorf("%s: the error is a %T", title, err)
	}
	return err.Error()
}
