package store

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/query"
	"crmkit/store/list"
	"crmkit/store/storetest/kit"
	"crmkit/store/textindex"
)

// scanned returns the keys of a list in its order, read in SQL without caches and text index.
func (f *fixture) scanned(actor crm.Actor, kind, params string) (keys []int64) {
	f.t.Helper()
	q := f.question(actor, kind, params+"&limit=200&total=none")
	err := f.Snapshot(f.t.Context(), func(v *ReadTx) error {
		for page := (list.Page{More: true}); page.More; {
			page = list.Page{}
			r := &list.Reader{Tx: v, Cached: f.cache.Outdated()} // reads every record
			if err := r.Page(f.t.Context(), f.mappings[q.Entity], list.Path{Actor: actor, Query: q}, &page); err != nil {
				return err
			}
			for _, rec := range page.Records {
				keys = append(keys, rec.Key)
			}
			if page.More {
				q = q.After(page.Records[len(page.Records)-1])
			}
		}
		return nil
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return keys
}

// searchedWords are words with accents, digits, and characters that are special in SQL.
var searchedWords = []string{"Ärger", "arger", "Müller-Söhne", "müll", "ß", "10%", "b_b", `c\d`, "4930", "+49-30", "0049", "(030)", "030 12345", "+49 (0)30 12345", "0049 30 1", "O’Neil-Doe", "o'neil", "日本", "́", "´", "jürgen@köln.de", "a@b", "x.y", "İ", "ﬁn", "vip", "n b"}

// searchedKinds are the kinds of records that a searchProgram creates.
var searchedKinds = []string{"contact", "company", "deal", "task", "activity"}

// searchProgram creates, updates and deletes records with searched words at random.
type searchProgram struct {
	*fixture
	actor    crm.Actor
	random   *rand.Rand
	records  []crm.Record
	compares bool // also after writes that fail
}

func (p *searchProgram) word() string { return searchedWords[p.random.IntN(len(searchedWords))] }

func (p *searchProgram) step(round int) {
	switch i := p.random.IntN(max(1, len(p.records))); p.random.IntN(8) {
	case 0, 1:
		if len(p.records) > 0 && p.records[i].Entity.Field("notes") != nil {
			p.update(p.actor, p.records[i], "notes", p.word(), p.records[i].Entity.LabelField, p.word())
		}
	case 2:
		if len(p.records) > 5 {
			p.remove(p.actor, p.records[i])
			p.records = slices.DeleteFunc(p.records, func(r crm.Record) bool { // its activities may be deleted with it
				_, err := p.Record(p.t.Context(), p.actor, r.Entity, r.Key)
				return err != nil
			})
		}
	case 3:
		if p.fail(round); p.compares {
			p.compareSearches(p.actor, []string{"company"}, "failed", "undone")
		}
	default:
		p.create(round)
	}
}

// fail writes records in a savepoint that fails, or in a write that fails.
func (p *searchProgram) fail(round int) {
	_ = p.Write(p.t.Context(), p.actor, func(tx *Tx) error {
		_ = tx.Savepoint(func() error {
			_, err := tx.Save(p.draft("company", "name", "vip undone"))
			return errors.Join(err, errors.New("no"))
		})
		if round%2 == 0 {
			return nil
		}
		_, err := tx.Save(p.draft("company", "name", "vip failed"))
		return errors.Join(err, errors.New("no"))
	})
}

// create creates a record with a reference to another, if it may have one. An activity must.
func (p *searchProgram) create(round int) {
	word := p.word
	pairs := map[string][]any{
		"contact": {"name", word() + " " + word(), "email", fmt.Sprintf("%d.%s@köln.de", round, []string{"jürgen", "x"}[round%2]), "phone", word(), "notes", strings.Repeat(word()+"\n", 3), "tags", []string{word(), "t"}},
		"company": {"name", word(), "domain", fmt.Sprintf("d%d.köln.de", round), "notes", word(), "tags", []string{word()}},
		"deal":    {"title", word(), "notes", word()}, "task": {"title", word()}, "activity": {"body", word()},
	}
	kind := searchedKinds[p.random.IntN(len(searchedKinds))]
	refers := false
	if len(p.records) > 0 {
		other := p.records[p.random.IntN(len(p.records))]
		if field := p.Schema.ByName(kind).Field(other.Entity.Name + "_id"); field != nil {
			pairs[kind], refers = append(pairs[kind], field.Name, other), true
		}
	}
	if refers || kind != "activity" {
		p.records = append(p.records, p.save(p.actor, kind, pairs[kind]...))
	}
}

// TestIndexesHaveWhatTablesHave runs a random program. Text indexes that follow its commits find the
// same as SQL, and so do indexes that are filled again.
func TestIndexesHaveWhatTablesHave(t *testing.T) {
	f := cached(t)
	ann, bob := f.member("ann@example.com"), f.member("bob@example.com")
	ann.Country = "DE"
	p := &searchProgram{fixture: f, actor: ann, random: rand.New(rand.NewPCG(3, 9)), compares: true}
	for round := range 100 {
		if p.step(round); round%25 == 24 {
			f.compareSearches(ann, searchedKinds, p.word()+" "+p.word(), p.word())
		}
	}
	f.save(bob, "contact", "name", "vip of Bob", "notes", strings.Join(searchedWords, " "))
	words := append(slices.Clone(searchedWords), "oneil doe", "49 30 12345", "t", "de", "köln", "n", "undone", "failed")
	f.compareSearches(ann, searchedKinds, words...)
	f.indexes.Forget(ann.Workspace)
	f.compareSearches(ann, searchedKinds, words...)
	if f.indexes.Bytes() <= 0 || f.indexes.Len() == 0 {
		t.Error("there is no text index, so this test shows nothing")
	}
}

// compareSearches compares lists with search= and with like: on one field with the same lists in
// SQL, with other filters and without.
func (f *fixture) compareSearches(actor crm.Actor, kinds []string, texts ...string) {
	f.t.Helper()
	for _, kind := range kinds {
		for _, text := range texts {
			for _, more := range []string{"", "&created_by=ann@example.com", "&sort=updated_at", "&notes=is:null"} {
				if kind == "activity" && more == "&notes=is:null" {
					continue
				}
				f.compareList(actor, kind, "search="+url.QueryEscape(text), more)
			}
			if norm.Fold(text) == "" {
				continue // like: refuses it
			}
			for _, path := range f.Schema.ByName(kind).Search {
				if strings.HasSuffix(strings.TrimSuffix(path, "s"), "phone") && !strings.ContainsAny(text, "0123456789") {
					continue
				}
				like := path + "=like:" + url.QueryEscape(text)
				f.compareList(actor, kind, like, "")
				f.compareList(actor, kind, like, "&sort=-updated_at&created_by=ann@example.com")
				f.compareList(actor, kind, like, "&search=n")
			}
		}
	}
}

func (f *fixture) compareList(actor crm.Actor, kind, params, more string) {
	f.t.Helper()
	params += more
	want := f.scanned(actor, kind, params)
	q := f.question(actor, kind, params)
	if q.Terms == nil { // it compares by ties, of which the index has none
		if got := f.walk(actor, kind, params+"&limit=7"); !slices.Equal(got, want) {
			f.t.Errorf("%s?%s: %d listed, the tables have %d", kind, params, len(got), len(want))
		}
		return
	}
	h, err := f.searchIndex(f.t.Context(), actor, q.Entity, q.Terms)
	if err != nil || h == nil {
		f.t.Fatalf("%s?%s: no index: %v", kind, params, err)
	}
	if got := f.walk(actor, kind, params+"&limit=7"); !slices.Equal(got, want) || len(q.OtherKinds) == 0 && h.Total != int64(len(want)) {
		f.t.Errorf("%s?%s: %d found, %d listed, the tables have %d", kind, params, h.Total, len(got), len(want))
	}
	page := f.list(actor, kind, params+"&limit=1")
	if page.Total != int64(len(want)) || !page.TotalExact {
		f.t.Errorf("%s?%s: total %d of %d", kind, params, page.Total, len(want))
	}
	if words := len(q.Terms.Words) > 0; page.NoExactMatch && (!words || len(want) > 0) {
		f.t.Errorf("%s?%s: NoExactMatch is set", kind, params)
	}
}

// TestSearchesReadTheirOwnWrites has clients that search for records that they have just written,
// while text indexes are dropped and filled again.
func TestSearchesReadTheirOwnWrites(t *testing.T) { engines(t, searchesReadTheirOwnWrites) }

func searchesReadTheirOwnWrites(t *testing.T, f *fixture) {
	ann, bob := f.member("ann@example.com"), f.member("bob@example.com")
	f.records(ann, 300)
	stop := make(chan struct{})
	var clients, forgetful sync.WaitGroup
	forgetful.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				f.indexes.Forget(ann.Workspace)
				_ = f.list(ann, "contact", "search=nobody")
			}
		}
	})
	for client := range 6 {
		clients.Go(func() {
			for i := range 12 {
				first, second := fmt.Sprintf("first%dx%dx", client, i), fmt.Sprintf("second%dx%dx", client, i)
				rec := f.save(ann, "contact", "name", first)
				f.findsOne(ann, first, 1)
				f.findsOne(bob, first, 0)
				f.update(ann, rec, "name", second)
				f.findsOne(ann, first, 0)
				f.findsOne(ann, second, 1)
				f.remove(ann, rec)
				f.findsOne(ann, second, 0)
			}
		})
	}
	clients.Wait()
	close(stop)
	forgetful.Wait()
}

