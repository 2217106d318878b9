package store

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"crmkit/crm"
	"crmkit/store/postgres/pgtest"
	"crmkit/store/storetest/kit"
)

// behind opens a store whose connections lead through a proxy. The parameters of the address say how it
// sends statements.
func behind(t *testing.T, parameters string) (*fixture, *pgtest.Proxy) {
	t.Helper()
	address := Postgres(t)
	proxy := pgtest.NewProxy(t, pgtest.Shared(t).Address())
	return openAt(t, pgtest.Through(address, proxy.Address())+parameters), proxy
}

// asTexts are the exec modes in which each statement is sent with its text, as parameters of an address.
var asTexts = []string{"&default_query_exec_mode=exec", "&default_query_exec_mode=simple_protocol"}

// commit is how COMMIT is sent in these modes, with its end: the word begins another one.
const commit = "COMMIT\x00"

// wait waits until a trap has cut a connection.
func wait(t *testing.T, sprung <-chan struct{}) {
	t.Helper()
	select {
	case <-sprung:
	case <-time.After(20 * time.Second):
		t.Fatal("the trap has cut no connection")
	}
}

// TestLostCommits cuts the connection when COMMIT is sent: before the server gets it, and after the server
// has committed, before the answer. The store finds out which it was, and the write is done once.
func TestLostCommits(t *testing.T) {
	for _, mode := range asTexts {
		for when, wantRuns := range map[pgtest.Moment]int{pgtest.BeforeArrival: 2, pgtest.BeforeAnswer: 1} {
			t.Run(fmt.Sprint(mode[len("&default_query_exec_mode="):], " ", when), func(t *testing.T) {
				f, proxy := behind(t, mode)
				ann := f.member("ann@example.com")
				f.save(ann, "contact", "name", "Joe")
				runs, afters := 0, 0
				insert := f.insert("Jane")
				sprung := proxy.Trap(commit, when)
				err := f.Write(t.Context(), ann, func(tx *Tx) error {
					runs++
					tx.After(func() { afters++ })
					return insert(tx)
				})
				wait(t, sprung)
				if err != nil || runs != wantRuns || afters != 1 || f.names(ann) != "Joe Jane" {
					t.Errorf("%v after %d runs, %d hooks, the table has %q", err, runs, afters, f.names(ann))
				}
				if logged := f.raw(1, "SELECT COUNT(*) FROM changes WHERE action = 'create'"); logged[0] != "2" {
					t.Errorf("%s creations are logged", logged[0])
				}
				f.checkCounters(ann)
			})
		}
	}
}

// TestLostTransactions cuts the connection at other statements of a write. The transaction runs again, and
// the write is done once.
func TestLostTransactions(t *testing.T) {
	for _, text := range []string{"BEGIN ISOLATION LEVEL READ COMMITTED", "FOR UPDATE", "INSERT INTO contacts", "INSERT INTO log"} {
		for _, when := range []pgtest.Moment{pgtest.BeforeArrival, pgtest.BeforeAnswer} {
			t.Run(fmt.Sprint(text, " ", when), func(t *testing.T) {
				f, proxy := behind(t, asTexts[0])
				ann := f.member("ann@example.com")
				f.save(ann, "contact", "name", "Joe")
				sprung := proxy.Trap(text, when)
				if _, err := f.trySave(ann, f.draft("contact", "name", "Jane")); err != nil {
					t.Error(err)
				}
				wait(t, sprung)
				if got := f.names(ann); got != "Joe Jane" {
					t.Errorf("the table has %q", got)
				}
				f.checkCounters(ann)
			})
		}
	}
}

// TestLostReads cuts the connection of a read. It is answered by another connection, since nothing is lost
// with it, or the answer says that it may be sent again.
func TestLostReads(t *testing.T) {
	f, proxy := behind(t, asTexts[0])
	ann := f.member("ann@example.com")
	f.save(ann, "contact", "name", "Jane")
	for _, text := range []string{"BEGIN ISOLATION LEVEL REPEATABLE READ", "FROM contacts t"} {
		for _, when := range []pgtest.Moment{pgtest.BeforeArrival, pgtest.BeforeAnswer} {
			sprung := proxy.Trap(text, when)
			page, err := f.List(t.Context(), ann, f.question(ann, "contact", "name=Jane"))
			wait(t, sprung)
			if err == nil && page.Total != 1 || err != nil && kit.CodeOf(err) != crm.NotReady {
				t.Errorf("a list that was cut at %s: %d, %v", text, page.Total, err)
			}
			if n := f.list(ann, "contact", "name=Jane").Total; n != 1 {
				t.Errorf("the next list finds %d", n)
			}
		}
	}
}

