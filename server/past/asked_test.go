package past

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"crmkit/crm"
	"crmkit/query"
	"crmkit/server/web"
	"crmkit/store/past"
)

// FuzzAsked reads any text as at= and as the place in the cursor of a page. What is read is a place of the workspace that
// is not in the future, and is written as the same text.
func FuzzAsked(f *testing.F) {
	now := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	rq := &web.Request{Request: &http.Request{}, Actor: crm.Actor{Workspace: 1}, Env: query.Env{Now: now}}
	for _, text := range []string{"-7d", "2026-11-01", "now", "+1d", "seq_0134", "seq_", "2026-11-01T10:00:00.123Z", cursorOf(rq, past.Place{Number: 7, At: 1780000000000}), "seq_07m4.mq99odc0", "~", "é"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		rq.Params = url.Values{"at": {text}}
		ask, fault := readPlace(rq, "at")
		if fault == nil && !ask.IsNumber && ask.At > now.UnixMilli() {
			t.Errorf("at=%q is %d, in the future", text, ask.At)
		}
		if fault == nil && ask.IsNumber && ask.Number < 0 {
			t.Errorf("at=%q is the entry %d", text, ask.Number)
		}
		if ask, ok := placeOfCursor(rq, text); ok {
			again, ok := placeOfCursor(rq, cursorOf(rq, past.Place{Number: ask.Number, At: ask.At}))
			if !ok || again != ask {
				t.Errorf("%q is %v, written and read again %v", text, ask, again)
			}
		}
	})
}
