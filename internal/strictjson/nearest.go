package strictjson

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Nearest returns the one of known that word was most likely meant to be, or "" if
// none is near. Case, hyphens and underscores do not count.
func Nearest(word string, known []string) string {
	return NearestWithin(word, known, max(1, len(word)/3))
}

// NearestWithin is Nearest with at most that many letters to change.
func NearestWithin(word string, known []string, most int) string {
	if len(word) > longestName {
		return ""
	}
	plain := strings.NewReplacer("-", "", "_", "", " ", "")
	fold := func(s string) []rune { return []rune(plain.Replace(strings.ToLower(s))) }
	w := fold(word)
	best, least := "", most+1
	for _, k := range slices.Sorted(slices.Values(known)) {
		if d := distance(w, fold(k)); d < least {
			best, least = k, d
		}
	}
	return best
}

// DidYouMean returns the question whether word was meant to be the one of known that is near, or
// otherwise if none is.
func DidYouMean(word string, known []string, otherwise string) string {
	if near := Nearest(word, known); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	return otherwise
}

// Either lists words as a choice: `"a", "b" or "c"`.
func Either(words []string) string { return Enumerate(words, "or") }

// Enumerate lists words with another one before the last: `"a", "b" and "c"`.
func Enumerate(words []string, last string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = strconv.Quote(w)
	}
	if n := len(quoted); n > 1 {
		return strings.Join(quoted[:n-1], ", ") + " " + last + " " + quoted[n-1]
	}
	return strings.Join(quoted, "")
}

// distance counts the letters to insert, remove, replace or swap with their neighbour
// to make b of a.
func distance(a, b []rune) int {
	rows := [3][]int{make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := range a {
		before, above, row := rows[(i+2)%3], rows[i%3], rows[(i+1)%3]
		row[0] = i + 1
		for j := range b {
			replaced := above[j]
			if a[i] != b[j] {
				replaced++
			}
			row[j+1] = min(above[j+1]+1, row[j]+1, replaced)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
	}
	return rows[len(a)%3][len(b)]
}
