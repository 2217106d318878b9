package store

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"crmkit/crm"
	"crmkit/crm/alike"
	"crmkit/store/ahead"
	"crmkit/store/duplicates"
	"crmkit/store/secondary"
	"crmkit/store/storetest/kit"
	"crmkit/store/txn"
)

// step is a change of a random program: of the record with a key, or if that is 0 of the one that a draft
// means. remove deletes the record.
type step struct {
	draft  Draft
	key    int64
	remove bool
}

// aheadProgram returns random changes of a few records whose values they share.
func aheadProgram(f *fixture, r *rand.Rand) (list []step) {
	one := func(words ...string) string { return words[r.IntN(len(words))] }
	for range 1 + r.IntN(14) {
		d := f.draft("contact", "name", one("Ann Lee", "Anne Lee", "Bob Ray", "Lee, Ann"))
		also := func(name string, value any) { d.Inputs = append(d.Inputs, input(d.Entity.Field(name), value)) }
		if r.IntN(4) == 0 {
			d = f.draft("company", "name", one("Acme", "Acme Inc", "Globex"), "other_domains", []string{one("acme.test", "globex.test", "acme.example")})
			if r.IntN(2) == 0 {
				also("domain", one("acme.test", "globex.test", "acme.example"))
			}
		} else {
			if r.IntN(3) > 0 {
				also("email", one("ann@acme.test", "bob@acme.test", "ann@globex.test", "lee@x.test", "a@x.test"))
			}
			if r.IntN(3) == 0 {
				also("other_emails", []string{one("ann@acme.test", "bob@acme.test", "lee@x.test")})
			}
			if r.IntN(2) == 0 {
				also("company_id", crm.Key(crm.RecordKey(1, 1+r.Int64N(4))))
			}
			if r.IntN(3) == 0 {
				also("phone", one("+1 555 0100", "+1 555 0101"))
			}
			also("custom", []crm.Member{{Name: one("plan", "seats", "<b>"), JSON: `"x"`}})
		}
		also("tags", []string{one("vip", "eu", "\u2028 &")})
		if r.IntN(3) == 0 {
			also("external_ids", []string{fmt.Sprint("other:", r.IntN(4))})
		}
		s := step{draft: d}
		if r.IntN(4) == 0 {
			s.key, s.remove = crm.RecordKey(1, 1+r.Int64N(6)), r.IntN(3) == 0
		}
		list = append(list, s)
	}
	return list
}

// asks returns what the steps will ask.
func asks(f *fixture, actor crm.Actor, list []step) (all []txn.Ahead) {
	for _, s := range list {
		all = append(all, ahead.OfDraft(s.draft.Entity, s.draft.Inputs, actor, f.Now())...)
	}
	return all
}

// run does a step in a transaction, and returns what came of it.
func (s step) run(tx *Tx, near likeness) string {
	var out Outcome
	err := tx.Savepoint(func() (err error) {
		switch {
		case s.remove:
			var rec crm.Record
			if rec, err = tx.Fetch(s.draft.Entity, s.key); err == nil {
				_, err = tx.Delete(rec)
			}
		case s.key != 0:
			out, err = tx.Update(s.key, s.draft)
		default:
			out, err = tx.Save(s.draft)
		}
		return err
	})
	var fault *crm.Error
	if errors.As(err, &fault) || err == nil && s.remove {
		return fmt.Sprint(s.remove, err)
	} else if err != nil {
		return "stopped: " + err.Error()
	}
	return out.Result + " " + described(out.After) + near.of(tx, out.After)
}

// described returns the values and labels of a record.
func described(rec crm.Record) string {
	text := rec.Handle()
	for i, v := range rec.Values {
		text += fmt.Sprint(" ", rec.Entity.Fields[i].Name, "=", v.Text, v.Int, v.List(), v.Members())
	}
	return text + fmt.Sprint(rec.Labels)
}

// likeness is how a program looks for the likes of a record: of which engine, and whether it keeps what it
// reads for the next.
type likeness struct{ shared, keeps bool }

