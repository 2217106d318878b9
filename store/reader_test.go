package store

import (
	"context"
	"fmt"
	"strings"
	"testing"
)

// TestReadersServeOnAfterAPanic breaks off every reader inside a snapshot; the
// connections must come back outside of it.
func TestReadersServeOnAfterAPanic(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		for range cap(f.readers) {
			func() {
				defer func() { _ = recover() }()
				_ = f.Snapshot(t.Context(), func(*ReadTx) error { panic("damaged cell") })
				t.Error("the panic did not reach the caller")
			}()
		}
		f.save(ann, "contact", "name", "Jane")
		for range 2 * cap(f.readers) {
			if page := f.list(ann, "contact", ""); page.Total != 1 {
				t.Errorf("a reader sees %d contacts, want 1", page.Total)
			}
		}
	})
}

// TestStatementsAreBounded prepares more and longer statements than are kept.
func TestStatementsAreBounded(t *testing.T) {
	f := onFile(t)
	r := <-f.readers
	defer func() { f.readers <- r }()
	before := r.stmts.recent.Len()
	use := func(text string) {
		st, err := r.stmts.take(context.Background(), text)
		if err != nil {
			t.Fatal(err)
		}
		r.stmts.release(st)
	}
	use("SELECT 1 -- " + strings.Repeat("x", maxKept))
	if r.stmts.recent.Len() != before {
		t.Error("a statement over the length limit is kept")
	}
	for i := range maxStatements + 50 {
		use(fmt.Sprint("SELECT ", i))
	}
	if n := r.stmts.recent.Len(); n != maxStatements || len(r.stmts.byText) != n {
		t.Errorf("%d statements are kept, %d by text; want %d", n, len(r.stmts.byText), maxStatements)
	}
}
