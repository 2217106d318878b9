package txn

import (
	"testing"

	"crmkit/store/engine"
)

// TestPoolLendsTheLast takes connections one after the other: it is always the same one, so the
// others are never opened.
func TestPoolLendsTheLast(t *testing.T) {
	type named struct {
		engine.Conn
		name string
	}
	p := newPool(2)
	p.put(&named{name: "never used"})
	p.put(&named{name: "used"})
	for range 3 {
		conn, err := p.take(t.Context(), nil)
		if err != nil || conn.(*named).name != "used" {
			t.Fatalf("took %v, %v", conn, err)
		}
		p.put(conn)
	}
}
