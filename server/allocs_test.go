package server_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// TestAllocations bounds how many allocations a request makes, from the parsed request to the
// last byte of the answer. Unlike times, their number does not depend on the machine. Each may
// be a fifth above the measured one; the race detector adds some.
func TestAllocations(t *testing.T) {
	onlyOnSQLite(t, "the driver of another engine makes allocations of its own")
	r := newRig(t)
	r.as("jane@acme.com")
	for i := range 120 {
		r.want(http.StatusCreated, "POST", "/contacts", fmt.Sprintf(`{"name":"Jane %d","email":"p%d@acme.com","tags":["vip"],"stage":"lead","custom":{"a":1}}`, i, i))
	}
	for path, most := range map[string]float64{
		"/contacts/" + r.id("contact", 7): 62, "/contacts": 821, "/contacts?stage=lead": 846, "/contacts?search=jane": 896, "/search?q=jane": 1208,
	} {
		req := httptest.NewRequest(http.MethodGet, "http://127.0.0.1:8080"+path, nil)
		req.Header = r.header
		got := testing.AllocsPerRun(50, func() { r.handler.ServeHTTP(&deadlineRecorder{httptest.NewRecorder()}, req) })
		if got > 1.2*most {
			t.Errorf("GET %s makes %.0f allocations, want about %.0f", path, got, most)
		}
	}
}

// deadlineRecorder takes deadlines, as a connection does.
type deadlineRecorder struct{ *httptest.ResponseRecorder }

func (*deadlineRecorder) SetReadDeadline(time.Time) error  { return nil }
func (*deadlineRecorder) SetWriteDeadline(time.Time) error { return nil }