func (f *fixture) findsOne(actor crm.Actor, word string, want int64) {
	page, err := f.List(context.Background(), actor, f.question(actor, "contact", "search="+word))
	if err != nil || page.Total != want || int64(len(page.Records)) != want {
		f.t.Errorf("search=%s finds %d (%d shown), want %d; %v", word, page.Total, len(page.Records), want, err)
	}
}

// TestIndexesAreBounded searches more workspaces than there is memory for, and a workspace that
// alone is too large.
func TestIndexesAreBounded(t *testing.T) {
	c := kit.NewClock()
	f := openWith(t, c, Options{Path: Memory, Schema: builtin(t), Clock: c.Now, Caches: &Caches{Search: 60_000}})
	var actors []crm.Actor
	for i := range 12 {
		actors = append(actors, f.member(fmt.Sprintf("u%d@example.com", i)))
		for n := range 40 {
			f.save(actors[i], "contact", "name", fmt.Sprintf("needle %d", n), "notes", strings.Repeat("hay ", 30))
		}
	}
	check := func(actor crm.Actor, want int64) {
		t.Helper()
		if page := f.list(actor, "contact", "search=needle"); page.Total != want {
			t.Errorf("%d found, want %d", page.Total, want)
		}
		if size := f.indexes.Bytes(); size > 60_000 || size <= 0 {
			t.Errorf("the indexes take %d bytes", size)
		}
	}
	for range 2 {
		for _, actor := range actors {
			check(actor, 40)
		}
	}
	if n := f.indexes.Len(); n < 2 || n >= 24 {
		t.Errorf("%d indexes are in memory", n)
	}
	big := actors[0]
	f.save(big, "contact", "name", "needle", "notes", strings.Repeat("hay ", 16_000))
	check(actors[1], 40)
	check(big, 41)
	if f.indexes.State(textindex.Key{Workspace: big.Workspace, Entity: f.Schema.ByName("contact")}) != textindex.Absent {
		t.Error("an index over the limit is in memory")
	}
	page, err := f.Search(t.Context(), big, f.find(big, "contact", "needle"))
	if err != nil || page.Total != 41 || len(page.Records) != 50 && len(page.Records) != 41 {
		t.Errorf("without an index %d are found, %v", page.Total, err)
	}
	if suggested, err := f.Suggest(t.Context(), big, f.Schema.ByName("contact"), query.ExactTerms("neelde")); suggested != nil || err != nil {
		t.Errorf("without an index the suggestions are %v, %v", suggested, err)
	}
}

