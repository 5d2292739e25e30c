package simulator

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"
)

// The media types that a token request comes in.
const (
	formType      = "application/x-www-form-urlencoded"
	multipartType = "multipart/form-data"
	jsonType      = "application/json"
)

// parameters are what a token request says, by name. One that is empty counts
// as left out (RFC 6749 section 3.2), which is how reading an absent key of the
// map has it.
type parameters map[string]string

// A wrongType is the error of a Content-Type that the provider does not take.
type wrongType struct{ taken []string }

func (e *wrongType) Error() string {
	return "the Content-Type must be " + strings.Join(e.taken, " or ")
}

func isWrongType(err error) bool {
	return errors.As(err, new(*wrongType))
}

// readParameters reads the body of a token request, which must be of one of the
// media types taken.
func readParameters(r *http.Request, taken ...string) (parameters, error) {
	mediaType, typeParams, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || !slices.Contains(taken, mediaType) || len(r.Header["Content-Type"]) != 1 {
		return nil, &wrongType{taken}
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, fmt.Errorf("reading the body: %w", err)
	}
	params := make(parameters)
	switch mediaType {
	case formType:
		err = params.readForm(body)
	case multipartType:
		err = params.readMultipart(body, typeParams["boundary"])
	case jsonType:
		err = params.readJSON(body)
	}
	return params, err
}

func (p parameters) add(name, value string) error {
	if _, ok := p[name]; ok {
		return fmt.Errorf("the parameter %s comes twice", spell(name))
	}
	if !utf8.ValidString(value) {
		return fmt.Errorf("the parameter %s is not UTF-8", spell(name))
	}
	p[name] = value
	return nil
}

func (p parameters) readForm(body []byte) error {
	values, err := url.ParseQuery(string(body))
	if err != nil {
		return errors.New("the body is not an urlencoded form")
	}
	for name, list := range values {
		for _, value := range list {
			if err := p.add(name, value); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p parameters) readMultipart(body []byte, boundary string) error {
	broken := errors.New("the body is not a multipart form of plain fields")
	form := multipart.NewReader(bytes.NewReader(body), boundary)
	for {
		part, err := form.NextPart()
		if err == io.EOF {
			return nil
		}
		if err != nil || part.FormName() == "" || part.FileName() != "" {
			return broken
		}
		value, err := io.ReadAll(part)
		if err != nil {
			return broken
		}
		if err := p.add(part.FormName(), string(value)); err != nil {
			return err
		}
	}
}

func (p parameters) readJSON(body []byte) error {
	members, err := readMembers(body)
	if err != nil {
		return err
	}
	for _, m := range members {
		var value *string
		if err := json.Unmarshal(m.value, &value); err != nil || value == nil {
			return fmt.Errorf("the parameter %s is not a string", spell(m.name))
		}
		if err := p.add(m.name, *value); err != nil {
			return err
		}
	}
	return nil
}

// only returns an error that names what is there beside the names given.
func (p parameters) only(names ...string) error {
	var unknown []string
	for name := range p {
		if !slices.Contains(names, name) {
			unknown = append(unknown, name)
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	slices.Sort(unknown)
	return errors.New("unknown parameter: " + spell(unknown...))
}

// need returns an error that names those of the names that are missing.
func (p parameters) need(names ...string) error {
	var missing []string
	for _, name := range names {
		if p[name] == "" {
			missing = append(missing, name)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return errors.New("missing parameter: " + spell(missing...))
}

// exactly returns an error unless all of the names are there, and no other.
func (p parameters) exactly(names ...string) error {
	if err := p.only(names...); err != nil {
		return err
	}
	return p.need(names...)
}

// spell lists words of the client's for an error description, in which RFC 6749
// section 5.2 allows neither quotes, backslashes nor anything but printable
// ASCII.
func spell(words ...string) string {
	list := strings.Map(func(c rune) rune {
		if c < ' ' || c > '~' || c == '"' || c == '\\' {
			return '?'
		}
		return c
	}, strings.Join(words, ", "))
	if len(list) > 200 {
		list = list[:200] + "..."
	}
	return list
}
