package auth_test

import (
	"errors"
	"testing"
	"time"

	"crmkit/crm"
	"crmkit/store"
)

func (f *fixture) contact(actor crm.Actor, name string) (rec crm.Record) {
	f.t.Helper()
	e := f.store.Schema.ByName("contact")
	err := f.store.Write(f.t.Context(), actor, func(tx *store.Tx) error {
		out, err := tx.Save(store.Draft{Entity: e, Inputs: []crm.Input{{Field: e.Field("name"), Value: crm.Str(name)}}})
		rec = out.After
		return err
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return rec
}

// confirm runs Confirm in a separate write.
func (f *fixture) confirm(actor crm.Actor, rec crm.Record, secret string) (confirmed bool, fresh string) {
	f.t.Helper()
	err := f.store.Write(f.t.Context(), actor, func(tx *store.Tx) (err error) {
		confirmed, fresh, err = f.Confirm(tx, rec, secret)
		return err
	})
	if err != nil {
		f.t.Errorf("Confirm: %v", err)
	}
	return confirmed, fresh
}

func TestConfirmationWorksOnce(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		_, ann := f.mint("ann@example.com")
		jane := f.contact(ann, "Jane")
		confirmed, secret := f.confirm(ann, jane, "")
		if confirmed || len(secret) < 16 {
			t.Fatalf("without a secret: confirmed %v, secret %q", confirmed, secret)
		}
		if confirmed, fresh := f.confirm(ann, jane, "made-up"); confirmed || fresh == "" || fresh == secret {
			t.Errorf("a made-up secret: confirmed %v, fresh %q", confirmed, fresh)
		}
		if confirmed, _ := f.confirm(ann, jane, secret); !confirmed {
			t.Error("the secret did not confirm")
		}
		confirmed, fresh := f.confirm(ann, jane, secret)
		if confirmed {
			t.Error("the secret confirmed twice")
		}
		if confirmed, _ := f.confirm(ann, jane, fresh); !confirmed {
			t.Error("the fresh secret did not confirm")
		}
	})
}

func TestConfirmationIsBound(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		_, ann := f.mint("ann@example.com")
		_, bob := f.mint("bob@example.com")
		jane, joe := f.contact(ann, "Jane"), f.contact(ann, "Joe")
		changed := jane.Clone()
		changed.Set(crm.FieldVersion, crm.Number(jane.Version()+1))
		colleague, elsewhere := ann, ann
		colleague.User = bob.User
		elsewhere.Workspace = bob.Workspace
		_, secret := f.confirm(ann, jane, "")
		for what, try := range map[string]struct {
			actor crm.Actor
			rec   crm.Record
		}{
			"another user": {colleague, jane}, "another workspace": {elsewhere, jane},
			"another record": {ann, joe}, "a later version": {ann, changed},
		} {
			if confirmed, _ := f.confirm(try.actor, try.rec, secret); confirmed {
				t.Errorf("it confirmed for %s", what)
			}
		}
		if confirmed, _ := f.confirm(ann, jane, secret); !confirmed {
			t.Error("it no longer confirms what it was made for")
		}
	})
}

func TestConfirmationLivesTenMinutes(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		_, ann := f.mint("ann@example.com")
		jane := f.contact(ann, "Jane")
		_, first := f.confirm(ann, jane, "")
		_, second := f.confirm(ann, jane, "")
		f.clock.advance(10*time.Minute - time.Millisecond)
		if confirmed, _ := f.confirm(ann, jane, first); !confirmed {
			t.Error("refused just before its end")
		}
		f.clock.advance(time.Millisecond)
		if confirmed, _ := f.confirm(ann, jane, second); confirmed {
			t.Error("accepted at its end")
		}
	})
}

func TestParallelConfirmationsDeleteOnce(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		_, ann := f.mint("ann@example.com")
		jane := f.contact(ann, "Jane")
		_, secret := f.confirm(ann, jane, "")
		unconfirmed := errors.New("unconfirmed")
		counts := together(20, func(i int) error {
			return f.store.Write(t.Context(), ann, func(tx *store.Tx) error {
				confirmed, _, err := f.Confirm(tx, jane, secret)
				if err == nil && !confirmed {
					err = unconfirmed
				}
				if err != nil {
					return err
				}
				_, err = tx.Delete(jane)
				return err
			})
		})
		if counts[""] != 1 || counts["uncoded: unconfirmed"] != 19 {
			t.Errorf("20 parallel deletes: %v", counts)
		}
		used, err := f.store.Usage(t.Context(), ann)
		if err != nil || used[0].Resource != "contacts" || used[0].Used != 0 {
			t.Errorf("%+v is counted, %v", used, err)
		}
	})
}

// TestFailedDeleteDoesNotUseUpTheConfirmation checks that a delete that fails after its
// confirmation was accepted can be repeated with the same confirmation.
func TestFailedDeleteDoesNotUseUpTheConfirmation(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		_, ann := f.mint("ann@example.com")
		jane := f.contact(ann, "Jane")
		_, secret := f.confirm(ann, jane, "")
		oops := errors.New("oops")
		err := f.store.Write(t.Context(), ann, func(tx *store.Tx) error {
			confirmed, _, err := f.Confirm(tx, jane, secret)
			if !confirmed {
				t.Error("not confirmed")
			}
			return errors.Join(err, oops)
		})
		if !errors.Is(err, oops) {
			t.Fatal(err)
		}
		if confirmed, _ := f.confirm(ann, jane, secret); !confirmed {
			t.Error("the confirmation went with the failed delete")
		}
	})
}
