package wire_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"example.com/tokenkeeper/internal/answer"
	"example.com/tokenkeeper/internal/wire"
)

// piped is a client whose requests are answered by handle, over pipes.
func piped(handle func(w io.Writer, path string)) *wire.Client {
	return wire.New(wire.Options{AllowLoopback: true, DialContext: func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go func() {
			defer theirs.Close()
			if r, err := http.ReadRequest(bufio.NewReader(theirs)); err == nil {
				handle(theirs, r.URL.Path)
			}
		}()
		return ours, nil
	}})
}

func ask(ctx context.Context, c *wire.Client, path string) (*answer.Message, *wire.Failure) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://127.0.0.1"+path, nil)
	if err != nil {
		panic(err)
	}
	return c.Do(r)
}

// While an answer waits for its turn its login's time does not pass, and goes on after that. A
// slow large answer keeps no small one waiting.
func TestWaitingForRoomTakesNoTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := piped(func(w io.Writer, path string) {
			switch path {
			case "/never":
				time.Sleep(time.Hour)
			case "/slow":
				_, _ = io.WriteString(w, "HTTP/1.0 200 OK\r\n\r\n"+strings.Repeat("x", 100_000))
				time.Sleep(30 * time.Second)
			default:
				_, _ = io.WriteString(w, "HTTP/1.0 200 OK\r\n\r\nshort")
			}
		})
		for range 8 { // more than may be read at a time
			go func() {
				ctx, cancel := wire.WithTimeout(t.Context(), 10*time.Second)
				defer cancel()
				if _, f := ask(ctx, c, "/slow"); f == nil || f.Kind != wire.TimedOut {
					t.Errorf("slow: %v", f)
				}
			}()
		}
		synctest.Wait()
		var held []*answer.Message
		for { // until there is no room
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			m := make(chan *answer.Message, 1)
			go func() {
				got, _ := ask(ctx, c, "/")
				m <- got
			}()
			synctest.Wait()
			if len(m) == 0 {
				held[0].Leave()
				held = append(held[1:], <-m)
				cancel()
				break
			}
			held = append(held, <-m)
			cancel()
		}

		ctx, cancel := wire.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		go func() {
			time.Sleep(time.Minute)
			held[0].Leave()
		}()
		began := time.Now()
		m, f := ask(ctx, c, "/")
		if f != nil || string(m.Body) != "short" || time.Since(began) != time.Minute {
			t.Fatalf("%v, %v after %v", m, f, time.Since(began))
		}
		m.Leave()
		if end, _ := ctx.Deadline(); ctx.Err() != nil || time.Until(end) != 10*time.Second {
			t.Errorf("%v of the time are left, %v", time.Until(end), ctx.Err())
		}
		if _, f := ask(ctx, c, "/never"); f == nil || f.Kind != wire.TimedOut || time.Since(began) != 70*time.Second {
			t.Errorf("%v after %v", f, time.Since(began))
		}
		for _, m := range held[1:] {
			m.Leave()
		}
		time.Sleep(2 * time.Hour)
	})
}

// One answer is looked at at a time, since that takes a processor, and four large ones are read,
// since their memory is what a run has least of. The others wait, to the end of their time.
func TestHowManyAnswersAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		written := make(chan int, 20)
		c := piped(func(w io.Writer, path string) {
			n, _ := io.WriteString(w, "HTTP/1.0 200 OK\r\n\r\n"+strings.Repeat("x", map[string]int{"/large": 100_000}[path]))
			written <- n
			if path == "/large" {
				time.Sleep(time.Hour)
			}
		})
		answers := make(chan *answer.Message, 20)
		for range 5 {
			go func() {
				m, _ := ask(t.Context(), c, "/small")
				answers <- m
			}()
		}
		synctest.Wait()
		if len(answers) != 1 {
			t.Errorf("%d answers are looked at", len(answers))
		}
		for range 5 {
			(<-answers).Leave()
			synctest.Wait()
		}
		for len(written) > 0 {
			<-written
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		failed := make(chan *wire.Failure, 6)
		for range cap(failed) {
			go func() {
				_, f := ask(ctx, c, "/large")
				failed <- f
			}()
		}
		synctest.Wait()
		if len(written) != 4 {
			t.Errorf("%d large answers are read", len(written))
		}
		began := time.Now()
		for range cap(failed) {
			if f := <-failed; f == nil || f.Kind != wire.TimedOut || time.Since(began) != time.Minute {
				t.Errorf("%v after %v", f, time.Since(began))
			}
		}
		time.Sleep(2 * time.Hour)
	})
}

// A timeout ends with its parent's, or before.
func TestWithTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		parent, stop := context.WithTimeout(t.Context(), time.Minute)
		defer stop()
		for d, want := range map[time.Duration]time.Duration{time.Second: time.Second, time.Hour: time.Minute} {
			ctx, cancel := wire.WithTimeout(parent, d)
			if end, ok := ctx.Deadline(); !ok || end.Sub(began) != want {
				t.Errorf("%v: it ends after %v", d, end.Sub(began))
			}
			cancel()
			if <-ctx.Done(); context.Cause(ctx) != context.Canceled {
				t.Errorf("%v: it ended by %v", d, context.Cause(ctx))
			}
		}
		ctx, cancel := wire.WithTimeout(parent, time.Second)
		defer cancel()
		if <-ctx.Done(); context.Cause(ctx) != context.DeadlineExceeded || time.Since(began) != time.Second {
			t.Errorf("it ended by %v after %v", context.Cause(ctx), time.Since(began))
		}
	})
}
