package textindex

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"crmkit/crm"
)

// trickyWords are words with accents, digits, and characters that are special in SQL.
var trickyWords = []string{"Ärger", "arger", "Müller-Söhne", "müll", "ß", "10%", "b_b", `c\d`, "4930", "+49-30", "0049", "(030)", "日本", "´", "jürgen@köln.de", "a@b", "x.y", "İ", "ﬁn", "vip", "n b"}

// program changes records at random, and applies the changes to the index.
type program struct {
	*tables
	set     *Set
	random  *rand.Rand
	records []crm.Record
}

func (p *program) word() string { return trickyWords[p.random.IntN(len(trickyWords))] }

// step makes one commit, of up to three changes.
func (p *program) step() {
	var changed []crm.Record
	for range 1 + p.random.IntN(3) {
		changed = append(changed, p.change())
	}
	p.set.Apply(changed)
	switch p.random.IntN(40) {
	case 0:
		p.set.Forget(1)
	case 1:
		p.set.Clear()
	}
}

func (p *program) change() crm.Record {
	if len(p.records) > 10 && p.random.IntN(5) == 0 {
		at := p.random.IntN(len(p.records))
		rec := p.records[at]
		p.records = slices.Delete(p.records, at, at+1)
		return p.remove(rec)
	}
	workspace, number := 1+p.random.Int64N(2), 1+p.random.Int64N(200)
	pairs := map[string][]any{
		"contact": {"name", p.word() + " " + p.word(), "phone", p.word(), "notes", p.word() + "\n" + p.word(), "tags", []string{p.word(), "t"}},
		"company": {"name", p.word(), "notes", p.word()},
		"deal":    {"title", p.word()},
	}
	kind := []string{"contact", "company", "deal"}[p.random.IntN(3)]
	for _, ref := range []string{"company", "contact"} {
		if f := p.schema.ByName(kind).Field(ref + "_id"); f != nil && p.random.IntN(2) == 0 {
			pairs[kind] = append(pairs[kind], f.Name, crm.RecordKey(workspace, recordOffset[ref]+1+p.random.Int64N(200)))
		}
	}
	rec := p.save(p.key(workspace, kind), recordOffset[kind]+number, pairs[kind]...)
	p.records = append(slices.DeleteFunc(p.records, func(r crm.Record) bool { return r.Key == rec.Key }), rec)
	return rec
}

// recordOffset gives each kind numbers of its own, because the tables have one map of keys.
var recordOffset = map[string]int64{"contact": 0, "company": 1000, "deal": 2000}

// compare compares a search of the index with one of the tables.
func (p *program) compare(t *testing.T, of Key, params string) {
	t.Helper()
	terms := p.terms(t, of, params)
	m, err := p.set.Search(t.Context(), of, terms)
	if err != nil || m == nil {
		t.Fatalf("%s?%s: no index: %v", of.Entity.Plural, params, err)
	}
	want := p.search(of, terms)
	if got := m.Keys(); !slices.Equal(got, want) || m.Total != int64(len(want)) {
		t.Errorf("%s?%s: the index has %v (%d), the tables %v", of.Entity.Plural, params, got, m.Total, want)
	}
	terms.Likes = nil
	if none := len(terms.Words) > 0 && len(p.search(of, terms)) == 0; m.NoExactMatch != none {
		t.Errorf("%s?%s: no record has the words: %v, want %v", of.Entity.Plural, params, m.NoExactMatch, none)
	}
}

