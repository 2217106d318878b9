package store

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"testing"

	"crmkit/crm"
	"crmkit/query"
	"crmkit/store/spelling"
)

// wordFields are the fields whose words are suggested in this test, by the kinds that it has.
var wordFields = map[string][]string{
	"contact": {"name", "email", "other_emails", "title", "tags"}, "company": {"name", "domain", "tags"}, "deal": {"title"},
	"ticket": {"subject", "tags"}, "task": {"title"}, "campaign": {"name"}, "campaign_member": {}, "deal_contact": {}, "activity": {},
}

// suggestions is a random program that changes records. Its model of the words is all records, read
// anew for each search.
type suggestions struct {
	*fixture
	random *rand.Rand
	actors []crm.Actor
	rows   [][]crm.Record // by actor
}

// word returns a word of few letters, so that many are similar.
func (s *suggestions) word() string {
	var b strings.Builder
	for range 3 + s.random.IntN(7) {
		b.WriteString([]string{"a", "b", "n", "é", "N"}[s.random.IntN(5)])
	}
	return b.String()
}

// pairs returns random values of a kind that another record may have already.
func (s *suggestions) pairs(kind string, actor int) []any {
	values := map[string][]any{
		"contact":  {"name", s.word() + " " + s.word(), "title", s.word(), "tags", []string{s.word(), s.word()}, "notes", s.word() + " " + s.word(), "email", s.word() + "@" + s.word() + ".example"},
		"company":  {"name", s.word() + "-" + s.word(), "tags", []string{s.word()}, "notes", s.word(), "domain", "x" + s.word() + ".example"},
		"deal":     {"title", s.word(), "notes", s.word()},
		"ticket":   {"subject", s.word(), "content", s.word(), "tags", []string{s.word()}},
		"task":     {"title", s.word() + " " + s.word()},
		"campaign": {"name", s.word(), "description", s.word()},
		"activity": {"body", s.word()},
	}[kind]
	for i := 0; i < len(values); i += 2 {
		if name := values[i].(string); name == "email" || name == "domain" {
			values[i+1] = strings.ToLower(strings.ReplaceAll(values[i+1].(string), "é", "e")) // as it is stored
		}
	}
	for _, rec := range s.rows[actor] {
		if f := s.Schema.ByName(kind).Field(rec.Entity.Name + "_id"); f != nil && f.IsReference() && s.random.IntN(3) == 0 {
			return append(values, f.Name, rec)
		}
	}
	return values
}

// change creates, changes or deletes a record.
func (s *suggestions) change() {
	actor := s.random.IntN(len(s.actors))
	rows := s.rows[actor]
	if at := s.random.IntN(len(rows) + 1); at < len(rows) && s.random.IntN(2) == 0 {
		rec := rows[at]
		if s.random.IntN(3) == 0 {
			s.mayBeRefused(s.tryRemove(s.actors[actor], rec))
			s.read(actor) // what belonged only to it is deleted too
			return
		}
		_, err := s.tryUpdate(s.actors[actor], rec.Key, s.draft(rec.Entity.Name, s.pairs(rec.Entity.Name, actor)...))
		s.mayBeRefused(err)
		return
	}
	kind := []string{"contact", "company", "deal", "ticket", "task", "campaign", "activity"}[s.random.IntN(7)]
	_, err := s.trySave(s.actors[actor], s.draft(kind, s.pairs(kind, actor)...))
	s.mayBeRefused(err)
	s.read(actor)
}

// mayBeRefused fails the test for an error other than that an address is taken, that an activity
// has no reference, or that a deal needs its main contact.
func (s *suggestions) mayBeRefused(err error) {
	var fault *crm.Error
	if err != nil && !(errors.As(err, &fault) && slices.Contains([]crm.Code{crm.AlreadyExists, crm.MissingField, crm.InUse}, fault.Code)) {
		s.t.Fatal(err)
	}
}

// read reads all records of an actor.
func (s *suggestions) read(actor int) {
	s.rows[actor] = nil
	for _, e := range s.Schema.Entities {
		if _, used := wordFields[e.Name]; used {
			s.rows[actor] = append(s.rows[actor], s.list(s.actors[actor], e.Name, "limit=200").Records...)
		}
	}
}

// compare compares the suggestions for a random search with those from the words of all records.
func (s *suggestions) compare(actor int) {
	s.t.Helper()
	kind := []string{"contact", "company", "deal", "ticket", "task", "campaign", "campaign_member", "activity"}[s.random.IntN(8)]
	text := strings.Join([]string{s.word(), s.word(), s.word() + "." + s.word()}[:1+s.random.IntN(3)], " ")
	q := s.question(s.actors[actor], kind, "search="+url.QueryEscape(text))
	if s.list(s.actors[actor], kind, "search="+url.QueryEscape(text)).Total > 0 {
		return
	}
	got, err := s.Suggest(s.t.Context(), s.actors[actor], q.Entity, q.Terms)
	if err != nil {
		s.t.Fatal(err)
	}
	if want := fmt.Sprint(s.model(actor, q)); fmt.Sprint(got) != want {
		s.t.Fatalf("%s with %q: %v are suggested, want %s", kind, text, got, want)
	}
}

// model gives the words of all records to the rule.
func (s *suggestions) model(actor int, q *query.Query) map[string][]string {
	search := spelling.NewSearch(q.Entity, q.Terms)
	err := search.FindUnknown(func(text string) (bool, error) {
		return s.list(s.actors[actor], q.Entity.Name, "search="+url.QueryEscape(text)).Total == 0, nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
	s.read(actor)
	for _, kind := range search.Kinds() {
		for _, rec := range s.rows[actor] {
			if rec.Entity == kind {
				compareWords(search, rec)
			}
		}
	}
	return search.Suggestions()
}

func compareWords(search *spelling.Search, rec crm.Record) {
	for _, name := range wordFields[rec.Entity.Name] {
		f := rec.Entity.Field(name)
		spelling.EachWord([]byte(f.FoldOf(rec.Value(name))), func(word []byte) {
			search.Compare(rec.Entity, string(word), spelling.Once(rec.Entity, f))
		})
	}
}

// TestSuggestionsAreFromTheRecords runs a random program in two workspaces. The suggestions for each
// search that finds nothing follow from the words of the records that there are.
func TestSuggestionsAreFromTheRecords(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	for name, f := range map[string]*fixture{"file": onFile(t), "postgres": openAt(t, Postgres(t))} {
		t.Run(name, func(t *testing.T) {
			f.t = t
			runSuggestions(f, seed)
		})
	}
}

func runSuggestions(f *fixture, seed uint64) {
	s := &suggestions{fixture: f, random: rand.New(rand.NewPCG(seed, 0)), rows: make([][]crm.Record, 2)}
	s.actors = []crm.Actor{f.member("ann@example.com"), f.member("bob@example.com")}
	for range 300 {
		s.change()
		s.compare(s.random.IntN(2))
	}
}
