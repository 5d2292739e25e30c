// Package mutant switches mutants on in a test binary that has been built with all of them: the
// environment variable MUTANT has the number of the one. Only tools/mutants imports it, in the
// sources that it writes.
package mutant

import (
	"os"
	"strconv"
)

var active = func() int {
	n, _ := strconv.Atoi(os.Getenv("MUTANT")) // 0: none
	return n
}()

// On reports whether mutant id is switched on.
func On(id int) bool { return id == active }

// Not returns the contrary of b.
func Not[T ~bool](id int, b T) T { return b != T(id == active) }

// Edge returns the contrary of b where its operands are equal: < for <=, and the like.
func Edge[T ~bool](id int, b T, equal func() bool) T { return b != T(id == active && equal()) }

// Other returns what f does, instead of b: || for &&.
func Other[T ~bool](id int, b T, f func() bool) T {
	if id == active {
		return T(f())
	}
	return b
}

type number interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~float32 | ~float64
}

// Add returns a + b, or a - b.
func Add[T number](id int, a, b T) T {
	if id == active {
		return a - b
	}
	return a + b
}

// Sub returns a - b, or a + b.
func Sub[T number](id int, a, b T) T {
	if id == active {
		return a + b
	}
	return a - b
}

// Mul returns a * b, or a.
func Mul[T number](id int, a, b T) T {
	if id == active {
		return a
	}
	return a * b
}

// Quo returns a / b, or a.
func Quo[T number](id int, a, b T) T {
	if id == active {
		return a
	}
	return a / b
}

// Less returns a constant, or half of it, or 1 instead of 0.
func Less[T number](id int, c T) T {
	switch {
	case id != active:
		return c
	case c == 0:
		return 1
	}
	return c / 2
}

// More returns a constant, or one that is half as much again and one more.
func More[T number](id int, c T) T {
	if id == active {
		return c + c/2 + 1
	}
	return c
}
