package store

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"crmkit/crm"
)

// commitWithError is a job that makes a contact, registers a hook and ends with an error
// that keeps both.
func (f *fixture) commitWithError(name string, calls *[]string) func(*Tx) error {
	insert := f.insert(name)
	return func(tx *Tx) error {
		tx.After(func() { *calls = append(*calls, name) })
		if err := insert(tx); err != nil {
			return err
		}
		return tx.CommitWithError(errors.New("kept " + name))
	}
}

func TestCommitWithErrorCommitsChangesAndHooks(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		var calls []string
		coded := crm.Errorf(crm.EscalationRequired, "ask")
		keep := f.commitWithError("coded", &calls)
		err := f.Write(t.Context(), ann, func(tx *Tx) error {
			_ = keep(tx)
			return tx.CommitWithError(coded)
		})
		if err != coded {
			t.Errorf("the write answers %v, want the very error that was kept", err)
		}
		if got := f.names(ann); got != "coded" || strings.Join(calls, " ") != "coded" {
			t.Errorf("kept %q, called %q", got, calls)
		}
		f.checkCounters(ann)
		if got := f.raw(1, "SELECT COUNT(*) FROM changes WHERE workspace_id = $1 AND action = 'create'", ann.Workspace); got[0] != "1" {
			t.Errorf("%s creations are logged", got[0])
		}
	})
}

// What is kept must outlive the process like any other answered write.
func TestCommitWithErrorIsOnDisk(t *testing.T) {
	f := onFile(t)
	ann := f.member("ann@example.com")
	var calls []string
	if err := f.Write(t.Context(), ann, f.commitWithError("one", &calls)); err == nil {
		t.Error("the error was lost")
	}
	if got := f.reopen().names(ann); got != "one" {
		t.Errorf("the file holds %q", got)
	}
}

func TestCommitWithErrorIsForItsOwnErrorOnly(t *testing.T) {
	oops := errors.New("oops")
	ends := map[string]struct {
		end  func(kept error) error
		want string
	}{
		"with the error":      {func(kept error) error { return kept }, "one"},
		"with it, wrapped":    {func(kept error) error { return fmt.Errorf("so: %w", kept) }, "one"},
		"with none":           {func(error) error { return nil }, "one"},
		"with another":        {func(error) error { return oops }, ""},
		"with one of its ilk": {func(kept error) error { return errors.New(kept.Error()) }, ""},
	}
	engines(t, func(t *testing.T, f *fixture) {
		for how, c := range ends {
			ann := f.member(strings.Map(letters, how) + "@example.com")
			var calls []string
			keep := f.commitWithError("one", &calls)
			err := f.Write(t.Context(), ann, func(tx *Tx) error { return c.end(keep(tx)) })
			if got := f.names(ann); got != c.want || strings.Join(calls, " ") != c.want {
				t.Errorf("ending %s (%v): kept %q, called %q, want %q", how, err, got, calls, c.want)
			}
		}
	})
}

// letters drops what is none.
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
		keep := f.commitWithError("kept", &calls)
		panicking := func(tx *Tx) error {
			_ = f.commitWithError("lost", &calls)(tx)
			panic("at the disco")
		}
		failing := func(tx *Tx) error { return errors.Join(f.insert("lost")(tx), errors.New("oops")) }
		release := f.block()
		answers := f.queue(t.Context(), ann, f.insert("one"), keep, panicking, failing, f.insert("two"))
		release()
		errs := answers()
		for i, want := range []string{"", "kept kept", "at the disco", "oops", ""} {
			if got := fmt.Sprint(errs[i]); errs[i] == nil != (want == "") || !strings.Contains(got, want) {
				t.Errorf("write %d answers %v, want %q", i, errs[i], want)
			}
		}
		if got := f.names(ann); got != "one kept two" || strings.Join(calls, " ") != "kept" {
			t.Errorf("kept %q, called %q", got, calls)
		}
		f.checkCounters(ann)
	})
}

// failCommit makes the commit of the batch fail: a row that points nowhere, of
// which the engine is told to complain at the end only.
func failCommit(tx *Tx) error {
	if err := tx.Exec("PRAGMA defer_foreign_keys = 1"); err != nil {
		return err
	}
	return tx.Exec("INSERT INTO members (key, id, workspace_id, email, role, status, created_at) VALUES (-1, 'inv_x', -1, 'x@example.com', 'member', 'invited', 0)")
}

// A commit that failed takes everything of its batch with it, kept errors and
// hooks too, and leaves the writer fit to go on.
func TestFailedCommitLosesErrorsToCommit(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		var calls []string
		keep := f.commitWithError("kept", &calls)
		release := f.block()
		answers := f.queue(t.Context(), ann, f.insert("one"), keep, failCommit)
		release()
		for i, err := range answers() {
			wantCode(t, fmt.Sprintf("write %d of a batch whose commit failed", i), err, crm.NotReady)
		}
		if got := f.names(ann); got != "" || len(calls) > 0 {
			t.Errorf("kept %q, called %q", got, calls)
		}
		if err := f.Write(t.Context(), ann, keep); fmt.Sprint(err) != "kept kept" {
			t.Errorf("the next write answers %v", err)
		}
		if got := f.names(ann); got != "kept" || strings.Join(calls, " ") != "kept" {
			t.Errorf("the next write kept %q, called %q", got, calls)
		}
	})
}