// TestSearchFindsWhatTheTablesHave runs a random program. The index finds the same records as a test
// of each record.
func TestSearchFindsWhatTheTablesHave(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	db := newTables(t)
	p := &program{tables: db, set: db.open(t, Options{}), random: rand.New(rand.NewPCG(seed, 0))}
	for range 500 {
		p.step()
		of := p.key(1+p.random.Int64N(2), []string{"contact", "company", "deal"}[p.random.IntN(3)])
		params := "search=" + url.QueryEscape(p.word())
		switch p.random.IntN(4) {
		case 0:
			params += url.QueryEscape(" " + p.word())
		case 1:
			params += "&" + of.Entity.LabelField + "=like:" + url.QueryEscape(p.word())
		case 2:
			if params = "notes=like:" + url.QueryEscape(p.word()); of.Entity.Name != "company" {
				params = "company.name=like:" + url.QueryEscape(p.word())
			}
		}
		if p.compare(t, of, params); t.Failed() {
			return
		}
	}
}

// TestMatchesAreRanked checks the order of the first matches, and that Add adds a record once.
func TestMatchesAreRanked(t *testing.T) {
	db := newTables(t)
	set, of := db.open(t, Options{}), db.key(1, "company")
	var keys []int64
	for i := range int64(200) {
		keys = append(keys, db.save(of, 1+i, "name", fmt.Sprint("acme ", i%3), "notes", "x").Key)
	}
	m, err := set.Search(t.Context(), of, db.terms(t, of, "search=acme+0"))
	if err != nil || m == nil || m.Total != 67 {
		t.Fatalf("%v, %v", m, err)
	}
	m.Add(keys[1])
	m.Add(keys[1])
	m.Add(crm.RecordKey(1, 100_000)) // the index does not have this record
	rank := func(key int64, label []byte) int {
		if string(label) == "acme 1" {
			return 0
		}
		return 1
	}
	if got, want := m.Top(3, rank), []int64{keys[1], keys[198], keys[195]}; m.Total != 68 || !slices.Equal(got, want) {
		t.Errorf("of %d matches the first are %v, want %v", m.Total, got, want)
	}
}

// TestLimitZeroIsOff checks that a set with a limit of 0 reads no rows.
func TestLimitZeroIsOff(t *testing.T) {
	db := newTables(t)
	db.before = func() error { panic("a row is read") }
	set, of := New(Options{Schema: db.schema, Source: db}), db.key(1, "contact")
	rec := db.save(of, 1, "name", "Jane")
	set.Apply([]crm.Record{rec})
	set.FillAhead([]Key{of})
	terms := db.terms(t, of, "search=jane")
	m, err := set.Search(t.Context(), of, terms)
	if m != nil || err != nil {
		t.Errorf("a search finds %v, %v", m, err)
	}
	if instead, err := set.Suggest(t.Context(), of, terms); instead != nil || err != nil {
		t.Errorf("spellings are %v, %v", instead, err)
	}
	if fuzzy, err := set.Fuzzy(t.Context(), of); fuzzy != FuzzyOff || err != nil {
		t.Errorf("fuzzy search is %v, %v", fuzzy, err)
	}
	if x := set.next(); x != nil || set.Len() != 0 || set.Bytes() != 0 {
		t.Errorf("%d indexes of %d bytes", set.Len(), set.Bytes())
	}
}

// TestMemoryIsBounded searches more workspaces than there is memory for. The indexes that were
// searched last remain, and Bytes is their size.
func TestMemoryIsBounded(t *testing.T) {
	const limit = 60_000
	db := newTables(t)
	set := db.open(t, Options{Limit: limit})
	for workspace := range int64(12) {
		for i := range int64(40) {
			db.save(db.key(workspace, "company"), 1+i, "name", fmt.Sprint("needle ", i), "notes", strings.Repeat("hay ", 30))
		}
	}
	for round := range 3 {
		for workspace := range int64(12) {
			of := db.key(workspace, "company")
			m, err := set.Search(t.Context(), of, db.terms(t, of, "search=needle"))
			if err != nil || m == nil || m.Total != int64(40+round) {
				t.Fatalf("%v, %v", m, err)
			}
			set.Apply([]crm.Record{db.save(of, int64(41+round), "name", "needle", "notes", strings.Repeat("hay ", 30))})
			if set.Bytes() > limit || set.Bytes() <= 0 || set.State(of) != Ready {
				t.Errorf("the indexes take %d bytes; that of workspace %d is in state %d", set.Bytes(), workspace, set.State(of))
			}
		}
	}
	sum := int64(0)
	for _, x := range set.indexes {
		if sum += x.measured; x.measured != x.size() {
			t.Errorf("an index of %d bytes is counted as %d", x.size(), x.measured)
		}
	}
	if n := set.Len(); n < 2 || n >= 12 || sum != set.Bytes() {
		t.Errorf("%d indexes of %d bytes are in memory, counted as %d", n, sum, set.Bytes())
	}
}

