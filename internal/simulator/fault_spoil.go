package simulator

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"net/http"
	"slices"
)

// The faults of this file let the login take place and spoil the answer.

// Header sets a header of the answer; an empty value removes it, Date too.
func Header(name, value string) Fault {
	return Alter(func(a *Answer) {
		if value == "" {
			// Were it merely absent, the server would fill in Date.
			a.Header[http.CanonicalHeaderKey(name)] = nil
			return
		}
		a.Header.Set(name, value)
	})
}

// Field sets a member of the answer's JSON object to the raw text, which need
// not be JSON, or adds it. An answer that is no JSON object stays as it is; so
// it does for the other faults that work on members.
func Field(name, raw string) Fault {
	return alterMembers(func(members []member) []member {
		i := indexOf(members, name)
		if i < 0 {
			return append(members, member{name, json.RawMessage(raw)})
		}
		members[i].value = json.RawMessage(raw)
		return members
	})
}

// Repeat adds a member that the answer's JSON object may have already.
func Repeat(name, raw string) Fault {
	return alterMembers(func(members []member) []member {
		return append(members, member{name, json.RawMessage(raw)})
	})
}

// Rename gives a member of the answer's JSON object another name.
func Rename(from, to string) Fault {
	return alterMembers(func(members []member) []member {
		if i := indexOf(members, from); i >= 0 {
			members[i].name = to
		}
		return members
	})
}

// Drop leaves a member of the answer's JSON object out.
func Drop(name string) Fault {
	return alterMembers(func(members []member) []member {
		return slices.DeleteFunc(members, func(m member) bool { return m.name == name })
	})
}

// Lifetime sets expires_in to the raw JSON: `"3600"`, `3.6e3`, `null`, `-1`.
// What the token says of itself stays.
func Lifetime(raw string) Fault {
	return Field("expires_in", raw)
}

// Token hands over this token in place of the one that was issued, under the
// name that the provider has for it. The API does not accept it.
func Token(token string) Fault {
	return RawToken(string(marshal(token)))
}

// RawToken is Token for what is no string: `null`, `42`, `{}`.
func RawToken(raw string) Fault {
	return alterMembers(func(members []member) []member {
		for i, m := range members {
			if m.name == "access_token" || m.name == "token" {
				members[i].value = json.RawMessage(raw)
			}
		}
		return members
	})
}

// BOM puts a byte order mark before the body.
func BOM() Fault {
	return Alter(func(a *Answer) { a.Body = slices.Concat([]byte("\xEF\xBB\xBF"), a.Body) })
}

// Half ends the body in its middle, in an answer that is whole as HTTP has it.
func Half() Fault {
	return Alter(func(a *Answer) { a.Body = a.Body[:len(a.Body)/2] })
}

// Gzip compresses the body, asked or not.
func Gzip() Fault {
	return Alter(func(a *Answer) {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		z.Write(a.Body)
		z.Close()
		a.Body = b.Bytes()
		a.Header.Set("Content-Encoding", "gzip")
	})
}

func alterMembers(change func([]member) []member) Fault {
	return Alter(func(a *Answer) {
		if members, err := readMembers(a.Body); err == nil {
			a.Body = writeMembers(change(members))
		}
	})
}

func indexOf(members []member, name string) int {
	return slices.IndexFunc(members, func(m member) bool { return m.name == name })
}
