package main

import (
	"encoding/xml"
	"io"
	"os"
	"strings"
	"testing"
)

// The picture in the README shows the demo's screen as it is: tools/picture draws it anew.
func TestPictureIsTheDemo(t *testing.T) {
	demo, err := os.ReadFile("testdata/demo.txt")
	if err != nil {
		t.Fatal(err)
	}
	picture, err := os.Open("../../docs/status.svg")
	if err != nil {
		t.Fatal(err)
	}
	defer picture.Close()
	_, screen, _ := strings.Cut(string(demo), "\n4 providers: 3 ok")
	screen, _, _ = strings.Cut("4 providers: 3 ok"+screen, "\n\n12:31")
	want := "$ tokenkeeper status\n" + screen + "\n"

	var drawn strings.Builder
	within := false
	for decoder := xml.NewDecoder(picture); ; {
		token, err := decoder.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		switch e := token.(type) {
		case xml.StartElement:
			within = within || e.Name.Local == "text"
		case xml.EndElement:
			within = within && e.Name.Local != "text"
		case xml.CharData:
			if within {
				drawn.Write(e)
			}
		}
	}
	got := strings.ReplaceAll(drawn.String(), "\u00a0", " ") // spaces that no viewer folds
	if strings.TrimSpace(got) != strings.TrimSpace(want) {
		t.Errorf("docs/status.svg shows\n%q\nwant\n%q\nrun tools/picture", got, want)
	}
}
