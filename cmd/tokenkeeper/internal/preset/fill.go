package preset

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"example.com/tokenkeeper/internal/strictjson"
)

// word is what may be a placeholder: as many capitals as come together.
var word = regexp.MustCompile(`[A-Z][A-Z0-9]+`)

// Fill returns the preset with a value for each placeholder, and none left. The error
// names all that are missing and all that are unknown. Whether the values are right is
// for the config's parser to say: a filled config is like any other.
func (p Preset) Fill(values map[string]string) (Preset, error) {
	if err := p.check(values); err != nil {
		return Preset{}, err
	}
	fill := func(text string) string {
		return word.ReplaceAllStringFunc(text, func(w string) string {
			if v, ok := values[w]; ok {
				return v
			}
			return w
		})
	}
	p.config = each(p.config, fill)
	p.AllowedHosts = slices.Clone(p.AllowedHosts)
	for i, h := range p.AllowedHosts {
		p.AllowedHosts[i] = strings.ToLower(fill(h)) // a URL's host may have capitals, one that is pinned may not
	}
	p.Placeholders = nil
	return p, nil
}

// check makes sure that there is a value for each placeholder and for nothing else.
func (p Preset) check(values map[string]string) error {
	var errs []error
	var known []string
	for _, f := range p.Placeholders {
		known = append(known, f.Name)
		switch v := values[f.Name]; {
		case v == "":
			errs = append(errs, fmt.Errorf("preset %q needs %s: %s", p.Name, f.Name, f.Where))
		case strings.TrimSpace(v) != v:
			errs = append(errs, fmt.Errorf("preset %q: the value of %s begins or ends with a space", p.Name, f.Name))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if slices.Contains(known, name) {
			continue
		}
		there := "it has none"
		if len(known) > 0 {
			there = "it has " + strings.Join(known, ", ")
		}
		errs = append(errs, fmt.Errorf("preset %q has no placeholder %q; %s", p.Name, name, there))
	}
	return errors.Join(errs...)
}

// each returns v with f applied to every string in it. Names are left as they are.
func each(v strictjson.Value, f func(string) string) strictjson.Value {
	if v.Type == strictjson.String {
		v.Text = f(v.Text)
	}
	v.Items, v.Members = slices.Clone(v.Items), slices.Clone(v.Members)
	for i := range v.Items {
		v.Items[i] = each(v.Items[i], f)
	}
	for i := range v.Members {
		v.Members[i].Value = each(v.Members[i].Value, f)
	}
	return v
}
