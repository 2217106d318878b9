package store

import (
	"testing"
	"time"
)

// TestClockJumps sets the clock forward and back between writes. No write fails or is lost,
// versions rise, and pages neither skip nor repeat a record.
func TestClockJumps(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		rec := f.save(ann, "contact", "name", "Jane")
		for n, jump := range []time.Duration{0, 365 * 24 * time.Hour, -2 * 365 * 24 * time.Hour, time.Second, -time.Hour, 48 * time.Hour} {
			f.clock.Advance(jump)
			f.save(ann, "deal", "title", "deal")
			f.update(ann, rec, "phone", string(rune('1'+n)))
		}
		if now := f.fetch(ann, rec); now.Version() != 7 || now.Value("phone").Text != "6" {
			t.Errorf("the contact is %+v", now)
		}
		if deals := f.list(ann, "deal", "limit=200"); len(deals.Records) != 6 {
			t.Errorf("%d of 6 deals", len(deals.Records))
		}
		f.checkCounters(ann)
	})
}
