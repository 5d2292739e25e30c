package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/explain"
	"example.com/tokenkeeper/cmd/tokenkeeper/internal/localstore"
	"example.com/tokenkeeper/cmd/tokenkeeper/internal/place"
	"example.com/tokenkeeper/cmd/tokenkeeper/internal/preset"
	"example.com/tokenkeeper/cmd/tokenkeeper/internal/status"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
	"example.com/tokenkeeper/internal/tokenendpoint"
)

// adding is what add is asked to do.
type adding struct {
	name, dir string
	// issuer is whose metadata are read instead of a preset; empty: none.
	issuer        string
	allowLoopback bool
}

// alone refuses flags that say something of a preset where none is named.
func (a adding) alone(set []string) error {
	if a.name == "" && a.dir == "" && len(set) == 0 {
		return nil
	}
	return instead(errors.New("no preset is named"), "see them all:", "tokenkeeper add")
}

func atMostOne(cmd *cobra.Command, args []string) error {
	if len(args) <= 1 {
		return nil
	}
	return instead(fmt.Errorf("%s takes the name of one preset, and got %d", cmd.Name(), len(args)), "see them all:", "tokenkeeper add")
}

// addPreset fills a preset in and, where a folder is named, writes its config there.
func (c *cli) addPreset(a adding, p preset.Preset, set []string) (addView, error) {
	if err := refresh.CheckName(a.name); err != nil {
		return addView{}, misuse(err)
	}
	values, err := assignments(set)
	if err != nil {
		return addView{}, err
	}
	filled, err := p.Fill(values)
	if err != nil {
		return addView{}, instead(err, "write:", usage(a, p))
	}
	config, err := filled.Config()
	if err != nil {
		return addView{}, err
	}
	doc := refresh.Document{Name: a.name, Where: "preset " + p.Name + ", filled in", Data: secret.New(string(config))}
	provider, err := refresh.Understand(c.parser(false), doc)
	if err != nil {
		return addView{}, status.Problems(doc.Where, err)
	}
	if hosts := explain.Hosts(provider.Endpoint.(*tokenendpoint.Endpoint).Plan()); !slices.Equal(hosts, filled.AllowedHosts) {
		// A slash in a value would have the rest of the host be a path.
		return addView{}, usagef("filled in like that, preset %q would ask %s, and not %s: look at what --set says",
			p.Name, strings.Join(hosts, ", "), strings.Join(filled.AllowedHosts, ", "))
	}
	v := newAddView(filled, provider, config)
	return v, a.write(&v, provider, doc)
}

// write puts a config into the folder, if one is named, and says in v what comes next.
func (a adding) write(v *addView, provider refresh.Provider, doc refresh.Document) error {
	if a.dir == "" {
		v.onAWS(provider)
		return nil
	}
	if err := os.MkdirAll(a.dir, 0o700); err != nil {
		return misuse(err)
	}
	folder, err := openFolder(a.dir)
	if err != nil {
		return err
	}
	defer folder.Close()
	switch err := folder.AddConfig(a.name, doc.Data); {
	case errors.Is(err, place.ErrThere):
		return instead(err, "give it another name with --name, or remove that file first", "")
	case err != nil:
		return err
	}
	v.inFolder(folder, provider)
	return nil
}

// assignments reads what --set says.
func assignments(set []string) (map[string]string, error) {
	values := map[string]string{}
	for _, s := range set {
		name, value, ok := strings.Cut(s, "=")
		_, twice := values[name]
		switch {
		case !ok || name == "":
			return nil, instead(fmt.Errorf("--set is %q, which sets nothing", s), "write a word of the preset and its value: --set TENANT=acme", "")
		case twice:
			return nil, instead(fmt.Errorf("--set %s is given twice", name), "give it once", "")
		}
		values[name] = value
	}
	return values, nil
}

// usage is the command line with all that a preset wants to know.
func usage(a adding, p preset.Preset) string {
	words := []string{"tokenkeeper add", p.Name}
	if a.name != p.Name {
		words = append(words, "--name", a.name)
	}
	for _, f := range p.Placeholders {
		words = append(words, "--set", f.Name+"=…")
	}
	if a.dir != "" {
		words = append(words, "--dir", localstore.ShellWord(a.dir))
	}
	return strings.Join(words, " ")
}
