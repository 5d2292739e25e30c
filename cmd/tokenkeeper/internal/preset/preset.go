// Package preset has configs for providers that many people use, so that no one has to
// find out again what a provider wants.
//
// A preset is a file in presets/: a config, what to put in its placeholders and in the
// credential, and the pages of the provider's own that were read for it, with the date.
// Where no such page could be read, there is no preset.
//
// A placeholder is a word in capitals in a value of the config or in an
// allowed host, as in "https://TENANT.auth0.com/oauth/token". [Preset.Fill] puts the
// values in. Nothing secret is ever among them: secrets are in the credential.
package preset

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"example.com/tokenkeeper/internal/strictjson"
)

//go:embed presets/*.json
var files embed.FS

// A Preset is the config of one kind of provider.
type Preset struct {
	// Name is what it is asked for by. It is also fit to be the provider's name.
	Name string
	// Title is for people.
	Title         string
	Documentation []Page
	// Placeholders are the words to fill in, in the order of asking; none are left once
	// they are filled in.
	Placeholders []Field
	// Credential has the fields of the credential, beside the lists.
	Credential []Field
	// AllowedHosts, Public and Signs are the lists of those names in the credential. Public
	// has the values that tokens and errors may state; nil: the usual ones alone. Signs has
	// the audiences of tokens that are signed here; such a preset has no hosts.
	AllowedHosts, Public, Signs []string
	// Notes say how long tokens live, what is limited and what else is worth knowing: a
	// sentence or two each.
	Notes []string

	config strictjson.Value
}

// A Page is one of the provider's documentation.
type Page struct {
	URL string `json:"url"`
	// Read is the day on which it was read, as in 2006-01-02.
	Read string `json:"read"`
}

// A Field is something to fill in.
type Field struct {
	Name string
	// Where says what it is and where it is found.
	Where string
}

// Config returns the config as JSON, indented and with a line break at its end.
func (p Preset) Config() ([]byte, error) {
	compact, err := p.config.Encode()
	if err != nil {
		return nil, fmt.Errorf("writing the config of preset %q: %w", p.Name, err)
	}
	var b bytes.Buffer
	if err := json.Indent(&b, compact, "", "  "); err != nil {
		return nil, fmt.Errorf("writing the config of preset %q: %w", p.Name, err)
	}
	b.WriteByte('\n')
	return b.Bytes(), nil
}

// List returns all presets, by name.
func List() ([]Preset, error) {
	var list []Preset
	for _, name := range names() {
		p, err := load(name)
		if err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	return list, nil
}

// ErrUnknown is the error of [Get] for a name that no preset has.
var ErrUnknown = errors.New("there is no such preset")

// Get returns the preset of that name, or an error that wraps [ErrUnknown] and says
// which one may have been meant.
func Get(name string) (Preset, error) {
	known := names()
	if slices.Contains(known, name) {
		return load(name)
	}
	if near := strictjson.Nearest(name, known); near != "" {
		return Preset{}, fmt.Errorf("%w as %q; did you mean %q?", ErrUnknown, name, near)
	}
	return Preset{}, fmt.Errorf("%w as %q; there are: %s", ErrUnknown, name, strings.Join(known, ", "))
}

// names returns the names of all presets, sorted.
func names() []string {
	list, _ := fs.Glob(files, "presets/*.json") // the pattern is good
	for i, f := range list {
		list[i] = strings.TrimSuffix(path.Base(f), ".json")
	}
	slices.Sort(list)
	return list
}

// A file is a preset as it is kept.
type file struct {
	Name          string           `json:"name"`
	Title         string           `json:"title"`
	Documentation []Page           `json:"documentation"`
	Config        strictjson.Value `json:"config"`
	Placeholders  strictjson.Value `json:"placeholders"`
	Credential    strictjson.Value `json:"credential"`
	Notes         []string         `json:"notes"`
}

func load(name string) (Preset, error) {
	data, err := files.ReadFile("presets/" + name + ".json")
	if err != nil {
		return Preset{}, fmt.Errorf("reading preset %q: %w", name, err)
	}
	f, err := strictjson.Decode[file](data)
	if err != nil {
		return Preset{}, fmt.Errorf("reading preset %q: %w", name, err)
	}
	p := Preset{
		Name:          f.Name,
		Title:         f.Title,
		Documentation: f.Documentation,
		Placeholders:  fields(f.Placeholders),
		Notes:         f.Notes,
		config:        f.Config,
	}
	for _, m := range f.Credential.Members {
		switch m.Name {
		case "allowed_hosts":
			p.AllowedHosts = texts(m.Value)
		case "public":
			p.Public = texts(m.Value)
		case "signs":
			p.Signs = texts(m.Value)
		default:
			p.Credential = append(p.Credential, Field{m.Name, m.Value.Text})
		}
	}
	return p, nil
}

func texts(list strictjson.Value) []string {
	var all []string
	for _, item := range list.Items {
		all = append(all, item.Text)
	}
	return all
}

func fields(object strictjson.Value) []Field {
	var list []Field
	for _, m := range object.Members {
		list = append(list, Field{m.Name, m.Value.Text})
	}
	return list
}