func (f *fixture) find(actor crm.Actor, kind, text string) *query.Search {
	f.t.Helper()
	s, fault := query.Find(f.Schema.ByName(kind), text, query.For(f.Schema, actor, f.Now(), f.Secret()))
	if fault != nil {
		f.t.Fatal(fault)
	}
	return s
}

// TestUnknownOutcomeDropsIndexes checks that text indexes are dropped after a commit with an
// unknown outcome, so that searches read the tables again.
func TestUnknownOutcomeDropsIndexes(t *testing.T) {
	f := onFile(t)
	ann := f.member("ann@example.com")
	rec := f.save(ann, "contact", "name", "x")
	f.findsOne(ann, "x", 1)
	f.tuning.Commit = func(commit func() error) error { return errors.Join(commit(), errors.New("no answer")) }
	err := f.Write(t.Context(), ann, func(tx *Tx) error {
		_, err := tx.Update(rec.Key, f.draft("contact", "stage", "lead"))
		return err
	})
	kit.WantCode(t, "a commit without an answer", err, crm.NotReady)
	f.tuning.Commit = nil
	if f.indexes.Len() != 0 || f.indexes.Bytes() != 0 {
		t.Errorf("%d indexes with %d bytes are still in memory", f.indexes.Len(), f.indexes.Bytes())
	}
	f.findsOne(ann, "x", 1)
}

