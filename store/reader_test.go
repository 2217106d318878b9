package store

import "testing"

// TestReadersServeOnAfterAPanic panics in a snapshot on every connection. The connections must
// leave the snapshot and serve other reads.
func TestReadersServeOnAfterAPanic(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		for range f.db.Places() {
			func() {
				defer func() { _ = recover() }()
				_ = f.Snapshot(t.Context(), func(*ReadTx) error { panic("damaged cell") })
				t.Error("the panic did not reach the caller")
			}()
		}
		f.save(ann, "contact", "name", "Jane")
		for range 2 * f.db.Places() {
			if page := f.list(ann, "contact", ""); page.Total != 1 {
				t.Errorf("a reader sees %d contacts, want 1", page.Total)
			}
		}
	})
}
