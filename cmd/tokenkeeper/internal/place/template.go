package place

import (
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secretstore"
)

// Template is the schedule of a stack that was deployed with the template's defaults.
func Template() refresh.Schedule {
	d := undeployed()
	return refresh.Schedule{Tick: d.Tick, CacheAge: d.CacheAge, Distance: secretstore.Distance, Claims: secretstore.Claims(d.Tick)}
}
