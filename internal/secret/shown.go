package secret

// longestShown is how many characters of a value are shown.
const longestShown = 80

// Shown returns what a config or a file says, in quotes and in a form that may be printed. It
// should hold no secret, but people err, so what looks like one is masked.
func Shown(text string) string { return `"` + Printable(Mask(text), longestShown) + `"` }
