package main

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// An environment is read variable by variable; what is wrong is kept until all are read.
type environment struct {
	getenv   func(string) string
	problems []error
}

// wrong notes a problem of a variable whose value may be shown.
func (e *environment) wrong(name, want string) {
	value := e.getenv(name)
	if value == "" {
		e.problems = append(e.problems, fmt.Errorf("%s is not set; it must be %s", name, want))
		return
	}
	e.problems = append(e.problems, fmt.Errorf("%s is %.100q; it must be %s", name, value, want))
}

func (e *environment) required(name string) string {
	value := e.getenv(name)
	if value == "" {
		e.problems = append(e.problems, fmt.Errorf("%s is not set", name))
	}
	return value
}

func (e *environment) matching(name string, valid func(string) bool, want string) string {
	value := e.getenv(name)
	if !valid(value) {
		e.wrong(name, want)
	}
	return value
}

func (e *environment) duration(name string, otherwise time.Duration) time.Duration {
	if e.getenv(name) == "" {
		return otherwise
	}
	d, err := time.ParseDuration(e.getenv(name))
	if err != nil {
		e.wrong(name, `a duration with its unit, such as "1m" or "300s"`)
		return otherwise
	}
	return d
}

func (e *environment) integer(name string, otherwise, least, most int) int {
	if e.getenv(name) == "" {
		return otherwise
	}
	n, err := strconv.Atoi(e.getenv(name))
	if err != nil || n < least || n > most {
		e.wrong(name, fmt.Sprintf("a number from %d to %d", least, most))
	}
	return n
}

func (e *environment) boolean(name string, otherwise bool) bool {
	if e.getenv(name) == "" {
		return otherwise
	}
	b, err := strconv.ParseBool(e.getenv(name))
	if err != nil {
		e.wrong(name, "true or false")
	}
	return b
}

// choice returns one of the values; the first is the default.
func (e *environment) choice(name string, values ...string) string {
	value := cmp.Or(e.getenv(name), values[0])
	if !slices.Contains(values, value) {
		e.wrong(name, strings.Join(values, " or "))
	}
	return value
}

func (e *environment) url(name string) string {
	value := e.getenv(name)
	if value == "" {
		return ""
	}
	if u, err := url.Parse(value); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil {
		e.wrong(name, "a URL such as http://localhost:4566")
	}
	return value
}
