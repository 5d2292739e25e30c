package secret

// Steps returns how many comparisons searching text takes, how many are allowed, and whether the
// text is within the bounds.
func (s *Searcher) Steps(text string) (taken, allowed int, ok bool) {
	left := s.records().search(text, func(_, _, _ int) bool { return true })
	return stepsFor(text) - left, stepsFor(text), left >= 0
}
