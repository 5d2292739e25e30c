package template

import "iter"

// A Reach is how a value gets into the text of a template.
type Reach struct {
	Value
	// Encoders counts the functions after the last digest that can be undone.
	Encoders int
	// Computed is set where it is given to a function at all, Digested where it is known by a
	// digest alone, and Keys where it does no more than key a MAC.
	Computed, Digested, Keys bool
}

// Reaches goes through the ways in which values get into the text of t. In what is made by more
// than one encoder a value would not be recognized.
func (t Template) Reaches() iter.Seq[Reach] {
	return func(yield func(Reach) bool) { t.reaches(Reach{}, yield) }
}

func (t Template) reaches(from Reach, yield func(Reach) bool) bool {
	for _, p := range t {
		if p.value.Name != "" {
			r := from
			r.Value = p.value
			if !yield(r) {
				return false
			}
		}
		if !p.arg.reaches(from, yield) {
			return false
		}
		for i, a := range p.args {
			if !a.reaches(from.through(p.function, i), yield) {
				return false
			}
		}
	}
	return true
}

// through is the reach of an argument of f, from the text inwards.
func (r Reach) through(f *function, argument int) Reach {
	r.Computed = true
	if f.encodes && !r.Digested {
		r.Encoders++
	}
	if f.digests {
		r.Digested = true
		r.Keys = r.Keys || f.keyed && argument == 0
	}
	return r
}

// Instead returns the texts of t that replace absent values, and whether all of its values may
// be absent.
func (t Template) Instead() (list []string, ok bool) {
	ok = true
	for v := range Named(t) {
		if ok = ok && v.Optional; v.Instead != nil {
			list = append(list, *v.Instead)
		}
	}
	return list, ok
}

// Named goes through the values that templates name, in order, those in arguments too.
func Named(templates ...Template) iter.Seq[Value] {
	return func(yield func(Value) bool) {
		for _, t := range templates {
			for r := range t.Reaches() {
				if !yield(r.Value) {
					return
				}
			}
		}
	}
}

// Names reports whether templates name a value: that one, or any if it is empty.
func Names(templates []Template, name string) bool {
	for v := range Named(templates...) {
		if name == "" || v.Name == name {
			return true
		}
	}
	return false
}