// TestNoExactMatch checks of which searches a page says that no record has their words: those that
// other conditions leave empty are not among them.
func TestNoExactMatch(t *testing.T) {
	enginesWith(t, Options{Caches: DefaultCaches()}, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		acme := f.save(ann, "company", "name", "Acme")
		f.save(ann, "contact", "name", "Jane Doe", "stage", "lead", "notes", "quote", "company_id", acme)
		f.save(ann, "contact", "name", "Joe", "tags", []string{"vip"})
		for params, want := range map[string]bool{
			"search=jane": false, "search=jnae": true, "search=jane+acme": false, "search=joe+acme": true, "search=vip": false, "search=jane&stage=customer": false,
			"search=jnae&stage=lead": true, "search=jnae&stage=customer": true, "search=jane&notes=like:zebra": false, "search=jnae&notes=like:quote": true,
			"search=jnae&total=none": true, "search=jane&search=joe": true, "stage=customer": false, "notes=like:zebra": false, "": false,
		} {
			if page := f.list(ann, "contact", params); page.NoExactMatch != want {
				t.Errorf("?%s: no record has the words: %v, want %v", params, page.NoExactMatch, want)
			}
		}
		for text, want := range map[string]bool{"jane": false, "jnae": true, "joe acme": true, "quote": false} {
			if page, err := f.Search(t.Context(), ann, f.find(ann, "contact", text)); err != nil || page.NoExactMatch != want {
				t.Errorf("a search for %s: no record has the words: %v, %v; want %v", text, page.NoExactMatch, err, want)
			}
		}
		if support, err := f.SupportsFuzzy(t.Context(), ann, f.Schema.ByName("contact")); err != nil || support != FuzzyReady || !f.KeepsWords() {
			t.Errorf("misspelled words are found: %v, %v", support, err)
		}
	})
}

// TestSuggestions checks which words are suggested for misspelled ones.
func TestSuggestions(t *testing.T) {
	enginesWith(t, Options{Caches: DefaultCaches()}, testSuggestions)
}

