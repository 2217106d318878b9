package store

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"crmkit/crm"
	"crmkit/store/engine"
	"crmkit/store/storetest/kit"
)

// commitFaults are commits that fail, with the contacts that are in the tables of unknownOutcome
// after each: before the disk has the transaction, and after it.
var commitFaults = map[string]struct {
	commit func(engine.Conn) error
	names  string
}{
	"not on disk": {func(engine.Conn) error { return errors.New("the disk was lost") }, "Jane Joe"},
	"on disk": {func(c engine.Conn) error {
		return errors.Join(c.Commit(), errors.New("the answer of the disk was lost"))
	}, "Janet New"},
}

// TestCommitOfUnknownOutcome has COMMIT fail without effect, and fail although the transaction is
// on disk, and has the engine not know which. The answer is the same, because the writer cannot know which it was. The next answers
// of the store are as in the file.
func TestCommitOfUnknownOutcome(t *testing.T) {
	for name, fault := range commitFaults {
		t.Run(name, func(t *testing.T) {
			engines(t, func(t *testing.T, f *fixture) { unknownOutcome(t, f, fault.commit, fault.names) })
			t.Run("memory with caches", func(t *testing.T) { unknownOutcome(t, cached(t), fault.commit, fault.names) })
		})
	}
}

func unknownOutcome(t *testing.T, f *fixture, commit func(engine.Conn) error, names string) {
	ann := f.member("ann@example.com")
	jane, joe := f.save(ann, "contact", "name", "Jane", "stage", "lead"), f.save(ann, "contact", "name", "Joe", "stage", "lead")
	before := f.listings(ann) // all of these are cached now
	release := f.blockWriterOf(ann)
	answers := f.queue(t.Context(), ann, f.insert("New"),
		func(tx *Tx) error {
			tx.After(func() { t.Error("a function given to After ran without a commit") })
			_, err := tx.Update(jane.Key, f.draft("contact", "name", "Janet"))
			return err
		},
		func(tx *Tx) error {
			_, err := tx.Delete(f.record(tx, joe))
			return err
		})
	f.tuning.Commit = func(own func() error) error { // first the commit of the write that blocks the writer, then the one that fails
		f.tuning.Commit = func(func() error) error { return commit(f.writerOf(ann)) }
		return own()
	}
	release()
	for i, err := range answers() {
		kit.WantCode(t, fmt.Sprint("write ", i), err, crm.NotReady)
	}
	f.tuning.Commit = nil
	if got := f.names(ann); got != names {
		t.Errorf("the tables hold %q, want %q", got, names)
	}
	after := f.listings(ann)
	if same := slices.Equal(before, after); same != (names == "Jane Joe") {
		t.Errorf("the answers are as before: %v\n%q", same, after)
	}
	f.save(ann, "company", "name", "Acme") // after another commit the caches are valid in any case
	if again := f.listings(ann); !slices.Equal(after, again) {
		t.Errorf("the store answered\n%q\nand after another write\n%q", after, again)
	}
	f.checkCounters(ann)
	if f.opts.Path != Memory {
		if fresh := f.reopen().listings(ann); !slices.Equal(after, fresh) {
			t.Errorf("the store answered\n%q\nand a new store answers\n%q", after, fresh)
		}
	}
}

// listings returns the answers of lists and searches.
func (f *fixture) listings(actor crm.Actor) (lines []string) {
	for _, params := range []string{"", "stage=lead", "search=jane", "search=janet", "search=new", "search=joe"} {
		page := f.list(actor, "contact", params)
		line := fmt.Sprint(params, " ", page.Total)
		for _, rec := range page.Records {
			line += fmt.Sprint(" ", rec.Value("name").Text, "/", rec.Version())
		}
		lines = append(lines, line)
	}
	return lines
}

// TestFailingWritesCostOthersOneRun makes a batch of which half the writes fail. The others run
// twice, and are committed in one transaction.
func TestFailingWritesCostOthersOneRun(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		runs := make([]int, 20)
		var jobs []func(*Tx) error
		var want string
		for i := range runs {
			insert, lost := f.insert(fmt.Sprint("n", i)), f.insert("lost")
			want += fmt.Sprint(" n", i)
			jobs = append(jobs,
				func(tx *Tx) error { runs[i]++; return insert(tx) },
				func(tx *Tx) error { return errors.Join(lost(tx), errors.New("oops")) })
		}
		release := f.blockWriterOf(ann)
		commits := 0
		f.Watch(func(b Batch) {
			if b.Commit > 0 {
				commits++
			}
		})
		answers := f.queue(t.Context(), ann, jobs...)
		f.tuning.BatchTime = f.tuning.MaxWrite // the writer reads it only after the blocking write
		release()
		for i, err := range answers() {
			if failed := err != nil; failed != (i%2 == 1) {
				t.Errorf("write %d answers %v", i, err)
			}
		}
		if got := " " + f.names(ann); got != want {
			t.Errorf("committed are %q, want %q", got, want)
		}
		for i, n := range runs {
			if n != 2 {
				t.Errorf("write %d ran %d times", i, n)
			}
		}
		if commits != 2 {
			t.Errorf("%d commits for the blocking write and the batch", commits)
		}
		f.checkCounters(ann)
	})
}

// TestRunsAreBounded has a write that fails only if the write before it, which also fails, was
// taken out. So both runs of the batch fail, and in the third each write runs in a transaction
// of its own.
func TestRunsAreBounded(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		oops := errors.New("oops")
		insert, bait, lost := f.insert("good"), f.insert("bait"), f.insert("lost")
		runs := 0
		release := f.block()
		answers := f.queue(t.Context(), ann,
			func(tx *Tx) error { runs++; return insert(tx) },
			func(tx *Tx) error { return errors.Join(bait(tx), oops) },
			func(tx *Tx) error {
				var n int
				if _, err := tx.Row("SELECT COUNT(*) FROM contacts WHERE name = 'bait'", nil, &n); err != nil || n > 0 {
					return err
				}
				return errors.Join(lost(tx), oops)
			})
		release()
		errs := answers()
		if errs[0] != nil || !errors.Is(errs[1], oops) || !errors.Is(errs[2], oops) {
			t.Errorf("the answers are %v", errs)
		}
		if got := f.names(ann); got != "good" || runs != 3 {
			t.Errorf("committed are %q after %d runs", got, runs)
		}
		f.checkCounters(ann)
	})
}
