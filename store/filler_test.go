package store

import (
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"crmkit/query"
)

// TestSearchesDoNotWaitForEver searches while the text of a kind is not read in time: SQL
// answers, and finds what was just written; misspelled words are found once the
// text is in memory.
func TestSearchesDoNotWaitForEver(t *testing.T) {
	f := cached(t)
	ann := f.member("ann@example.com")
	contact := f.Schema.ByName("contact")
	f.indexes.patience = time.Millisecond
	f.save(ann, "contact", "name", "Jane Doe", "notes", "wants a quote")
	m, fresh := f.indexes.reserve(indexKey{ann.Workspace, contact}, f.Now())
	if !fresh {
		t.Fatal("there is a mirror already")
	}
	f.save(ann, "contact", "name", "Jane Roe", "notes", "wants nothing")
	forgives := func(want FuzzySupport) {
		t.Helper()
		if got, err := f.SupportsFuzzy(t.Context(), ann, contact); err != nil || got != want {
			t.Errorf("searches forgive %v (%v), want %v", got, err, want)
		}
	}
	compare := func() {
		t.Helper()
		for params, want := range map[string]int64{"search=jane": 2, "search=roe+nothing": 1, "search=zzz": 0, "notes=like:quote": 1, "search=jane&notes=like:nothing": 1} {
			if page := f.list(ann, "contact", params); page.Total != want {
				t.Errorf("%s: %d contacts, want %d", params, page.Total, want)
			}
		}
		if page, err := f.Search(t.Context(), ann, f.find(ann, "contact", "jane d")); err != nil || page.Total != 1 {
			t.Errorf("jane d: %d hits (%v), want 1", page.Total, err)
		}
	}
	compare()
	forgives(FuzzySoon)
	if page := f.list(ann, "contact", "search=janne"); page.NoExactMatch {
		t.Error("a word is said to stand nowhere in text that was not read")
	}
	f.indexes.enqueue(m)
	<-m.ready
	f.indexes.patience = fillPatience
	compare()
	forgives(FuzzyReady)
	q := f.question(ann, "contact", "search=janne")
	if spelled, err := f.Suggest(t.Context(), ann, contact, q.Terms); err != nil || !slices.Equal(spelled["janne"], []string{"jane"}) {
		t.Errorf("janne is spelled like %v (%v), want jane", spelled, err)
	}
}

// TestSearchesMeetTheirMirror has more searches of one workspace than it may hold turns:
// all wait for a mirror whose filling needs a turn too.
func TestSearchesMeetTheirMirror(t *testing.T) {
	f := onFile(t)
	ann := f.member("ann@example.com")
	f.save(ann, "contact", "name", "Jane")
	f.indexes.small = 0
	var searches sync.WaitGroup
	for range 4 * cap(f.readers) {
		searches.Go(func() {
			if page, err := f.List(t.Context(), ann, f.question(ann, "contact", "search=jane")); err != nil || page.Total != 1 {
				t.Errorf("%d contacts (%v), want 1", page.Total, err)
			}
		})
	}
	searches.Wait()
	if f.indexes.filling(indexKey{ann.Workspace, f.Schema.ByName("contact")}) {
		t.Error("they did not wait")
	}
}

// TestLargeTextIsReadAhead opens a file with two workspaces: the text of the larger is read
// without a search, after which the store closes with more to read.
func TestLargeTextIsReadAhead(t *testing.T) {
	f := onFile(t)
	ann, bob := f.member("ann@example.com"), f.member("bob@example.com")
	f.save(ann, "contact", "name", "Jane")
	for _, name := range []string{"Joe", "Jim", "John"} {
		f.save(bob, "contact", "name", name)
	}
	f = f.reopen()
	f.indexes.small = 0
	if err := f.FillAhead(t.Context()); err != nil {
		t.Fatal(err)
	}
	first := indexKey{bob.Workspace, f.Schema.ByName("contact")}
	for f.indexes.of(first) == nil {
		runtime.Gosched()
	}
	<-f.indexes.of(first).ready
	if n := len(f.indexes.of(first).snapshot()); n == 0 {
		t.Error("the mirror is empty")
	}
	f = f.reopen()
	f.indexes.small = 0
	if err := f.FillAhead(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestLargestTextIsReadFirst holds the order, and that half the memory is left to searches.
func TestLargestTextIsReadFirst(t *testing.T) {
	f := cached(t)
	ms := newTextIndexes(f.Schema, 100)
	contact, company := f.Schema.ByName("contact"), f.Schema.ByName("company")
	ms.largest = []indexKey{{3, contact}, {1, company}, {2, contact}}
	asked := ms.newTextIndex(indexKey{9, contact})
	ms.waiting = []*textIndex{asked}
	if m := ms.next(); m != asked {
		t.Error("what a search waits for is not first")
	}
	if m := ms.next(); m.workspace != 3 || m.entity != contact {
		t.Errorf("workspace %d is first, want 3", m.workspace)
	}
	ms.bytes = 60
	if m := ms.next(); m != nil || ms.largest != nil {
		t.Error("more than half the memory is filled ahead")
	}
}

// TestBrokenTextDoesNotEndTheProcess fills a mirror of fields that its SQL does not read.
func TestBrokenTextDoesNotEndTheProcess(t *testing.T) {
	f := cached(t)
	ann := f.member("ann@example.com")
	f.save(ann, "contact", "name", "Jane")
	contact := f.Schema.ByName("contact")
	m, _ := f.indexes.reserve(indexKey{ann.Workspace, contact}, f.Now())
	m.text = "SELECT $1 + $2 + $3, NULL"
	m.SearchFields = query.SearchFields{}
	f.indexes.enqueue(m)
	<-m.ready
	if page := f.list(ann, "contact", "search=jane"); page.Total != 1 {
		t.Errorf("%d contacts, want 1", page.Total)
	}
}
