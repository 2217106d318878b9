package textindex

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"crmkit/crm"
)

// TestCommitsWhileAnIndexIsFilled commits while an index is filled. Searches find records that were
// saved meanwhile, and not those that were deleted.
func TestCommitsWhileAnIndexIsFilled(t *testing.T) {
	db := newTables(t)
	set, of := db.open(t, Options{}), db.key(1, "company")
	for i := range int64(pageRows + 10) {
		db.save(of, 1+i, "name", "needle")
	}
	first := db.save(of, 1, "name", "needle")
	pages := 0
	db.before = func() error {
		pages++
		number := int64(1 + pages*pageRows) // the first record after the page that is read next
		set.Apply([]crm.Record{db.save(of, number, "name", "thread"), db.remove(first)})
		return nil
	}
	for search, want := range map[string]int64{"needle": pageRows + 10 - 2, "thread": 2} {
		if m, err := set.Search(t.Context(), of, db.terms(t, of, "search="+search)); err != nil || m == nil || m.Total != want {
			t.Errorf("%s: %+v, %v; want %d", search, m, err, want)
		}
	}
	if pages < 2 {
		t.Errorf("%d pages were read", pages)
	}
}

// TestSearchesWaitForTheirIndex starts many searches of an index that Run fills.
func TestSearchesWaitForTheirIndex(t *testing.T) {
	db := newTables(t)
	set, of := db.open(t, Options{InlineRecords: -1}), db.key(1, "company")
	db.save(of, 1, "name", "Acme")
	terms := db.terms(t, of, "search=acme")
	var searches sync.WaitGroup
	for range 20 {
		searches.Go(func() {
			if m, err := set.Search(t.Context(), of, terms); err != nil || m == nil || m.Total != 1 {
				t.Errorf("%v, %v", m, err)
			}
		})
	}
	searches.Wait()
	if set.State(of) != Ready {
		t.Error("they did not wait")
	}
}

