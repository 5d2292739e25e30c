package main

import (
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"example.com/tokenkeeper/internal/refresh/scaletest"
)

// A run takes at most a tenth longer than it must, or at ten providers, three tenths; and never
// less, or the least would be none.
func TestRunsTakeLittleMoreThanTheLeast(t *testing.T) {
	usual := scaletest.Options{Latency: 20 * time.Millisecond, Login: 200 * time.Millisecond, Writes: 40}
	slow := scaletest.Options{Latency: 40 * time.Millisecond, Login: 2 * time.Second, Writes: 45}
	for _, c := range []struct {
		scaletest.Options
		measure func(scaletest.Options, int, int) row
		n       int
		most    float64
	}{
		{usual, allDue, 1, 1.3}, {usual, allDue, 10, 1.3}, {usual, allDue, 100, 1.1}, {slow, allDue, 10, 1.3}, {slow, allDue, 100, 1.1},
		{usual, steady, 10, 1.3}, {usual, steady, 100, 1.1}, {slow, steady, 10, 1.3},
		{usual, noneDue, 10, 1.3}, {usual, noneDue, 100, 1.1}, {slow, noneDue, 100, 1.1},
	} {
		synctest.Test(t, func(t *testing.T) {
			r := c.measure(c.Options, c.n, 3)
			if ratio := r.took.Seconds() / r.least.Seconds(); ratio > c.most || ratio < 0.99 || r.Dead > 0 || r.Lost > 0 {
				t.Errorf("%d providers, %s, %v a login: %v is %.2f of %v; %d dead, %d lost", c.n, r.what, c.Login, r.took, ratio, r.least, r.Dead, r.Lost)
			}
		})
	}
}

// docs/scale.md has the prices as they are reckoned here.
func TestPrices(t *testing.T) {
	page, err := os.ReadFile("../docs/scale.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(page), prices()) {
		t.Errorf("docs/scale.md does not have what 'go run ./bench price' prints:\n%s", prices())
	}
}
