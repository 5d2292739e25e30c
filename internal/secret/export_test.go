package secret

// Steps returns how many comparisons searching text takes, how many are allowed, and whether the
// text is within the bounds.
func (s *Searcher) Steps(text string) (taken, allowed int, ok bool) {
	r, ok := read(text)
	if ok {
		ok = s.records().search(r, func(_, _, _ int) bool { return true })
	}
	return stepsFor(text) - r.steps, stepsFor(text), ok
}
