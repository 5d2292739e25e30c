package terminal

import (
	"fmt"
	"io"
	"time"
)

// Working says at a terminal, from the second second on, what is waited for and for how long.
// Stop ends that, and leaves nothing of it on the screen. Where w is no terminal nothing is
// written.
func Working(w io.Writer, what string) (stop func()) {
	if !Is(w) {
		return func() {}
	}
	return working(w, what)
}

func working(w io.Writer, what string) (stop func()) {
	end, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		began := time.Now()
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		shown := false
		for {
			select {
			case <-end:
				if shown {
					fmt.Fprint(w, "\r\x1b[K")
				}
				return
			case now := <-tick.C:
				if d := now.Sub(began); d > 1500*time.Millisecond {
					shown = true
					fmt.Fprintf(w, "\r\x1b[K%s: %s …", what, Span(d))
				}
			}
		}
	}()
	return func() {
		close(end)
		<-ended
	}
}
