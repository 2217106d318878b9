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
	"crmkit/store/engine"
	"crmkit/store/words"
)

// wordRows returns the rows of the table of words, as a connection sees them.
func (f *fixture) wordRows(conn engine.Conn) []string {
	f.t.Helper()
	list, err := conn.Texts(f.t.Context(), "SELECT workspace_id || ' ' || kind || ' ' || letters || ' ' || word || ' ' || n || ' ' || in_labels FROM words ORDER BY workspace_id, kind, letters, word")
	if err != nil {
		f.t.Fatal(err)
	}
	return list
}

// checkWords checks that the table of words has what a count over all records gives, when no write
// runs.
func (f *fixture) checkWords() {
	f.t.Helper()
	if err := f.Settle(f.t.Context()); err != nil {
		f.t.Fatal(err)
	}
	conn := f.writes()
	if err := conn.BeginWrite([]int64{0}); err != nil {
		f.t.Fatal(err)
	}
	defer func() {
		if err := conn.Rollback(); err != nil {
			f.t.Fatal(err)
		}
	}()
	kept := f.wordRows(conn)
	if err := words.Rebuild(f.t.Context(), conn, f.Schema); err != nil {
		f.t.Fatal(err)
	}
	if counted := f.wordRows(conn); !slices.Equal(kept, counted) {
		f.t.Fatalf("the table has the words\n%s\nbut the records have\n%s", strings.Join(kept, "\n"), strings.Join(counted, "\n"))
	}
}

// TestWordsAreThoseOfTheRecords runs a random program whose deletes run in steps, with writes that fail
// as a whole or in a part. The table of words has what a count over the records gives. At the end
// the workspaces are deleted, and the table is empty.
func TestWordsAreThoseOfTheRecords(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	f := openAt(t, Postgres(t))
	f.cascades.atOnce, f.cascades.step = 1, 2
	s := &suggestions{fixture: f, random: rand.New(rand.NewPCG(seed, 0)), rows: make([][]crm.Record, 2)}
	s.actors = []crm.Actor{f.member("ann@example.com"), f.member("bob@example.com")}
	for i := range 200 {
		s.change()
		s.failedChange()
		if i%20 == 0 {
			f.checkWords()
		}
	}
	if f.checkWords(); len(f.wordRows(f.writes())) < 50 {
		t.Error("there are hardly any words, so this test shows little")
	}
	for _, actor := range s.actors {
		f.write(actor, func(tx *Tx) error { return tx.DeleteRecords() })
	}
	if f.checkWords(); len(f.wordRows(f.writes())) > 0 {
		t.Error("words of deleted workspaces remain")
	}
}

// failedChange saves contacts in a write of which all or a part is rolled back.
func (s *suggestions) failedChange() {
	oops := errors.New("oops")
	first, second := s.draft("contact", "name", s.word()), s.draft("contact", "name", s.word())
	outer := []error{nil, oops}[s.random.IntN(2)]
	err := s.Write(s.t.Context(), s.actors[0], func(tx *Tx) error {
		if _, err := tx.Save(first); err != nil {
			return err
		}
		inner := tx.Savepoint(func() error {
			_, err := tx.Save(second)
			return errors.Join(err, oops)
		})
		if !errors.Is(inner, oops) {
			return inner
		}
		return outer
	})
	if err != outer && !errors.Is(err, outer) {
		s.t.Fatal(err)
	}
}

// TestWordsOfSeveralServers writes records of one workspace from two servers at the same time, in
// batches with writes that fail.
func TestWordsOfSeveralServers(t *testing.T) {
	address := Postgres(t)
	servers := []*fixture{openAt(t, address), openAt(t, address)}
	ann := servers[0].member("ann@example.com")
	oops := errors.New("oops")
	var workers sync.WaitGroup
	for worker := range 8 {
		workers.Go(func() {
			f := servers[worker%2]
			for i := range 10 {
				draft := f.draft("contact", "name", fmt.Sprintf("anna %c%c", 'a'+i, 'a'+worker), "tags", []string{"common"})
				err := f.Write(t.Context(), ann, func(tx *Tx) error {
					if _, err := tx.Save(draft); err != nil || i%3 > 0 {
						return err
					}
					return oops
				})
				if failed := errors.Is(err, oops); failed != (i%3 == 0) || err != nil && !failed {
					t.Error(err)
				}
			}
		})
	}
	workers.Wait()
	servers[0].checkWords()
	rows := servers[0].wordRows(servers[0].writes())
	if !slices.ContainsFunc(rows, func(row string) bool { return strings.HasSuffix(row, " anna 48 48") }) || len(rows) != 2 {
		t.Errorf("the table has %q", rows)
	}
}