// of returns the records that look like one.
func (l likeness) of(tx *Tx, rec crm.Record) (text string) {
	known, err := secondary.Known(tx.Tx, rec.Entity)
	if l.keeps {
		known, err = secondary.KnownFor(tx.Tx, rec.Entity)
	}
	source := &duplicates.Source{Actor: tx.Actor, Entity: rec.Entity, Shared: l.shared, Known: known, Read: tx.Rows}
	likes, failed := alike.Near(source, alike.Of(rec, tx.Actor.Country))
	for _, p := range likes.Pairs {
		text += fmt.Sprint(" like ", p.B.Record.Handle(), " ", p.B.Record.Value("name").Text, p.Verdict, p.Why)
	}
	return fmt.Sprint(text, " and ", len(likes.Many), err, failed)
}

// TestAheadChangesNothing runs random programs in a database of PostgreSQL that is asked ahead, in one
// that is not, in a file, and in one where nothing is kept of what was read for earlier records: steps have
// the same outcomes, and the tables the same rows.
func TestAheadChangesNothing(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	programs := 60
	if testing.Short() {
		programs = 15
	}
	all := []*fixture{openWith(t, kit.NewClock(), Options{Path: Postgres(t)}), openWith(t, kit.NewClock(), Options{Path: Postgres(t)}), onFile(t), onFile(t)}
	all[1].tuning.NotAhead = true
	var actors []crm.Actor
	for _, f := range all {
		actors = append(actors, f.member("ann@example.com"))
	}
	for n := range programs {
		var outcomes []string
		for i, f := range all {
			list := aheadProgram(f, rand.New(rand.NewPCG(seed, uint64(n))))
			var text []string
			err := f.WriteAhead(t.Context(), actors[i], asks(f, actors[i], list), func(tx *Tx) error {
				text = nil
				for _, s := range list {
					text = append(text, s.run(tx, likeness{shared: i < 2, keeps: i%2 == 0}))
				}
				return nil
			})
			outcomes = append(outcomes, fmt.Sprint(strings.Join(text, "\n"), err))
		}
		if outcomes[0] != outcomes[1] || outcomes[0] != outcomes[2] || outcomes[0] != outcomes[3] {
			t.Fatalf("program %d:\nahead\n%s\nnot ahead\n%s\nfile\n%s\nfile, nothing kept\n%s", n, outcomes[0], outcomes[1], outcomes[2], outcomes[3])
		}
	}
	for _, table := range []string{"contacts", "companies", "names", "tags", "custom_values", "list_values", "duplicate_keys", "usage", "values_in_use", "origins"} {
		columns := all[0].catalog().ColumnNames(table)
		text := "SELECT " + strings.Join(columns, ", ") + " FROM " + table
		var rows [][]string
		for _, f := range all[:2] {
			list := f.raw(len(columns), text)
			slices.Sort(list)
			rows = append(rows, list)
		}
		if len(rows[0]) == 0 || !slices.Equal(rows[0], rows[1]) {
			t.Errorf("%s has %d and %d rows:\n%v\n%v", table, len(rows[0]), len(rows[1]), rows[0], rows[1])
		}
	}
}

// TestAheadTogether has clients save contacts that share addresses, companies and labels, so that the
// questions of many are asked at once: no address has two contacts, no name two keys, and the keys by which
// duplicates are found are those of the records.
func TestAheadTogether(t *testing.T) {
	f := openWith(t, kit.NewClock(), Options{Path: Postgres(t)})
	ann := f.member("ann@example.com")
	f.save(ann, "company", "name", "Acme")
	var clients sync.WaitGroup
	for client := range 16 {
		clients.Go(func() {
			for n := range 12 {
				d := f.draft("contact", "name", fmt.Sprint("Ann ", n), "email", fmt.Sprintf("a%d@acme.test", (client+n)%20), "company_id", crm.Key(crm.RecordKey(1, 1)), "tags", []string{fmt.Sprint("t", n)})
				err := f.WriteAhead(t.Context(), ann, ahead.OfDraft(d.Entity, d.Inputs, ann, f.Now()), func(tx *Tx) error {
					_, err := tx.Save(d)
					return err
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	clients.Wait()
	if got := fmt.Sprint(f.raw(1, "SELECT COUNT(*) FROM contacts"), f.raw(1, "SELECT COUNT(*) - COUNT(DISTINCT name) FROM names")); got != "[20] [0]" {
		t.Errorf("contacts and names: %s", got)
	}
	f.checkKeys(ann)
}
