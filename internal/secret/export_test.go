package secret

// Steps returns how many comparisons searching text takes for each byte of it, and whether
// the text is within the bounds.
func (s *Searcher) Steps(text string) (perByte float64, ok bool) {
	r, ok := read(text)
	if !ok {
		return stepsPerByte, false
	}
	ok = s.records().search(r, func(_, _, _ int) bool { return true })
	return float64(leastSteps+stepsPerByte*len(text)-r.steps) / float64(len(text)), ok
}

// StepsPerByte is the bound.
const StepsPerByte = stepsPerByte
