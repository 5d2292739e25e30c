package tokenendpoint

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/jmespath/go-jmespath"

	"example.com/tokenkeeper/internal/strictjson"
)

// An expression is a path into an answer: JMESPath, as in the AWS CLI's --query. The
// zero expression leads nowhere.
//
// The library is used behind guards, each for something that was seen to go wrong:
// expressions are short and few-parted, since a long one overflows the stack, which
// ends the process, and a nested one can make an answer grow without bound (see
// tooComplex); a panic, such as on some non-ASCII letters, is an error; and numbers are
// handed over as it understands them (see numbers).
type expression struct {
	text     string
	compiled *jmespath.JMESPath
}

// plainPath is a path that leads to one place, or what stands for itself: it gives what is
// there, and tells nothing else of it.
var plainPath = regexp.MustCompile("^(?:(?:@|[A-Za-z_][A-Za-z0-9_]*|\"(?:[^\"\\\\]|\\\\.)*\"|\\[-?[0-9]+\\])" +
	"(?:\\.[A-Za-z_][A-Za-z0-9_]*|\\.\"(?:[^\"\\\\]|\\\\.)*\"|\\[-?[0-9]+\\])*|'[^'\\\\]*'|`[^`\\\\]*`)?$")

// plain reports whether e is such a path.
func (e expression) plain() bool { return plainPath.MatchString(e.text) }

// longestExpression is in bytes.
const longestExpression = 1024

// compileExpression compiles a path, or the one that is used where none is stated.
func compileExpression(ps *problems, path string, given *string, missing string) expression {
	text := missing
	if given != nil {
		text = *given
	}
	if text == "" {
		if given != nil {
			ps.add(path, `""`, "is empty", "leave it out, or write where in the answer the value is, such as \"data.token\"")
		}
		return expression{}
	}
	if len(text) > longestExpression {
		ps.add(path, show(text), fmt.Sprintf("has %d bytes; at most %d are read", len(text), longestExpression), "")
		return expression{}
	}
	if detail, remedy := tooComplex(text); detail != "" {
		ps.add(path, show(text), detail, remedy)
		return expression{}
	}
	compiled, err := ps.expressions.compile(text)
	if err != nil {
		remedy := `a path is like "data.token" or "items[0].token"`
		if better := mended(text); better != "" {
			remedy = "write " + strconv.Quote(better)
		}
		ps.add(path, show(text), "is not a JMESPath expression", remedy)
		return expression{}
	}
	return expression{text, compiled}
}

// mended returns what was most likely meant by a path that is not JMESPath: a JSONPath,
// or names that need quotes. "" means that there is no telling.
func mended(text string) string {
	path := strings.TrimPrefix(strings.TrimPrefix(text, "$"), ".")
	names := strings.Split(path, ".")
	for i, n := range names {
		name, index, _ := strings.Cut(n, "[")
		if !validName.MatchString(name) && name != "" && !strings.ContainsAny(name, "\"'`()|&@*") {
			names[i] = strconv.Quote(name)
			if index != "" {
				names[i] += "[" + index
			}
		}
	}
	path = strings.Join(names, ".")
	if _, err := compilePath(path); err != nil || len(path) > longestValue {
		return ""
	}
	return path
}

// expressions are those of all providers of a Parser, by their text: the library gives each
// a table of its functions, 8 KiB, and a thousand providers have the same few. Compiled,
// they are safe for concurrent use.
type expressions struct {
	mu     sync.Mutex
	byText map[string]*jmespath.JMESPath
}

// mostExpressions bounds what edited configs leave behind in a process that lives long.
const mostExpressions = 1000

func (e *expressions) compile(text string) (*jmespath.JMESPath, error) {
	if e == nil {
		return compilePath(text)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if known, ok := e.byText[text]; ok {
		return known, nil
	}
	compiled, err := compilePath(text)
	if err != nil {
		return nil, err
	}
	if e.byText == nil || len(e.byText) >= mostExpressions {
		e.byText = make(map[string]*jmespath.JMESPath)
	}
	e.byText[text] = compiled
	return compiled, nil
}

var errPanic = errors.New("it makes the library panic")

func compilePath(text string) (compiled *jmespath.JMESPath, err error) {
	defer func() {
		if recover() != nil {
			compiled, err = nil, errPanic
		}
	}()
	return jmespath.Compile(text)
}

// find returns what the path leads to in an answer that was prepared by numbers; nil:
// nothing, or an expression that does not fit the answer.
func (e expression) find(answer any) (found any) {
	if e.compiled == nil {
		return nil
	}
	defer func() {
		if recover() != nil {
			found = nil
		}
	}()
	found, err := e.compiled.Search(answer)
	if err != nil {
		return nil
	}
	return found
}

// numbers returns v with each number as a float64 if that is exact, and else as a
// string with its text: the library knows no other numbers than float64, in which an
// identifier such as 9007199254740993 would be another.
func numbers(v any) any {
	switch v := v.(type) {
	case strictjson.Number:
		f, err := strconv.ParseFloat(string(v), 64)
		if err != nil || math.IsInf(f, 0) || !exact(string(v), f) {
			return string(v)
		}
		return f
	case []any:
		for i := range v {
			v[i] = numbers(v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = numbers(v[name])
		}
	}
	return v
}

// exact reports whether f, read from text, loses none of its digits. A fraction is
// never exact in binary and loses nothing that matters up to 15 digits.
func exact(text string, f float64) bool {
	mantissa, _, _ := strings.Cut(strings.ToLower(text), "e")
	digits := strings.TrimLeft(strings.NewReplacer("-", "", ".", "").Replace(mantissa), "0")
	if len(digits) <= 15 {
		return true
	}
	return strconv.FormatFloat(f, 'f', -1, 64) == text
}