// TestSearchesWaitForALimitedTime searches while the rows are not read in time.
func TestSearchesWaitForALimitedTime(t *testing.T) {
	db := newTables(t)
	release := make(chan struct{})
	db.before = func() error { <-release; return nil }
	set, of := db.open(t, Options{InlineRecords: -1, Wait: time.Millisecond}), db.key(1, "company")
	db.save(of, 1, "name", "Acme")
	terms := db.terms(t, of, "search=acme")
	if m, err := set.Search(t.Context(), of, terms); m != nil || err != nil {
		t.Errorf("a search that was not answered in time returns %v, %v", m, err)
	}
	if fuzzy, err := set.Fuzzy(t.Context(), of); fuzzy != FuzzySoon || err != nil {
		t.Errorf("fuzzy search is %v, %v", fuzzy, err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	set.opts.Wait = time.Hour
	if m, err := set.Search(gone, of, terms); m != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("a search whose client has left returns %v, %v", m, err)
	}
	close(release)
	if m, err := set.Search(t.Context(), of, terms); m == nil || m.Total != 1 || err != nil {
		t.Errorf("a search that waits returns %v, %v", m, err)
	}
	if fuzzy, err := set.Fuzzy(t.Context(), of); fuzzy != FuzzyReady || err != nil {
		t.Errorf("fuzzy search is %v, %v", fuzzy, err)
	}
}

// TestCommitsAfterAnIndexFailed commits many changes after an index could not be filled. The index
// does not store them before it is dropped.
func TestCommitsAfterAnIndexFailed(t *testing.T) {
	db := newTables(t)
	set, of := db.open(t, Options{}), db.key(1, "company")
	x, isNew := set.reserve(of)
	if !isNew {
		t.Fatal("there is an index already")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	x.fill(ctx, db, 1<<20)
	if !errors.Is(x.err, context.Canceled) {
		t.Fatalf("the filling ended with %v", x.err)
	}
	set.Apply([]crm.Record{db.save(of, 1, "name", "needle")})
	if len(x.segments) != 0 || x.waiting != nil {
		t.Error("an index that was not filled takes in records")
	}
	if set.settle(x); set.State(of) != Absent {
		t.Error("it is not dropped")
	}
}

// TestWaitingCommitsAreBounded commits more changes than may wait while an index is filled. The
// index is dropped, and tried again later.
func TestWaitingCommitsAreBounded(t *testing.T) {
	const limit = 400_000
	db, now := newTables(t), time.Unix(1000, 0)
	set, of := db.open(t, Options{Limit: limit, Now: func() time.Time { return now }}), db.key(1, "company")
	x, _ := set.reserve(of)
	for i := range int64(20) {
		set.Apply([]crm.Record{db.save(of, 1+i, "name", "needle", "notes", strings.Repeat(fmt.Sprint("hay ", i), 1000))})
		waiting := 0
		for _, docs := range x.waiting {
			for _, d := range docs {
				waiting += len(d.text)
			}
		}
		if waiting > limit/waitingShare {
			t.Fatalf("%d bytes wait", waiting)
		}
	}
	set.fill(t.Context(), x)
	terms := db.terms(t, of, "search=needle")
	if m, err := set.Search(t.Context(), of, terms); m != nil || err != nil || !errors.Is(x.err, errOvertaken) {
		t.Errorf("the filling ended with %v, a search with %v, %v", x.err, m, err)
	}
	now = now.Add(retryFailed)
	if m, err := set.Search(t.Context(), of, terms); m == nil || m.Total != 20 || err != nil {
		t.Errorf("a minute later a search finds %v, %v", m, err)
	}
}

// TestLargestIsFilledFirst checks the order in which Run fills indexes, and that half of the memory
// remains for searches.
func TestLargestIsFilledFirst(t *testing.T) {
	db := newTables(t)
	set := New(Options{Schema: db.schema, Source: db, Limit: 100})
	set.FillAhead([]Key{db.key(3, "contact"), db.key(1, "company"), db.key(2, "contact")})
	asked := set.add(db.key(9, "contact"))
	set.enqueue(asked)
	if x := set.next(); x != asked {
		t.Error("the index that a search waits for is not first")
	}
	if x := set.next(); x.key != db.key(3, "contact") {
		t.Errorf("that of workspace %d is first, want 3", x.key.Workspace)
	}
	set.bytes = 60
	if x := set.next(); x != nil || set.ahead != nil {
		t.Error("more than half of the memory is filled ahead")
	}
}

// TestPanicsInTheSource checks that a panic in a source does not end the process.
func TestPanicsInTheSource(t *testing.T) {
	db := newTables(t)
	db.before = func() error { panic("a cell") }
	for _, inline := range []int64{0, -1} {
		set, of := db.open(t, Options{InlineRecords: inline}), db.key(1, "company")
		db.save(of, 1, "name", "Acme")
		if m, err := set.Search(t.Context(), of, db.terms(t, of, "search=acme")); m != nil || err != nil {
			t.Errorf("a search returns %v, %v", m, err)
		}
		for set.State(of) != Absent { // Run drops it after it has let the search go on
			runtime.Gosched()
		}
	}
}

// TestVocabularyIsThatOfTheRows checks that words of changed and deleted rows are not suggested any
// more, and those of notes never, and that the words of the vocabulary are counted as often as they
// are in the rows.
func TestVocabularyIsThatOfTheRows(t *testing.T) {
	db := newTables(t)
	set, of := db.open(t, Options{}), db.key(1, "company")
	rec := db.save(of, 1, "name", "kowalski", "tags", []string{"kowalsky", "kowalsky"}, "notes", "kowalksy kowalksii kowalksii")
	suggest := func() []string {
		t.Helper()
		instead, err := set.Suggest(t.Context(), of, db.terms(t, of, "search=kowalksi"))
		if err != nil {
			t.Fatal(err)
		}
		return instead["kowalksi"]
	}
	if got := suggest(); !slices.Equal(got, []string{"kowalski"}) {
		t.Errorf("suggested %v", got)
	}
	set.Apply([]crm.Record{db.save(of, 1, "name", "x", "tags", []string{"kowalsky"}, "notes", "kowalski")})
	if got := suggest(); !slices.Equal(got, []string{"kowalsky"}) {
		t.Errorf("after a change %v are suggested", got)
	}
	set.Apply([]crm.Record{db.remove(rec)})
	if got := suggest(); got != nil || len(set.indexes[of].vocabulary) != 0 {
		t.Errorf("after a delete %v are suggested", got)
	}
}
