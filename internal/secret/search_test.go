package secret_test

import (
	"net/url"
	"strings"
	"testing"

	"example.com/tokenkeeper/internal/secret"
)

const hard = `c4n@ry+/= &%#"\<>:å€🔑-s3cr3t`

func searcher(value string) *secret.Searcher {
	return secret.NewSearcher([]secret.Value{{Name: "it", Text: secret.New(value)}})
}

func found(t *testing.T, s *secret.Searcher, text string) string {
	t.Helper()
	name, err := s.Find(text)
	if err != nil {
		t.Errorf("%.80q cannot be searched", text)
	}
	return name
}

// Short secrets are compared with whole texts, and numbers by what they come to.
func TestShortSecrets(t *testing.T) {
	s := secret.NewSearcher([]secret.Value{{Name: "pin", Text: secret.New("271828")}, {Name: "word", Text: secret.New("passw0")}, {Name: "tiny", Text: secret.New("abc")}, {Name: "odd", Text: secret.New("a1b2==")}})
	for text, want := range map[string]string{"271828": "pin", " 271828\n": "pin", "2.71828e5": "pin", "2718280": "", "passw0": "word", "my passw0": "", "abc": "", "271828x": "", "MjcxODI4": "pin", "323731383238": "pin", "cGFzc3cw": "word", "7061737377300a": "", "YWJj": "", "a1b2==": "odd", "====": "", "YTFiMj09": "odd"} {
		if got := found(t, s, text); got != want {
			t.Errorf("%q: %q", text, got)
		}
	}
	if name, err := s.Find("a", "271828", "b"); name != "pin" || err != nil {
		t.Errorf("%q, %v", name, err)
	}
	if got := s.Redact("the pin 271828 of abc"); got != "the pin [secret] of abc" {
		t.Error(got)
	}
}

// Of a secret that consists mostly of what searches pass over, folding leaves too little: it is looked for as it is.
func TestSecretsOfWhatIsPassedOver(t *testing.T) {
	for _, value := range []string{"::::::::ab", "++++++++", "a:b:c:::::", ":+ab \t:+:+", "::::::::é"} {
		s := searcher(value)
		for _, text := range []string{value, "you sent " + value + "!", value + value, url.QueryEscape(value), quotedJSON("of " + value)} {
			if found(t, s, text) != "it" {
				t.Errorf("%q is not found in %q", value, text)
			}
			if got := s.Redact("before " + text + " after"); strings.Contains(got, value) || !strings.Contains(got, "[secret]") {
				t.Errorf("%q is printed as %q", value, got)
			}
		}
		if got := found(t, s, "you sent ab, a:b:c and : + :::: alone"); got != "" {
			t.Errorf("%q is found where it is not", value)
		}
	}
	short := searcher("::a:")
	if got := short.Redact("of ::a::a: there"); got != "of [secret] there" {
		t.Error(got)
	}
	if found(t, short, "of ::a: there") != "" || found(t, short, "::a:") != "it" {
		t.Error("a short one is found within text, or not as a whole")
	}
	if got := searcher("        ").Redact("a          b"); got != "a          b" {
		t.Error(got)
	}
	public := secret.NewSearcher([]secret.Value{{Name: "it", Text: secret.New("::::::::ab")}, {Name: "id", Text: secret.New("see ::::::::ab"), Kind: secret.Public}})
	if found(t, public, "see ::::::::ab") != "" {
		t.Error("what is public is found")
	}
}

// A secret may come in pieces: all texts of an answer are searched together.
func TestPieces(t *testing.T) {
	if name, err := searcher("northern-lights").Find("northern", "-lights"); name != "it" || err != nil {
		t.Errorf("%q, %v", name, err)
	}
}

func TestFindBut(t *testing.T) {
	s := secret.NewSearcher([]secret.Value{{Name: "kept", Text: secret.New("northern-lights"), Kind: secret.Issued}, {Name: "own", Text: secret.New("northern-lights")}})
	kept := func(v secret.Value) bool { return v.Name == "kept" }
	if name, err := s.FindBut(kept, "northern-lights"); name != "own" || err != nil {
		t.Errorf("%q, %v", name, err)
	}
	if name, err := s.FindBut(func(secret.Value) bool { return true }, "x northern-lights y"); name != "" || err != nil {
		t.Errorf("%q, %v", name, err)
	}
}
