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
	for _, o := range []scaletest.Options{
		{Latency: 20 * time.Millisecond, Login: 200 * time.Millisecond, Writes: 40},
		{Latency: 40 * time.Millisecond, Login: 2 * time.Second, Writes: 45},
	} {
		for n, most := range map[int]float64{1: 1.3, 10: 1.3, 100: 1.1} {
			for _, measure := range []func(scaletest.Options, int, int) row{allDue, steady, noneDue} {
				synctest.Test(t, func(t *testing.T) {
					r := measure(o, n, 3)
					if ratio := r.took.Seconds() / r.least.Seconds(); ratio > most || ratio < 0.99 || r.Dead > 0 || r.Lost > 0 {
						t.Errorf("%d providers, %s, %v a login: %v is %.2f of %v; %d dead, %d lost", n, r.what, o.Login, r.took, ratio, r.least, r.Dead, r.Lost)
					}
				})
			}
		}
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
