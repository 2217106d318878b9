package store

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"crmkit/crm"
	"crmkit/crm/catalog"
	"crmkit/store/maintenance"
	"crmkit/store/sqlite"
	"crmkit/store/storetest/kit"
)

// storedBytes is SQL that counts the storage of the workspace $1 again.
var storedBytes = func() string {
	sums := []string{"(SELECT COALESCE(SUM(bytes), 0) FROM reservations WHERE workspace_id = $1)", "(SELECT COALESCE(SUM(bytes), 0) FROM kept_files WHERE workspace_id = $1)"}
	for table, columns := range kit.StoredTexts() {
		var lengths []string
		for column := range strings.FieldsSeq(columns) {
			lengths = append(lengths, "COALESCE(OCTET_LENGTH("+column+"), 0)")
		}
		sums = append(sums, "(SELECT COALESCE(SUM("+strings.Join(lengths, " + ")+"), 0) FROM "+table+" WHERE workspace_id = $1)")
	}
	return "SELECT " + strings.Join(sums, " + ")
}()

// TestStorageIsCappedExactly fills a workspace up to its cap from several goroutines. No write goes
// beyond it, except those that a full workspace still allows: deletes, sign-ins, revoked tokens.
func TestStorageIsCappedExactly(t *testing.T) {
	const limit = 20_000
	small := append(catalog.BuiltinPlans(), catalog.Plan{Name: "small", Caps: []catalog.Cap{{Resource: catalog.Storage, Max: limit}}})
	enginesWith(t, Options{Plans: small}, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		ann.Plan = "small"
		first := f.save(ann, "contact", "name", "First", "notes", "n")
		kit.Together(8, func(worker int) {
			for i := range 20 {
				_, err := f.trySave(ann, f.draft("contact", "name", strings.Repeat("é", 50), "notes", strings.Repeat("n", 100*worker)))
				if err != nil && kit.CodeOf(err) != crm.PlanLimitReached {
					t.Errorf("worker %d, write %d: %v", worker, i, err)
				}
			}
		})
		f.checkCounters(ann)
		full := f.used(ann, catalog.Storage)
		if full > limit || full < limit-1500 {
			t.Errorf("%d bytes are stored of %d", full, limit)
		}
		_, err := f.tryUpdate(ann, first.Key, f.draft("contact", "notes", strings.Repeat("n", 2000)))
		kit.WantCode(t, "update at the cap", err, crm.PlanLimitReached)
		if !strings.Contains(fmt.Sprint(err), "small allows 20000 bytes of storage") {
			t.Errorf("the hint is %v", err)
		}
		kit.WantCode(t, "reservation at the cap", f.Reserve(t.Context(), ann, "r", 5000), crm.PlanLimitReached)
		f.member("ann@example.com")
		f.write(ann, func(tx *Tx) error { return tx.Log("token.revoke", "token/tok_x", "name", strings.Repeat("x", 2000)) })
		f.write(ann, func(tx *Tx) error {
			current, err := tx.Fetch(first.Entity, first.Key)
			if err == nil {
				_, err = tx.Delete(current)
			}
			if err == nil {
				err = tx.SaveIdempotentResponse(IdempotentResponse{Hash: "h", Request: "r", Text: strings.Repeat("t", 3000), JSON: "{}"})
			}
			return err
		})
		f.checkCounters(ann)
		if used := f.used(ann, catalog.Storage); used <= limit {
			t.Errorf("%d bytes are stored, so nothing went beyond the cap", used)
		}
		ann.Plan = "unlimited"
		f.save(ann, "contact", "name", "Next")
		f.checkCounters(ann)
	})
}

// used returns the usage of a resource in the workspace of the actor.
func (f *fixture) used(actor crm.Actor, resource string) int64 {
	f.t.Helper()
	list, err := f.Usage(f.t.Context(), actor)
	if err != nil {
		f.t.Fatal(err)
	}
	for _, u := range list {
		if u.Resource == resource {
			return u.Used
		}
	}
	f.t.Fatalf("there is no usage of %s", resource)
	return 0
}

