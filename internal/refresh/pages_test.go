package refresh_test

import (
	"testing"
	"testing/synctest"
	"time"

	"example.com/tokenkeeper/internal/refresh"
)

// Where secrets are listed in several pages, those of the pages to come are not taken for gone.
func TestSecretsOfSeveralPages(t *testing.T) {
	for page := range 4 {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld("a", "b", "c", "d", "e")
			w.page = page
			r := w.runner()
			for i := range 3 {
				report, err := r.Run(t.Context(), refresh.Job{})
				if err != nil || report.Count(refresh.Refreshed, refresh.Waiting) != 5 || len(report.Orphans) != 0 {
					t.Fatalf("%d a page, run %d: %+v, orphans %q: %v", page, i, report.Results, report.Orphans, err)
				}
				w.now = w.now.Add(6 * time.Minute) // lists lag no longer than five
			}
			// One that is gone is noticed on the last page, and its provider is logged in to.
			delete(w.secrets, "c")
			report, err := r.Run(t.Context(), refresh.Job{})
			if logins := w.logins["a"] + w.logins["b"] + w.logins["c"] + w.logins["d"] + w.logins["e"]; err != nil || report.Count(refresh.Refreshed) != 1 || w.logins["c"] != 2 || logins != 6 {
				t.Errorf("%d a page: %d refreshed, logins %v: %v", page, report.Count(refresh.Refreshed), w.logins, err)
			}
		})
	}
}
