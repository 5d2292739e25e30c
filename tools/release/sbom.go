package main

import (
	"bytes"
	"debug/buildinfo"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
)

// A bom is a CycloneDX document (cyclonedx.org/docs/1.6/json): what a program consists of.
// Serial number and time are left out, which the format allows: they would differ from one
// build to the next.
type bom struct {
	Format      string      `json:"bomFormat"`
	SpecVersion string      `json:"specVersion"`
	Version     int         `json:"version"`
	Metadata    metadata    `json:"metadata"`
	Components  []component `json:"components"`
}

type metadata struct {
	Component component `json:"component"`
}

type component struct {
	Type       string     `json:"type"`
	Ref        string     `json:"bom-ref"`
	Name       string     `json:"name"`
	Version    string     `json:"version"`
	PURL       string     `json:"purl"`
	Properties []property `json:"properties,omitempty"`
}

type property struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// sbom writes what a program was built from, as the Go command recorded it in the program
// itself.
func (r *release) sbom(program []byte, what string) error {
	info, err := buildinfo.Read(bytes.NewReader(program))
	if err != nil {
		return fmt.Errorf("reading what %s was built from: %w", what, err)
	}
	of := func(kind, path, version, sum string) component {
		c := component{Type: kind, Name: path, Version: version, PURL: "pkg:golang/" + path + "@" + url.PathEscape(version)}
		c.Ref = c.PURL
		if sum != "" {
			c.Properties = []property{{"go:sum", sum}}
		}
		return c
	}
	b := bom{Format: "CycloneDX", SpecVersion: "1.6", Version: 1, Metadata: metadata{of("application", info.Main.Path, "v"+r.version, "")}}
	b.Components = append(b.Components, of("library", "std", strings.TrimPrefix(info.GoVersion, "go"), ""))
	for _, d := range info.Deps {
		if d.Replace != nil {
			d = d.Replace
		}
		b.Components = append(b.Components, of("library", d.Path, d.Version, d.Sum))
	}
	text, err := json.MarshalIndent(b, "", "  ")
	if err != nil {
		return err
	}
	return r.write(r.named(what+".cdx.json"), append(text, '\n'))
}
