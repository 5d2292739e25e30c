// Package mutant switches mutants on in a test binary that has been built with all of them: the
// environment variable MUTANT has the number of the one. Only tools/mutants imports it, in the
// sources that it writes.
package mutant

import (
	"os"
	"strconv"
	"sync"
)

var active = func() int {
	n, _ := strconv.Atoi(os.Getenv("MUTANT")) // 0: none
	return n
}()

var reached = func() *os.File {
	name := os.Getenv("MUTANT_REACHED")
	if name == "" {
		return nil
	}
	f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		panic(err)
	}
	return f
}()

var seen sync.Map // of those that were reached

// On reports whether mutant id is switched on, and records that it was reached in the file that
// MUTANT_REACHED names.
func On(id int) bool {
	if reached != nil {
		if _, known := seen.LoadOrStore(id, true); !known {
			_, _ = reached.WriteString(strconv.Itoa(id) + "\n")
		}
	}
	return id == active
}

// Not returns the contrary of b.
func Not[T ~bool](id int, b T) T { return b != T(On(id)) }

// Edge returns the contrary of b where its operands are equal: < for <=, and the like.
func Edge[T ~bool](id int, b T, equal func() bool) T { return b != T(On(id) && equal()) }

// Other returns what f does, instead of b: || for &&.
func Other[T ~bool](id int, b T, f func() bool) T {
	if On(id) {
		return T(f())
	}
	return b
}

type number interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~float32 | ~float64
}

// Add returns a + b, or a - b.
func Add[T number](id int, a, b T) T {
	if On(id) {
		return a - b
	}
	return a + b
}

// Sub returns a - b, or a + b.
func Sub[T number](id int, a, b T) T {
	if On(id) {
		return a + b
	}
	return a - b
}

// Mul returns a * b, or a.
func Mul[T number](id int, a, b T) T {
	if On(id) {
		return a
	}
	return a * b
}

// Quo returns a / b, or a.
func Quo[T number](id int, a, b T) T {
	if On(id) {
		return a
	}
	return a / b
}

// Less returns a constant, or half of it, or 1 instead of 0.
func Less[T number](id int, c T) T {
	switch {
	case !On(id):
		return c
	case c == 0:
		return 1
	}
	return c / 2
}

// More returns a constant, or one that is half as much again and one more.
func More[T number](id int, c T) T {
	if On(id) {
		return c + c/2 + 1
	}
	return c
}
