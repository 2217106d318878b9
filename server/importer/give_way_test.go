package importer

import (
	"context"
	"testing"
	"time"

	"crmkit/store"
)

// TestTransactionsAreSmallBesideOthers checks the size of transactions: large alone, small after one
// that waited for writes of others, and large again when none has waited for a while.
func TestTransactionsAreSmallBesideOthers(t *testing.T) {
	im := &Importer{most: 100 * rowCost, opts: Options{Limits: DefaultLimits}}
	batch := make([]entry, 200)
	for i := range batch {
		batch[i].draft = store.Draft{}
	}
	size := func(what string, want int) {
		t.Helper()
		if n := im.step(batch); n != want {
			t.Errorf("%s a transaction has %d rows, want %d", what, n, want)
		}
	}
	size("alone", 100)
	im.giveWay(t.Context(), DefaultLimits.FreeWait, 0)
	size("after a short wait", 100)
	im.giveWay(t.Context(), DefaultLimits.FreeWait+time.Microsecond, 0)
	for range freeSteps - 1 {
		size("beside others", 100/sharedPart)
		im.giveWay(t.Context(), 0, 0)
	}
	size("alone again", 100)
	batch = batch[:1]
	im.most = 1
	size("too large", 1)
}

// TestPauseEndsWithTheClient checks that an import whose client is gone does not pause.
func TestPauseEndsWithTheClient(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	im := &Importer{opts: Options{Limits: DefaultLimits}}
	start := time.Now()
	for range 100 {
		im.giveWay(ctx, 2*DefaultLimits.FreeWait, mostPause)
	}
	if took := time.Since(start); took > 10*mostPause {
		t.Errorf("100 pauses took %v", took)
	}
}