func testSuggestions(t *testing.T, f *fixture) {
	ann := f.member("ann@example.com")
	acme := f.save(ann, "company", "name", "Kaufmann Corporation", "notes", "Grünewald")
	f.save(ann, "contact", "name", "Anna Kowalski", "email", "anna@kaufmann.de", "company_id", acme)
	f.save(ann, "contact", "name", "Anne Mustermann", "title", "Иванов", "notes", "Likes xenophon")
	f.save(ann, "contact", "name", "Hanna Berg")
	f.save(ann, "contact", "name", "Bob Bergen")
	for text, want := range map[string]string{
		"kowalksi":            "map[kowalksi:[kowalski]]",
		"kowlaski":            "map[kowlaski:[kowalski]]",
		"Kovalsky":            "map[Kovalsky:[kowalski]]",
		"kwlask":              "map[]", // two letters of six
		"anna kowalksi":       "map[kowalksi:[kowalski]]",
		"anne kowalski":       "map[anne:[anna anne]]", // records have both words, but none has them together
		"corporatoin":         "map[corporatoin:[corporation]]",
		"kaufman corporatoin": "map[corporatoin:[corporation]]",
		"anna@kaufmanm.de":    "map[anna@kaufmanm.de:[anna@kaufmann.de]]",
		"Ивонов":              "map[Ивонов:[иванов]]",
		"grunevald":           "map[]", // a word of the notes of the company, which a search of contacts does not read
		"xenophn":             "map[]", // a word of its own notes
		"bbo":                 "map[]", // too short
		"1234567":             "map[]",
		"xylophone":           "map[]",
	} {
		q := f.question(ann, "contact", "search="+url.QueryEscape(text))
		suggested, err := f.Suggest(t.Context(), ann, q.Entity, q.Terms)
		if got := fmt.Sprint(suggested); err != nil || got != want {
			t.Errorf("%q is suggested as %s, %v; want %s", text, got, err, want)
		}
	}
}

// TestIndexesFollowInheritedReferences searches activities by the name of the company that they
// inherit from their contact, also after the contact moves and the company is deleted.
func TestIndexesFollowInheritedReferences(t *testing.T) {
	for _, f := range []*fixture{onFile(t), cached(t)} {
		ann := f.member("ann@example.com")
		acme, other := f.save(ann, "company", "name", "Acme"), f.save(ann, "company", "name", "Other")
		jane := f.save(ann, "contact", "name", "Jane", "company_id", acme)
		f.save(ann, "activity", "body", "called", "contact_id", jane)
		f.compareSearches(ann, []string{"activity"}, "acme", "other")
		f.update(ann, jane, "company_id", other)
		f.compareSearches(ann, []string{"activity"}, "acme", "other")
		if n := f.list(ann, "activity", "search=other").Total; n != 1 {
			t.Errorf("%d activities of the new company", n)
		}
		f.remove(ann, other)
		f.compareSearches(ann, []string{"activity"}, "acme", "other")
		if n := f.list(ann, "activity", "search=other").Total; n != 0 {
			t.Errorf("%d activities of a deleted company", n)
		}
	}
}

// TestLikeInTheTextIndex checks which conditions with like: the text index tests: those on fields
// that a search reads.
func TestLikeInTheTextIndex(t *testing.T) {
	f := cached(t)
	ann := f.member("ann@example.com")
	for params, want := range map[string]int{
		"name=like:a": 1, "email=like:a&notes=like:b": 2, "tags=like:a": 1, "phone=like:1": 1, "company.name=like:a": 1,
		"stage=like:a": 0, "custom.a=like:a": 0, "company.notes=like:a": 0, "company.domain=like:a": 0, "campaign.name=like:a": 0, "name=a": 0, "name=ne:a": 0, "name=gte:a": 0,
	} {
		q := f.question(ann, "contact", params)
		got := 0
		if q.Terms != nil {
			got = len(q.Terms.Likes)
		}
		if got != want || len(q.OtherKinds) != len(q.Where)-want {
			t.Errorf("%s: %d conditions are for the text index and %d of %d for SQL, want %d for the text index", params, got, len(q.OtherKinds), len(q.Where), want)
		}
	}
	if q := f.question(ann, "activity", "company.name=like:a"); len(q.Terms.Likes[0].Refs) != 2 {
		t.Errorf("the company of an activity may be that of its contact: %v", q.Terms.Likes[0].Refs)
	}
}
