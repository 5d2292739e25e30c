package reader_test

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"testing"
	"time"

	"example.com/tokenkeeper/reader"
)

var errStoreDown = errors.New("the store is down")

// A shelf is a Source that holds a record, or is down, or answers only when
// asked to.
type shelf struct {
	mu     sync.Mutex
	record []byte
	err    error
	gate   chan struct{} // when set, a read waits until it is closed
	reads  int
}

func (s *shelf) Record(ctx context.Context) ([]byte, error) {
	s.mu.Lock()
	s.reads++
	gate := s.gate
	s.mu.Unlock()
	if gate != nil {
		select {
		case <-gate:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.record, s.err
}

func (s *shelf) put(record []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.record, s.err = record, nil
}

func (s *shelf) breakDown() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = errStoreDown
}

// hold makes reads wait until the returned function is called.
func (s *shelf) hold() (release func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	gate := make(chan struct{})
	s.gate = gate
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.gate = nil
		close(gate)
	}
}

func (s *shelf) wantReads(t *testing.T, want int) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.reads != want {
		t.Errorf("the source was read %d times, want %d", s.reads, want)
	}
}

// hourly is the record of a token issued at that time that lives for an hour
// and is due after 36 minutes.
func hourly(token string, issued time.Time) []byte {
	return record(token, issued, 36*time.Minute, time.Hour)
}

func record(token string, issued time.Time, due, life time.Duration) []byte {
	data, err := json.Marshal(map[string]any{
		"version":         1,
		"access_token":    token,
		"token_type":      "Bearer",
		"provider":        "meitner",
		"issued_at":       issued.UTC().Format(time.RFC3339),
		"refresh_after":   issued.Add(due).UTC().Format(time.RFC3339),
		"expires_at":      issued.Add(life).UTC().Format(time.RFC3339),
		"expires_at_unix": issued.Add(life).Unix(),
	})
	if err != nil {
		panic(err)
	}
	return data
}

func wantToken(t *testing.T, r *reader.Reader, want string) reader.Token {
	t.Helper()
	got, err := r.Token(t.Context())
	if err != nil {
		t.Fatalf("Token: %v, want %s", err, want)
	}
	if got.AccessToken() != want {
		t.Fatalf("Token: %s, want %s", got.AccessToken(), want)
	}
	return got
}

func wantExpired(t *testing.T, r *reader.Reader) *reader.ExpiredError {
	t.Helper()
	got, err := r.Token(t.Context())
	var expired *reader.ExpiredError
	if !errors.As(err, &expired) {
		t.Fatalf("Token: %v, %v, want an ExpiredError", got, err)
	}
	return expired
}