// TestOutcomeThatCannotBeKnown cuts the connection at COMMIT, and holds all traffic after that. The answer
// says that it is not known whether the write is saved. Later the store works again.
func TestOutcomeThatCannotBeKnown(t *testing.T) {
	if testing.Short() {
		t.Skip("left out: an outcome that is asked for during 20 seconds")
	}
	t.Parallel() // it waits nearly all the time
	f, proxy := behind(t, asTexts[0]+"&connect_timeout=2")
	ann := f.member("ann@example.com")
	sprung := proxy.Trap(commit, pgtest.BeforeAnswer)
	answered := make(chan error)
	go func() {
		_, err := f.trySave(ann, f.draft("contact", "name", "Jane"))
		answered <- err
	}()
	wait(t, sprung)
	release := proxy.Hold()
	err := <-answered
	kit.WantCode(t, "a commit whose outcome is not known", err, crm.NotReady)
	if err != nil && !strings.Contains(err.Error(), "it may or may not be saved") {
		t.Error(err)
	}
	release()
	for tries := 0; ; tries++ {
		if _, err = f.trySave(ann, f.draft("contact", "name", "Joe")); err == nil || tries == 20 {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	if got := f.names(ann); err != nil || got != "Jane Joe" {
		t.Errorf("later the table has %q: %v", got, err)
	}
}

// TestCutsLoseNothing cuts all connections at random moments while clients write. Each write that was
// answered without an error is there once. One with an error is there only if the error says that this
// is not known, and then once.
func TestCutsLoseNothing(t *testing.T) {
	for name, parameters := range map[string]string{"statements with names": "", "texts": asTexts[0]} {
		t.Run(name, func(t *testing.T) { cutsLoseNothing(t, parameters) })
	}
}

func cutsLoseNothing(t *testing.T, parameters string) {
	f, proxy := behind(t, parameters)
	random := rand.New(rand.NewPCG(kit.Seed(t), 1))
	actors := []crm.Actor{f.member("ann@example.com"), f.member("bob@example.com")}
	var writing, cutting sync.WaitGroup
	ended := make(chan struct{})
	cutting.Go(func() {
		for {
			select {
			case <-ended:
				return
			case <-time.After(time.Duration(random.IntN(30)) * time.Millisecond):
				proxy.Cut()
			}
		}
	})
	outcomes, mu := map[string]error{}, sync.Mutex{}
	for worker := range 6 {
		writing.Go(func() {
			for i := range 60 {
				name := fmt.Sprintf("n%d-%d", worker, i)
				_, err := f.trySave(actors[worker%2], f.draft("contact", "name", name, "tags", []string{"t"}))
				mu.Lock()
				outcomes[name] = err
				mu.Unlock()
			}
		})
	}
	writing.Wait()
	close(ended)
	cutting.Wait()
	f.checkOutcomes(outcomes)
	for _, actor := range actors {
		f.checkCounters(actor)
		f.checkUses()
	}
}

// checkOutcomes compares the answers of writes, by the name of the contact that each made, with the
// table.
func (f *fixture) checkOutcomes(outcomes map[string]error) {
	f.t.Helper()
	saved := map[string]int{}
	for _, name := range f.rawAgain("SELECT name FROM contacts") {
		saved[name]++
	}
	failed, unknown := 0, 0
	for name, err := range outcomes {
		open := err != nil && strings.Contains(err.Error(), "it may or may not be saved")
		switch {
		case err == nil && saved[name] != 1, err != nil && !open && saved[name] != 0, saved[name] > 1:
			f.t.Errorf("%s is there %d times: %v", name, saved[name], err)
		case open:
			unknown++
		case err != nil:
			failed++
			kit.WantCode(f.t, "a write that is not saved", err, crm.NotReady)
		}
	}
	f.t.Logf("of %d writes %d failed, %d had an unknown outcome", len(outcomes), failed, unknown)
}

// rawAgain is raw for a column, on a store whose connections may have been cut.
func (f *fixture) rawAgain(text string) (list []string) {
	f.t.Helper()
	err := errors.New("not tried")
	for tries := 0; tries < 30 && err != nil; tries++ {
		err = f.Read(f.t.Context(), func(v *ReadTx) (err error) {
			list = nil
			return v.Rows(f.t.Context(), text, nil, func(scan func(...any) error) error {
				list = append(list, "")
				return scan(&list[len(list)-1])
			})
		})
	}
	if err != nil {
		f.t.Fatal(err)
	}
	return list
}
