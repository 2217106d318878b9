package store

import (
	"testing"

	"crmkit/crm"
	"crmkit/store/maintenance"
)

func TestIdempotentResponses(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann, bob := f.member("ann@example.com"), f.member("bob@example.com")
		first := IdempotentResponse{Hash: "h", Request: "r", Status: 201, Version: 1, Text: "contact/c_1\n# created\n", JSON: `{"id":"c_1"}`}
		f.write(ann, func(tx *Tx) error { return tx.SaveIdempotentResponse(first) })
		read := func(tx *Tx) (a IdempotentResponse, found bool) {
			a, found, err := tx.IdempotentResponse("h")
			if err != nil {
				t.Fatal(err)
			}
			return a, found
		}
		f.write(ann, func(tx *Tx) error {
			if a, found := read(tx); !found || a != first {
				t.Errorf("saved %+v, found %v %+v", first, found, a)
			}
			return nil
		})
		f.write(bob, func(tx *Tx) error {
			if a, found := read(tx); found {
				t.Errorf("the answer of another user: %+v", a)
			}
			return nil
		})
		f.clock.Advance(maintenance.IdempotencyTTL)
		f.Purge(t.Context())
		if rows := f.raw(1, "SELECT hash FROM kept_answers"); len(rows) != 0 {
			t.Errorf("a day later there are %q", rows)
		}
	})
}

func TestImportMappingIsPerWorkspaceSourceAndKind(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann, bob := f.member("ann@example.com"), f.member("bob@example.com")
		contact, deal := f.Schema.ByName("contact"), f.Schema.ByName("deal")
		f.write(ann, func(tx *Tx) error { return tx.SaveImportMapping("ws_1", contact, "c_1", 6) })
		f.write(ann, func(tx *Tx) error { return tx.SaveImportMapping("ws_1", contact, "c_1", 7) })
		for _, c := range []struct {
			actor  crm.Actor
			source string
			entity *crm.Entity
			id     string
			want   int64
		}{{ann, "ws_1", contact, "c_1", 7}, {ann, "ws_2", contact, "c_1", 0}, {ann, "ws_1", deal, "c_1", 0}, {ann, "ws_1", contact, "c_2", 0}, {bob, "ws_1", contact, "c_1", 0}} {
			f.write(c.actor, func(tx *Tx) error {
				if key, err := tx.ImportMapping(c.source, c.entity, c.id); err != nil || key != c.want {
					t.Errorf("%s %s of %s %s: %d %v, want %d", c.entity.Name, c.id, c.actor.Email, c.source, key, err, c.want)
				}
				return nil
			})
		}
	})
}
