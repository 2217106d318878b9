package words

import (
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"crmkit/crm"
	"crmkit/crm/catalog"
	"crmkit/query"
	"crmkit/store/engine"
	"crmkit/store/postgres"
	"crmkit/store/postgres/pgtest"
	"crmkit/store/spelling"
)

// TestChangesOfARowAreWrittenOnce checks that the changes of a row become one, that those which
// cancel each other are not written, and that only rows that lose words may be deleted.
func TestChangesOfARowAreWrittenOnce(t *testing.T) {
	var all Changes
	all = all.Add(2, "contact", map[string]spelling.Count{"anna": {All: 2, InLabels: 1}})
	all = all.Add(1, "contact", map[string]spelling.Count{"anna": {All: 1}, "berta": {All: 1, InLabels: 1}})
	all = all.Add(2, "contact", map[string]spelling.Count{"anna": {All: -3, InLabels: -1}})
	all = all.Add(1, "contact", map[string]spelling.Count{"berta": {All: -1, InLabels: -1}})
	all = all.Add(1, "company", map[string]spelling.Count{"anna": {All: 1, InLabels: 1}})
	var got []string
	err := all.Write(func(text string, args ...any) error {
		got = append(got, strings.Fields(text)[0]+fmt.Sprint(args...))
		return nil
	})
	row := func(workspace int, kind string, n, inLabels int) string {
		return fmt.Sprintf(`{"workspace_id":%d,"kind":"%s","letters":%d,"word":"anna","n":%d,"in_labels":%d}`, workspace, kind, spelling.Letters("anna"), n, inLabels)
	}
	less := row(2, "contact", -1, 0)
	want := []string{"INSERT[" + row(1, "company", 1, 1) + "," + row(1, "contact", 1, 0) + "," + less + "]", "DELETE[" + less + "]"}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("the statements are %q, %v; want %q", got, err, want)
	}
}

// TestManyChangesAreSeveralStatements checks that no statement has more rows than it may have.
func TestManyChangesAreSeveralStatements(t *testing.T) {
	counts := map[string]spelling.Count{}
	for i := range 2*rowsAtOnce + 1 {
		counts[fmt.Sprint("w", i)] = spelling.Count{All: 1}
	}
	statements, rows := 0, 0
	err := Changes{}.Add(1, "contact", counts).Write(func(_ string, args ...any) error {
		statements++
		rows += strings.Count(args[0].(string), "{")
		return nil
	})
	if err != nil || statements != 3 || rows != len(counts) {
		t.Errorf("%d statements write %d rows, %v", statements, rows, err)
	}
}

// open opens an empty database with the table of words.
func open(t *testing.T) engine.Conn {
	t.Helper()
	db, err := postgres.Open(t.Context(), postgres.Options{
		Address: pgtest.Database(t), Functions: Create, Heads: "SELECT value FROM keys_of($1)", CountHeads: "SELECT COUNT(*) FROM keys_of($1)",
		Migrations: []fs.FS{fstest.MapFS{"migrations/0001_users.sql": {Data: []byte("CREATE TABLE users (id BIGINT PRIMARY KEY);")}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db.Writers()[0]
}

// TestSuggestionsFromTheTable changes counts at random, and compares what is suggested from the table
// with what is suggested from all words.
func TestSuggestionsFromTheTable(t *testing.T) {
	pgtest.Need(t, "postgres")
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	p := &program{t: t, conn: open(t), random: rand.New(rand.NewPCG(seed, 0)), counts: map[string]map[string]spelling.Count{"contact": {}, "company": {}}}
	var err error
	if p.schema, err = catalog.Schema(); err != nil {
		t.Fatal(err)
	}
	for range 100 {
		p.change()
		for range 3 {
			p.compare()
		}
	}
}

// program changes the counts of one workspace at random. Another one has other words.
type program struct {
	t      *testing.T
	schema *crm.Schema
	conn   engine.Conn
	random *rand.Rand
	counts map[string]map[string]spelling.Count // by kind and word
}

func (p *program) word() string {
	letters := make([]rune, 3+p.random.IntN(8))
	for i := range letters {
		letters[i] = []rune("abmé日")[p.random.IntN(5)]
	}
	return string(letters)
}

// change commits changes of some words, and of the same words in another workspace.
func (p *program) change() {
	var all Changes
	for kind, counts := range p.counts {
		delta := map[string]spelling.Count{}
		for range 1 + p.random.IntN(20) {
			delta[p.word()] = spelling.Count{All: 1 + p.random.IntN(3), InLabels: p.random.IntN(2)}
		}
		for word, count := range counts {
			if p.random.IntN(4) == 0 {
				delta[word] = count.Times(-1)
			}
		}
		all = all.Add(1, kind, delta).Add(2, kind, map[string]spelling.Count{p.word(): {All: 9, InLabels: 9}})
		for word, count := range delta {
			if counts[word] = counts[word].Plus(count); counts[word] == (spelling.Count{}) {
				delete(counts, word)
			}
		}
	}
	err := p.conn.BeginWrite([]int64{1, 2})
	if err == nil {
		err = all.Write(p.conn.Send)
	}
	if err == nil {
		err = p.conn.Commit()
	}
	if err != nil {
		p.t.Fatal(err)
	}
}

// compare compares the suggestions for a random search of contacts, which looks at the names of
// companies too.
func (p *program) compare() {
	contact := p.schema.ByName("contact")
	text := strings.Join([]string{p.word(), p.word()}[:1+p.random.IntN(2)], " ")
	q, fault := query.Parse(contact, url.Values{"search": {text}}, query.Env{Schema: p.schema, Now: time.Unix(0, 0), Workspace: 1})
	if fault != nil {
		p.t.Fatal(fault)
	}
	suggest := func(compare func(*spelling.Search) error) string {
		search := spelling.NewSearch(contact, q.Terms)
		err := search.FindUnknown(func(text string) (bool, error) { return p.counts["contact"][text].All == 0, nil })
		if err == nil {
			err = compare(search)
		}
		if err != nil {
			p.t.Fatal(err)
		}
		return fmt.Sprint(search.Suggestions())
	}
	got := suggest(func(search *spelling.Search) error { return Compare(p.t.Context(), p.conn, 1, search) })
	want := suggest(func(search *spelling.Search) error {
		for _, kind := range search.Kinds() {
			for word, count := range p.counts[kind.Name] {
				search.Compare(kind, word, count)
			}
		}
		return nil
	})
	if got != want {
		p.t.Fatalf("for %q the table suggests %s, all words %s", text, got, want)
	}
}
