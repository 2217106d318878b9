package store

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/query"
	"crmkit/store/list"
	"crmkit/store/postgres/pgtest"
)

// withoutTrigrams returns the address of a new database in which no extension can be made.
func withoutTrigrams(t *testing.T) string {
	t.Helper()
	cluster := pgtest.Shared(t)
	address := cluster.Database(t)
	config, err := pgx.ParseConfig(address)
	must(t, err)
	admin, err := pgx.Connect(t.Context(), cluster.AdminURL(config.Database))
	must(t, err)
	defer admin.Close(context.Background())
	for _, text := range []string{"ALTER DATABASE " + config.Database + " OWNER TO postgres", "GRANT CREATE ON SCHEMA public TO " + config.User} {
		_, err := admin.Exec(t.Context(), text)
		must(t, err)
	}
	return address
}

// TestSearchesAreTheSameOnEachEngine runs a random program on SQLite with a text index and without, and on
// PostgreSQL with indexes of trigrams and without, with letters beyond ASCII in them and without.
// Every search and list finds the same records in the same order, with the same total.
func TestSearchesAreTheSameOnEachEngine(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	stores := map[string]*fixture{"text index": cached(t), "memory": openAt(t, Memory), "trigrams": openAt(t, Postgres(t)), "no trigrams": openAt(t, withoutTrigrams(t))}
	if !testing.Short() {
		stores["trigrams of ASCII"] = openAt(t, pgtest.New(t, pgtest.Options{Locale: "C"}).Database(t))
	}
	for name, f := range stores {
		if finds := f.db.FindsParts(); finds != strings.HasPrefix(name, "trigrams") {
			t.Fatalf("%s: the indexes of searches are there: %v", name, finds)
		}
	}
	programs := map[string]*searchProgram{}
	for name, f := range stores {
		ann := f.member("ann@example.com")
		ann.Country = "DE"
		programs[name] = &searchProgram{fixture: f, actor: ann, random: rand.New(rand.NewPCG(seed, 1))}
	}
	random := rand.New(rand.NewPCG(seed, 2))
	rounds, every := 80, 20
	if testing.Short() {
		rounds, every = 40, 40
	}
	for round := range rounds {
		for _, p := range programs {
			p.clock.Advance(time.Duration(round%3) * time.Second)
			p.step(round)
		}
		if round%every == every-1 {
			compareEngines(t, programs, searchTexts(random))
		}
	}
}

// searchTexts returns texts to search for: words, parts of words, and several words.
func searchTexts(random *rand.Rand) (texts []string) {
	word := func() string { return searchedWords[random.IntN(len(searchedWords))] }
	for range 5 {
		letters := []rune(word())
		from := random.IntN(len(letters))
		texts = append(texts, string(letters[from:from+1+random.IntN(len(letters)-from)]), word()+" "+word(), word()+" "+word()+" "+word()+" köln")
	}
	texts = slices.DeleteFunc(texts, func(text string) bool { return strings.TrimSpace(text) == "" })
	return append(texts, "xylophon", "jürgen", "xn--kln-sna.de", "KÖLN.de", "oneil doe", "49 30 12345", "undone", `\`, "%", "_", "'", `"`, "0.jürgen@köln.de")
}

// compareEngines compares the answers of the programs. Without words that are kept, as in memory, nothing
// says that words may be misspelled.
func compareEngines(t *testing.T, programs map[string]*searchProgram, texts []string) {
	t.Helper()
	for _, kind := range searchedKinds {
		for _, text := range texts {
			want := programs["text index"].searchAnswers(kind, text)
			for name, p := range programs {
				got := p.searchAnswers(kind, text)
				if name == "memory" {
					got = withMisspelled(got, want)
				}
				if !slices.Equal(got, want) {
					t.Errorf("%s: %s of kind %s:\n%s\nthe text index\n%s", name, text, kind, strings.Join(got, "\n"), strings.Join(want, "\n"))
				}
			}
		}
	}
}

// misspelled ends a line whose words no record has.
const misspelled = " misspelled"

// withMisspelled returns lines with the endings of others.
func withMisspelled(lines, others []string) []string {
	for i := range lines {
		if strings.HasSuffix(others[i], misspelled) {
			lines[i] += misspelled
		}
	}
	return lines
}

// searchAnswers returns what searches for a text and lists with like: answer.
func (p *searchProgram) searchAnswers(kind, text string) (lines []string) {
	p.t.Helper()
	e, escaped := p.Schema.ByName(kind), url.QueryEscape(text)
	list := []string{"search=" + escaped, "search=" + escaped + "&sort=updated_at&created_by=ann@example.com"}
	if norm.Fold(text) != "" { // like: refuses others
		list = append(list, e.Search[0]+"=like:"+escaped, e.Search[len(e.Search)-1]+"=like:"+escaped+"&search=n")
	}
	for _, params := range list {
		page := p.list(p.actor, kind, params+"&limit=2")
		lines = append(lines, fmt.Sprint(params, p.walk(p.actor, kind, params+"&limit=7"), summary(page)))
	}
	s, fault := query.Find(e, text, query.For(p.Schema, p.actor, p.Now(), p.Secret()))
	if fault != nil {
		return append(lines, fault.Error())
	}
	s.Limit = 5
	page, err := p.Search(p.t.Context(), p.actor, s)
	must(p.t, err)
	return append(lines, "ranked "+summary(page))
}

// summary returns what a page says.
func summary(page list.Page) string {
	keys := make([]int64, len(page.Records))
	for i, rec := range page.Records {
		keys[i] = crm.RecordNumber(rec.Key)
	}
	text := fmt.Sprint(keys, page.More, page.Total, page.TotalExact)
	if page.NoExactMatch {
		text += misspelled
	}
	return text
}
