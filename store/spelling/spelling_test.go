package spelling

import (
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"crmkit/crm"
	"crmkit/crm/catalog"
	"crmkit/crm/norm"
	"crmkit/query"
)

func schema(t testing.TB) *crm.Schema {
	s, err := catalog.Schema()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// terms compiles a search of companies.
func terms(t testing.TB, s *crm.Schema, text string) *query.Terms {
	q, fault := query.Parse(s.ByName("company"), url.Values{"search": {text}}, query.Env{Schema: s, Now: time.Unix(0, 0), Workspace: 1})
	if fault != nil {
		t.Fatal(fault)
	}
	return q.Terms
}

// TestFieldsThatGiveWords lists the searched fields of which words can be suggested.
func TestFieldsThatGiveWords(t *testing.T) {
	got := map[string]string{}
	for _, e := range schema(t).Entities {
		var names []string
		for _, f := range query.SearchFieldsOf(e).Own {
			if GivesWords(f) {
				names = append(names, f.Name)
			}
		}
		if len(e.Search) > 0 {
			got[e.Name] = strings.Join(names, " ")
		}
	}
	want := map[string]string{
		"contact": "name email phone other_emails other_phones title tags", "company": "name domain other_domains tags",
		"deal": "title", "ticket": "subject tags", "task": "title", "campaign": "name", "campaign_member": "", "deal_contact": "role", "activity": "",
	}
	if !maps.Equal(got, want) {
		t.Errorf("words come from %v, want %v", got, want)
	}
}

// TestKinds checks of which kinds the words are compared in a search of activities, whose company is
// named by two references.
func TestKinds(t *testing.T) {
	s := schema(t)
	var got []string
	search := NewSearch(s.ByName("activity"), terms(t, s, "jnae"))
	for _, kind := range search.Kinds() {
		got = append(got, kind.Name)
		search.Compare(kind, "jane", Count{All: 9, InLabels: 2})
		search.Compare(kind, "jana", Count{All: 10, InLabels: 1})
	}
	if want := []string{"activity", "contact", "company", "deal", "ticket"}; !slices.Equal(got, want) {
		t.Errorf("compared are the words of %v, want %v", got, want)
	}
}

// TestLabelsGiveWords checks that searches of other kinds find the names of records, also if they
// are misspelled.
func TestLabelsGiveWords(t *testing.T) {
	for _, e := range schema(t).Entities {
		for _, ref := range query.SearchFieldsOf(e).Refs {
			target := e.Target(ref)
			if f := target.Field(target.LabelField); !GivesWords(f) || Once(target, f) != (Count{1, 1}) {
				t.Errorf("%s refers by %s to records whose names give no words", e.Name, ref.Name)
			}
		}
	}
}

// FuzzEachWord compares the words of a text with those that a simpler function finds.
func FuzzEachWord(f *testing.F) {
	for _, seed := range []string{"anna@kaufmann.de", "a bc def", "abc1 ab-cde", "日本 x日 日", "", "é", strings.Repeat("ab", 70), strings.Repeat("ab", 68), "\xff\xfe\xfd"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		want := strings.FieldsFunc(text, func(r rune) bool { return r < utf8.RuneSelf && !unicode.IsLetter(r) && !unicode.IsDigit(r) })
		if got := split(text); !slices.Equal(got, want) {
			t.Fatalf("%q is split into %q, want %q", text, got, want)
		}
		want = slices.DeleteFunc(want, func(word string) bool {
			return strings.ContainsAny(word, "0123456789") || len(word) < norm.MinFuzzyLength || len(word) > norm.MaxFuzzyLength
		})
		var got []string
		EachWord([]byte(text), func(word []byte) { got = append(got, string(word)) })
		if !slices.Equal(got, want) {
			t.Errorf("the words of %q are %q, want %q", text, got, want)
		}
	})
}

// TestSuggestionsAreBounded searches for words of many parts, each of which is near many words.
func TestSuggestionsAreBounded(t *testing.T) {
	s := schema(t)
	for parts, want := range map[int]int{1: maxSuggestions, 2: maxSuggestions, maxParts: maxSuggestions, maxParts + 1: 0} {
		word := strings.TrimSuffix(strings.Repeat("annaz.", parts), ".")
		search := NewSearch(s.ByName("company"), terms(t, s, word))
		if search == nil {
			if want > 0 {
				t.Errorf("nothing is suggested for %d parts", parts)
			}
			continue
		}
		if err := search.FindUnknown(func(string) (bool, error) { return true, nil }); err != nil {
			t.Fatal(err)
		}
		for _, last := range "abcdefghijkl" {
			search.Compare(s.ByName("company"), "anna"+string(last), Count{All: 1})
		}
		if got := len(search.Suggestions()[word]); got != want {
			t.Errorf("for %d parts %d words are suggested, want %d", parts, got, want)
		}
	}
}

// words are the words of records in a test, with their counts.
type words map[string]int

// nearest returns the words that are suggested for a part by the rule of doc.go.
func (all words) nearest(text string) (list []string) {
	matcher := norm.NewFuzzyMatcher(text)
	if matcher == nil {
		return nil
	}
	for edits := 1; edits <= matcher.Typos && list == nil; edits++ {
		for word := range all {
			if matcher.Distance(word) == edits {
				list = append(list, word)
			}
		}
	}
	slices.SortFunc(list, func(a, b string) int { return cmp.Or(all[b]-all[a], strings.Compare(a, b)) })
	return list[:min(len(list), maxSuggestions)]
}

// suggest returns the suggestions for a search of different words that have one part each.
func (all words) suggest(texts []string) map[string][]string {
	known := func(text string) bool { return len(texts) > 1 && all[text] > 0 }
	allKnown := !slices.ContainsFunc(texts, func(text string) bool { return !known(text) })
	result := map[string][]string{}
	for _, text := range texts {
		if known(text) && !allKnown {
			continue
		}
		list := all.nearest(text)
		if known(text) {
			list = append(list, text)
		}
		if list = list[:min(len(list), maxSuggestions)]; len(list) == 0 {
			return nil
		}
		if len(list) > 1 || list[0] != text {
			result[text] = list
		}
	}
	if len(result) == 0 {
		return nil
	}
	return result
}

// TestSuggestionsFollowTheRule compares the suggestions for random searches with those of a simple
// function.
func TestSuggestionsFollowTheRule(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	word := func() string {
		letters := make([]rune, 3+random.IntN(7))
		for i := range letters {
			letters[i] = []rune("aab1ж")[random.IntN(3+2*random.IntN(2))]
		}
		return string(letters)
	}
	s := schema(t)
	company := s.ByName("company")
	for range 2000 {
		all := words{}
		for range random.IntN(30) {
			all[word()] += 1 + random.IntN(3)
		}
		texts := slices.Compact(slices.Sorted(slices.Values([]string{word(), word(), word()}[:1+random.IntN(3)])))
		search := NewSearch(company, terms(t, s, strings.Join(texts, " ")))
		if err := search.FindUnknown(func(text string) (bool, error) { return all[text] == 0, nil }); err != nil {
			t.Fatal(err)
		}
		for text, n := range all {
			search.Compare(company, text, Count{All: n - 1, InLabels: 1}) // as two sources
			search.Compare(company, text, Count{All: 1, InLabels: 9})
		}
		if got, want := fmt.Sprint(search.Suggestions()), fmt.Sprint(all.suggest(texts)); got != want {
			t.Fatalf("for %q of %v %s are suggested, want %s", texts, all, got, want)
		}
	}
}
