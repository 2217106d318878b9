package shape

import "testing"

// TestWorkspacesUsedLastAreKept uses many more workspaces than are kept. Those that were used last are known, and
// one that is used all the time is known always.
func TestWorkspacesUsedLastAreKept(t *testing.T) {
	var g generations
	for w := range int64(5 * maxKept) {
		g.put(w, kept{latest: w + 1})
		if w%1000 == 0 && g.of(0).latest != 1 {
			t.Fatalf("after %d workspaces the first one is not kept", w)
		}
		for _, recent := range []int64{w, max(0, w-1), max(0, w-maxKept/4)} {
			if g.of(recent).latest != recent+1 {
				t.Fatalf("after %d workspaces %d is not kept", w, recent)
			}
		}
		if n := len(g.young) + len(g.old); n > maxKept {
			t.Fatalf("%d workspaces are kept", n)
		}
	}
	if g.of(maxKept).latest != 0 {
		t.Error("all are kept")
	}
}