// TestFaultsInApplyEmptyTheIndex lets Apply panic in several places. It returns, the fault is logged,
// and the next search is right.
func TestFaultsInApplyEmptyTheIndex(t *testing.T) {
	db := newTables(t)
	var log bytes.Buffer
	set, of := db.open(t, Options{Log: slog.New(slog.NewTextHandler(&log, nil))}), db.key(1, "contact")
	text := strings.Repeat("needle ", maxUncounted/7+1) // long enough for its words to be counted at once
	faults := []func(rec *crm.Record){
		func(*crm.Record) { set.indexes[of].vocabulary = nil },
		func(*crm.Record) { set.indexes[of].segments[0] = &segment{} },
		func(rec *crm.Record) { *rec = crm.Record{Entity: rec.Entity, Key: rec.Key} },
	}
	for i, fault := range faults {
		db.save(of, 1, "name", "Jane")
		terms := db.terms(t, of, "search=needle")
		if m, err := set.Search(t.Context(), of, terms); err != nil || m == nil || m.Total != int64(i) {
			t.Fatalf("before fault %d: %v, %v", i, m, err)
		}
		rec := db.save(of, int64(2+i), "name", "Joe", "notes", text)
		fault(&rec)
		set.Apply([]crm.Record{rec})
		if set.Len() != 0 || set.Bytes() != 0 {
			t.Errorf("after fault %d: %d indexes of %d bytes", i, set.Len(), set.Bytes())
		}
		if m, err := set.Search(t.Context(), of, terms); err != nil || m == nil || m.Total != int64(i+1) {
			t.Errorf("after fault %d: %v, %v", i, m, err)
		}
	}
	if n := strings.Count(log.String(), "could not follow a commit"); n != len(faults) {
		t.Errorf("%d faults are logged:\n%s", n, log.String())
	}
}

// TestFailuresAreRetriedLater checks when an index is tried again, and which errors are logged.
func TestFailuresAreRetriedLater(t *testing.T) {
	for name, c := range map[string]struct {
		fail  error
		limit int64
		retry time.Duration
		lines int
	}{
		"unreadable": {errors.New("a row is damaged"), 1 << 20, retryFailed, 1},
		"logged":     {&crm.Error{Code: crm.NotReady}, 1 << 20, retryFailed, 0},
		"too large":  {nil, 10, retryTooLarge, 0},
	} {
		t.Run(name, func(t *testing.T) {
			db, now, reads := newTables(t), time.Unix(1000, 0), 0
			db.before = func() error { reads++; return c.fail }
			var log bytes.Buffer
			set, of := db.open(t, Options{Limit: c.limit, Now: func() time.Time { return now }, Log: slog.New(slog.NewTextHandler(&log, nil))}), db.key(1, "company")
			db.save(of, 1, "name", "Acme")
			for try := 1; try <= 3; try++ {
				for range 2 {
					if m, err := set.Search(t.Context(), of, db.terms(t, of, "search=acme")); m != nil || err != nil {
						t.Fatal(m, err)
					}
				}
				if reads != try || set.State(of) != Absent {
					t.Errorf("at try %d the tables were read %d times", try, reads)
				}
				now = now.Add(c.retry)
			}
			if n := strings.Count(log.String(), "was not read"); n != c.lines {
				t.Errorf("the log has %d lines:\n%s", n, log.String())
			}
		})
	}
}