func TestReservationsCountUntilTheyAreReleased(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		before := f.used(ann, catalog.Storage)
		for _, n := range []int64{700, 1200, 300} { // each replaces the one before
			if err := f.Reserve(t.Context(), ann, "upload", n); err != nil {
				t.Fatal(err)
			}
			if got := f.used(ann, catalog.Storage); got != before+n {
				t.Errorf("%d bytes more are stored, want %d", got-before, n)
			}
		}
		f.checkCounters(ann)
		for range 2 {
			if err := f.Release(t.Context(), ann, "upload"); err != nil {
				t.Fatal(err)
			}
			if got := f.used(ann, catalog.Storage); got != before {
				t.Errorf("%d bytes stay reserved", got-before)
			}
		}
	})
}

// TestServersLeaveNoReservations checks that the next start releases the reservations of a killed
// process, and that a process that stops releases those of its spools.
func TestServersLeaveNoReservations(t *testing.T) {
	f := onFile(t)
	ann := f.member("ann@example.com")
	before := f.used(ann, catalog.Storage)
	if err := f.Reserve(t.Context(), ann, "killed", 5000); err != nil {
		t.Fatal(err)
	}
	f = f.reopen()
	f.checkCounters(ann)
	if got := f.used(ann, catalog.Storage); got != before {
		t.Errorf("%d bytes stay reserved by a killed server", got-before)
	}
	sp, err := f.Spool()
	if err != nil {
		t.Fatal(err)
	}
	sp.After(func() { _ = f.Release(context.Background(), ann, "spool") })
	if err := f.Reserve(t.Context(), ann, "spool", 5000); err != nil {
		t.Fatal(err)
	}
	must(t, f.Close())
	if left := storedReservations(t, f.opts.Path); left != 0 {
		t.Errorf("a server that stopped leaves %d reservations", left)
	}
	f = openWith(t, f.clock, f.opts)
	f.checkCounters(ann)
	if got := f.used(ann, catalog.Storage); got != before {
		t.Errorf("%d bytes stay reserved by a server that stopped", got-before)
	}
}

// storedReservations returns how many reservations are in a file that no store has open.
func storedReservations(t *testing.T, path string) (n int) {
	t.Helper()
	err := sqlite.ReadFile(path, func(c *sqlite.Conn) error { return c.Row("SELECT COUNT(*) FROM reservations", nil, &n) })
	must(t, err)
	return n
}

// TestReservationsExpire checks that a reservation that is never released ends after a day.
func TestReservationsExpire(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		before := f.used(ann, catalog.Storage)
		if err := f.Reserve(t.Context(), ann, "upload", 5000); err != nil {
			t.Fatal(err)
		}
		f.Purge(t.Context())
		if got := f.used(ann, catalog.Storage); got != before+5000 {
			t.Errorf("%d bytes are reserved", got-before)
		}
		f.clock.Advance(maintenance.ReservedFor + time.Second)
		f.Purge(t.Context())
		f.checkCounters(ann)
		if got := f.used(ann, catalog.Storage); got != before {
			t.Errorf("%d bytes stay reserved", got-before)
		}
	})
}

func TestIdempotentResponsesGiveStorageBack(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		before := f.used(ann, catalog.Storage)
		for i := range 3 * maintenance.PurgeStep / 2 {
			f.write(ann, func(tx *Tx) error {
				f.clock.Advance(1)
				return tx.SaveIdempotentResponse(IdempotentResponse{Hash: fmt.Sprint(i), Request: "r", Text: "Zoë", JSON: "{}"})
			})
		}
		f.checkCounters(ann)
		f.clock.Advance(maintenance.IdempotencyTTL)
		f.write(ann, func(tx *Tx) error { // replaces one that is too old
			return tx.SaveIdempotentResponse(IdempotentResponse{Hash: "1", Request: "r", Text: "again", JSON: "{}"})
		})
		f.checkCounters(ann)
		f.clock.Advance(maintenance.IdempotencyTTL)
		f.Purge(t.Context())
		f.checkCounters(ann)
		if got := f.used(ann, catalog.Storage); got != before {
			t.Errorf("%d bytes stay", got-before)
		}
	})
}
