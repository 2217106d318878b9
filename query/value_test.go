package query_test

import (
	"testing"
	"time"

	"crmkit/crm/norm"
)

// FuzzTimeIsStoredToTheSecond checks that a time field stores the second that was sent, and that
// parsing the stored time returns it.
func FuzzTimeIsStoredToTheSecond(f *testing.F) {
	for _, seed := range []string{"now", "today", "-7d", "+2w", "2026-06-10", "2026-06-10T09:00Z", "2026-06-10T09:00:30.123456789 02:00", "9999-12-31T23:59:59-12:00", "0001-01-01"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		env := testEnv(t)
		clock := norm.Clock{Now: env.Now}
		span, ok := clock.Parse(text)
		if !ok || text[0] == ' ' { // a plus sign in a URL is a blank; in a body it is not
			return
		}
		v, fault := env.Normal(env.Schema.ByName("contact").Field("follow_up_at"), text)
		if fault != nil || v.Int > span.From || v.Int <= span.From-1000 || v.Int%1000 != 0 {
			t.Fatalf("%q is stored as %d, not as %d to the second: %v", text, v.Int, span.From, fault)
		}
		shown := time.UnixMilli(v.Int).UTC().Format(time.RFC3339)
		if again, ok := clock.Parse(shown); !ok || again.From != v.Int {
			t.Fatalf("%q is shown as %s, which is read as %d, %v", text, shown, again.From, ok)
		}
	})
}
