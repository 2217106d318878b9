package transfer

import (
	"bytes"
	"net/http/httptest"
	"testing"
	"time"

	"crmkit/server/importer"
	"crmkit/server/web"
)

func newTestTurn(t *testing.T, x *Endpoints) (*turn, *web.Request) {
	t.Helper()
	rq := &web.Request{Request: httptest.NewRequestWithContext(t.Context(), "POST", "/import/contacts", nil)}
	one, err := x.importTurn(rq)
	if err != nil {
		t.Fatal(err)
	}
	return one, rq
}

// TestSlowClientsHoldNoPlace has one place for imports, and a client that does not read the answer of
// the import that has it: another import takes the place meanwhile, and gives it back.
func TestSlowClientsHoldNoPlace(t *testing.T) {
	x := &Endpoints{turns: &turns{open: make(chan struct{}, 2), working: make(chan struct{}, 1)}}
	for _, dryRun := range []bool{false, true} {
		slow, rq := newTestTurn(t, x)
		answer := slow.answer(importer.Options{DryRun: dryRun}, func(send func([]byte) error) error {
			if len(x.turns.working) != 1 {
				t.Error("an import works without a place")
			}
			if err := send([]byte("row 1\n")); err != nil {
				return err
			}
			return send([]byte("row 2\n"))
		})
		var got bytes.Buffer
		err := answer(func(piece []byte) error {
			other, otherRequest := newTestTurn(t, x)
			if !other.works || slow.works {
				t.Errorf("dry run %v: the place was not given to the other import", dryRun)
			}
			otherRequest.End()
			got.Write(piece)
			return nil
		})
		if err != nil || got.String() != "row 1\nrow 2\n" {
			t.Errorf("dry run %v: %q, %v", dryRun, got.String(), err)
		}
		rq.End()
		if len(x.turns.open) != 0 || len(x.turns.working) != 0 {
			t.Errorf("dry run %v: %d and %d places are taken at the end", dryRun, len(x.turns.open), len(x.turns.working))
		}
	}
}

// TestSlowClientsLoseTheirPlace checks when the client of an import is too slow.
func TestSlowClientsLoseTheirPlace(t *testing.T) {
	for _, c := range []struct {
		waiting         int64
		worked, blocked time.Duration
		want            bool
	}{
		{1, time.Second, slowAfter + 1, true},
		{0, time.Second, time.Hour, false},               // nobody needs the place
		{1, time.Second, slowAfter - time.Second, false}, // not yet
		{1, 10 * time.Minute, slowAfter + 1, false},      // it works more than it waits
		{1, time.Minute, slowRatio*time.Minute + 1, true},
	} {
		one := &turn{all: newTurns(), ctx: t.Context(), worked: c.worked, blocked: c.blocked}
		one.all.waiting.Store(c.waiting)
		err := one.sent(func([]byte) error { return nil }, nil)
		if (err != nil) != c.want {
			t.Errorf("%+v: %v", c, err)
		}
	}
}
