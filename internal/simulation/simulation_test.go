package simulation_test

import (
	"flag"
	"testing"
	"testing/synctest"
	"time"

	"example.com/tokenkeeper/internal/simulation"
)

var (
	seed    = flag.Uint64("seed", 0, "live through the world of this seed alone; 0: through many")
	wires   = flag.Bool("wires", false, "with the real store and the SDK over a fake of AWS, not in memory")
	worlds  = flag.Uint64("worlds", 0, "live through that many worlds; 0: through two small ones")
	minutes = flag.Float64("minutes", 0, "how long to go on; 0: through a few worlds")
)

// TestWorlds lives through worlds from seeds, and prints what they have been through. Of a
// violation it prints the seed:
//
//	go test ./internal/simulation -run TestWorlds -seed SEED -v
func TestWorlds(t *testing.T) {
	began := time.Now()
	size := simulation.Options{Providers: 40, Days: 20, Wires: *wires}
	most := *worlds
	if most == 0 && *minutes == 0 && *seed == 0 { // beside all other tests, under the race detector
		size.Days, most = 3, 2
	}
	if *wires { // a call costs a thousand times what it does in memory
		size.Providers, size.Days = 10, 4
	}
	var all simulation.Figures
	for s := uint64(1); ; s++ {
		of := s
		if *seed != 0 {
			of = *seed
		}
		synctest.Test(t, func(t *testing.T) {
			size.Trouble = float64(of%4) / 2
			all.Add(simulation.New(of, size).Run())
		})
		if *seed != 0 || *minutes == 0 && s >= most || *minutes > 0 && time.Since(began).Minutes() > *minutes {
			break
		}
	}
	t.Log(all)
	for i, v := range all.Violations {
		if i == 20 {
			t.Errorf("and %d more", len(all.Violations)-i)
			break
		}
		t.Error(v)
	}
}
