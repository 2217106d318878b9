package store

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"crmkit/crm"
	"crmkit/store/storetest/kit"
)

// commitWithError is a job that creates a contact, calls After, and ends with an error that commits.
func (f *fixture) commitWithError(name string, calls *[]string) func(*Tx) error {
	insert := f.insert(name)
	return func(tx *Tx) error {
		tx.After(func() { *calls = append(*calls, name) })
		if err := insert(tx); err != nil {
			return err
		}
		return tx.CommitWithError(errors.New("saved " + name))
	}
}

func TestCommitWithErrorCommitsChangesAndHooks(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		var calls []string
		coded := crm.Errorf(crm.EscalationRequired, "ask")
		job := f.commitWithError("coded", &calls)
		err := f.Write(t.Context(), ann, func(tx *Tx) error {
			_ = job(tx)
			return tx.CommitWithError(coded)
		})
		if err != coded {
			t.Errorf("the write answers %v, want the error given to CommitWithError", err)
		}
		if got := f.names(ann); got != "coded" || strings.Join(calls, " ") != "coded" {
			t.Errorf("the table has %q, called %q", got, calls)
		}
		f.checkCounters(ann)
		if got := f.raw(1, "SELECT COUNT(*) FROM changes WHERE workspace_id = $1 AND action = 'create'", ann.Workspace); got[0] != "1" {
			t.Errorf("%s creations are logged", got[0])
		}
	})
}

// TestCommitWithErrorIsOnDisk checks that the file has a write that committed with an error.
func TestCommitWithErrorIsOnDisk(t *testing.T) {
	onDisk(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		var calls []string
		if err := f.Write(t.Context(), ann, f.commitWithError("one", &calls)); err == nil {
			t.Error("the error was lost")
		}
		if got := f.reopen().names(ann); got != "one" {
			t.Errorf("the file has %q", got)
		}
	})
}

func TestCommitWithErrorIsForItsOwnErrorOnly(t *testing.T) {
	oops := errors.New("oops")
	ends := map[string]struct {
		end  func(err error) error
		want string
	}{
		"with the error":     {func(err error) error { return err }, "one"},
		"with it, wrapped":   {func(err error) error { return fmt.Errorf("so: %w", err) }, "one"},
		"without an error":   {func(error) error { return nil }, "one"},
		"with another":       {func(error) error { return oops }, ""},
		"with an equal text": {func(err error) error { return errors.New(err.Error()) }, ""},
	}
	engines(t, func(t *testing.T, f *fixture) {
		for how, c := range ends {
			ann := f.member(strings.Map(letters, how) + "@example.com")
			var calls []string
			job := f.commitWithError("one", &calls)
			err := f.Write(t.Context(), ann, func(tx *Tx) error { return c.end(job(tx)) })
			if got := f.names(ann); got != c.want || strings.Join(calls, " ") != c.want {
				t.Errorf("ending %s (%v): the table has %q, called %q, want %q", how, err, got, calls, c.want)
			}
		}
	})
}

// letters drops all characters but a to z.
func letters(r rune) rune {
	if r < 'a' || r > 'z' {
		return -1
	}
	return r
}

func TestCommitWithErrorBesideOtherWrites(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		var calls []string
		job := f.commitWithError("mine", &calls)
		panicking := func(tx *Tx) error {
			_ = f.commitWithError("lost", &calls)(tx)
			panic("at the disco")
		}
		failing := func(tx *Tx) error { return errors.Join(f.insert("lost")(tx), errors.New("oops")) }
		release := f.block()
		answers := f.queue(t.Context(), ann, f.insert("one"), job, panicking, failing, f.insert("two"))
		release()
		errs := answers()
		for i, want := range []string{"", "saved mine", "at the disco", "oops", ""} {
			if got := fmt.Sprint(errs[i]); errs[i] == nil != (want == "") || !strings.Contains(got, want) {
				t.Errorf("write %d answers %v, want %q", i, errs[i], want)
			}
		}
		if got := f.names(ann); got != "one mine two" || strings.Join(calls, " ") != "mine" {
			t.Errorf("the table has %q, called %q", got, calls)
		}
		f.checkCounters(ann)
	})
}

// failCommit makes the commit of its batch fail: it writes a row with a reference to no row, which
// SQLite is set to check at the commit.
func failCommit(tx *Tx) error {
	if err := tx.DeferReferences(); err != nil {
		return err
	}
	return tx.Exec("INSERT INTO members (key, id, workspace_id, email, role, status, created_at) VALUES (-1, 'inv_x', -1, 'x@example.com', 'member', 'invited', 0)")
}

// TestFailedCommitSavesNothing checks on SQLite that nothing of a batch is saved when its commit fails,
// also no write that ends with CommitWithError, and that no function given to After runs. The
// next write works.
func TestFailedCommitSavesNothing(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		if f.opts.Shared() {
			t.Skip("PostgreSQL says that nothing was committed, so the other writes are saved: TestFailedCommitOfOne")
		}
		ann := f.member("ann@example.com")
		var calls []string
		job := f.commitWithError("mine", &calls)
		release := f.block()
		answers := f.queue(t.Context(), ann, f.insert("one"), job, failCommit)
		release()
		for i, err := range answers() {
			kit.WantCode(t, fmt.Sprintf("write %d of a batch whose commit failed", i), err, crm.NotReady)
		}
		if got := f.names(ann); got != "" || len(calls) > 0 {
			t.Errorf("the table has %q, called %q", got, calls)
		}
		if err := f.Write(t.Context(), ann, job); fmt.Sprint(err) != "saved mine" {
			t.Errorf("the next write answers %v", err)
		}
		if got := f.names(ann); got != "mine" || strings.Join(calls, " ") != "mine" {
			t.Errorf("after the next write the table has %q, called %q", got, calls)
		}
	})
}
