package store

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"crmkit/crm"
	"crmkit/store/textindex"
)

// tuned opens a store on a file and changes the options of its text index.
func tuned(t *testing.T, tune func(*textindex.Options)) *fixture {
	t.Helper()
	f := onFile(t)
	f.opts.tuneIndex = tune
	return f.reopen()
}

// slowSource is a source that reads nothing until it is released.
type slowSource struct {
	textindex.Source
	released chan struct{}
}

func (s slowSource) Rows(ctx context.Context, page textindex.Page, each func(textindex.Row)) error {
	<-s.released
	return s.Source.Rows(ctx, page, each)
}

// TestSearchesWithoutTheirIndex searches while the text index of a kind is being filled. SQL
// answers, and finds records that were just written. Misspelled words are found when the index is
// ready.
func TestSearchesWithoutTheirIndex(t *testing.T) {
	released := make(chan struct{})
	f := tuned(t, func(o *textindex.Options) {
		o.Source, o.InlineRecords, o.Wait = slowSource{o.Source, released}, -1, time.Millisecond
	})
	ann := f.member("ann@example.com")
	contact := f.Schema.ByName("contact")
	f.save(ann, "contact", "name", "Jane Doe", "notes", "wants a quote")
	_ = f.list(ann, "contact", "search=jane") // begins to fill the index
	f.save(ann, "contact", "name", "Jane Roe", "notes", "wants nothing")
	f.comparesWithoutIndex(ann, textindex.FuzzySoon)
	if page := f.list(ann, "contact", "search=janne"); page.NoExactMatch {
		t.Error("NoExactMatch is set, although the text was not read")
	}
	close(released)
	for _, kind := range []string{"contact", "company"} { // a search of contacts reads the names of companies too
		for f.indexes.State(textindex.Key{Workspace: ann.Workspace, Entity: f.Schema.ByName(kind)}) != textindex.Ready {
			_ = f.list(ann, "contact", "search=jane")
			runtime.Gosched()
		}
	}
	f.comparesWithoutIndex(ann, FuzzyReady)
	q := f.question(ann, "contact", "search=janne")
	if suggested, err := f.Suggest(t.Context(), ann, contact, q.Terms); err != nil || !slices.Equal(suggested["janne"], []string{"jane"}) {
		t.Errorf("for janne %v is suggested (%v), want jane", suggested, err)
	}
}

// comparesWithoutIndex searches the two contacts of TestSearchesWithoutTheirIndex.
func (f *fixture) comparesWithoutIndex(ann crm.Actor, fuzzy FuzzySupport) {
	f.t.Helper()
	for params, want := range map[string]int64{"search=jane": 2, "search=roe+nothing": 1, "search=zzz": 0, "notes=like:quote": 1, "search=jane&notes=like:nothing": 1} {
		if page := f.list(ann, "contact", params); page.Total != want {
			f.t.Errorf("%s: %d contacts, want %d", params, page.Total, want)
		}
	}
	if page, err := f.Search(f.t.Context(), ann, f.find(ann, "contact", "jane d")); err != nil || page.Total != 1 {
		f.t.Errorf("jane d: %d matches (%v), want 1", page.Total, err)
	}
	if got, err := f.SupportsFuzzy(f.t.Context(), ann, f.Schema.ByName("contact")); err != nil || got != fuzzy {
		f.t.Errorf("fuzzy search is %v (%v), want %v", got, err, fuzzy)
	}
}

// TestSearchesLeaveATurnToTheirIndex runs more searches of a workspace than it has turns. All wait
// for the index, and filling the index needs a turn too.
func TestSearchesLeaveATurnToTheirIndex(t *testing.T) {
	f := tuned(t, func(o *textindex.Options) { o.InlineRecords = -1 })
	ann := f.member("ann@example.com")
	f.save(ann, "contact", "name", "Jane")
	var searches sync.WaitGroup
	for range 4 * f.db.Places() {
		searches.Go(func() {
			if page, err := f.List(t.Context(), ann, f.question(ann, "contact", "search=jane")); err != nil || page.Total != 1 {
				t.Errorf("%d contacts (%v), want 1", page.Total, err)
			}
		})
	}
	searches.Wait()
	if state := f.indexes.State(textindex.Key{Workspace: ann.Workspace, Entity: f.Schema.ByName("contact")}); state != textindex.Ready {
		t.Errorf("they did not wait: state %d", state)
	}
}

// TestLargeTextIsReadAhead opens a file with two workspaces. The text of the larger one is read
// without a search. A store can close while more text is to be read.
func TestLargeTextIsReadAhead(t *testing.T) {
	f := tuned(t, func(o *textindex.Options) { o.InlineRecords = -1 })
	ann, bob := f.member("ann@example.com"), f.member("bob@example.com")
	f.save(ann, "contact", "name", "Jane")
	for _, name := range []string{"Joe", "Jim", "John"} {
		f.save(bob, "contact", "name", name)
	}
	f = f.reopen()
	if err := f.FillAhead(t.Context()); err != nil {
		t.Fatal(err)
	}
	first := textindex.Key{Workspace: bob.Workspace, Entity: f.Schema.ByName("contact")}
	for f.indexes.State(first) != textindex.Ready || f.indexes.Bytes() == 0 { // an index is ready before its size is counted
		runtime.Gosched()
	}
	f = f.reopen()
	if err := f.FillAhead(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// brokenSource is a source that panics.
type brokenSource struct{ textindex.Source }

func (brokenSource) Rows(context.Context, textindex.Page, func(textindex.Row)) error {
	panic("a cell of no known type")
}

// TestBrokenTextDoesNotEndTheProcess searches text whose reading panics. SQL answers.
func TestBrokenTextDoesNotEndTheProcess(t *testing.T) {
	for _, inline := range []int64{0, -1} {
		f := tuned(t, func(o *textindex.Options) { o.Source, o.InlineRecords = brokenSource{o.Source}, inline })
		ann := f.member("ann@example.com")
		f.save(ann, "contact", "name", "Jane")
		if page := f.list(ann, "contact", "search=jane"); page.Total != 1 {
			t.Errorf("%d contacts, want 1", page.Total)
		}
	}
}
