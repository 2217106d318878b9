package query

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// The limits of search=. Each word is compared with each searched field.
const (
	maxWords      = 10
	maxSearch     = 200 // bytes of all words, after norm.Clean
	maxSearchSent = 4 * maxSearch
)

// search compiles search=, or the parameter param with the same meaning: every word must be a part of at least one of
// the searched fields. A word for which Env has other spellings is replaced by these.
func (c *compiler) search(e *crm.Entity, param, value string) ([]string, *crm.Error) {
	if len(e.Search) == 0 {
		return nil, crm.Errorf(crm.InvalidFilter, "%s have no search; filter them by %s.", e.Plural, strings.Join(e.FilterNames(), " ")).On("search")
	}
	clean, ok := norm.Clean(value[:min(len(value), maxSearchSent)])
	words := visibleWords(clean)
	if !ok || len(words) == 0 || len(words) > maxWords || len(clean) > maxSearch || len(value) > maxSearchSent {
		return nil, crm.Errorf(crm.InvalidValue, "%s needs 1 to %d words with at most %d bytes in total; to get all records, GET the list without search=.", param, maxWords, maxSearch).On(param)
	}
	var where []string
	for _, word := range c.env.words(words) {
		c.terms.Words = append(c.terms.Words, word)
		where = append(where, c.hasWord(e, word))
	}
	return where, nil
}

// hasWord returns the condition that one of the searched fields has the word.
func (c *compiler) hasWord(e *crm.Entity, word Word) string {
	var tests []string
	for _, variant := range word.Variants {
		tests = append(tests, c.containsVariant(e, variant)...)
	}
	return "(" + strings.Join(tests, " OR ") + ")"
}

// HasWords returns two statements that return a row if a record of the workspace $1 has some words, and their further
// arguments. The second uses the indexes of KeysSQL; it is the first where they do not help.
func HasWords(e *crm.Entity, words []Word) (scan, indexed string, args []any) {
	keys := &keySearch{compiler: &compiler{terms: Terms{Words: words}}, entity: e}
	var where []string
	for _, word := range words {
		where = append(where, keys.compiler.hasWord(e, word))
	}
	scan = "SELECT 1 FROM " + e.TableName() + " t WHERE t.workspace_id = $1 AND " + and(where) + " LIMIT 1"
	if indexed = keys.sql(unionAll); indexed == "" {
		return scan, scan, keys.compiler.args
	}
	return scan, indexed + " LIMIT 1", keys.compiler.args
}

// Search is the search for a text in the records of one entity, with the best match first. Its
// rank exists twice, as SQL and as the method Rank, because some matches are found in the
// database and some by the text index in memory. Both must give the same number.
type Search struct {
	*Query
	key    int64    // of the record whose id or handle the text is; 0: it is no id
	unique string   // the text in the form of the unique field; empty: it has not this form
	phones []string // the stored forms of the number, if it is written like a phone number
	fold   string   // the folded text; empty: the search used other spellings, so labels do not have it
	inner  string   // the folded text after a blank, as it begins a word inside a label
	named  []string
}

// Ranked reports whether the order is that of a search.
func (q *Query) Ranked() bool { return q.bestRank != "" }

// The ranks of the records that a search finds, best first. Records of equal rank are in the
// order of their last change, latest first.
const (
	RankExactName = iota // the text is its id, handle, unique value or phone number
	RankEqual            // the text is its label
	RankStart            // its label begins with the text
	RankWord             // a word of its label begins with the text
	RankPart             // its label contains the text
	RankOther            // the words are in other fields
)

// Find compiles the search for a text. It finds the records that search= finds, and a record
// that the text names exactly, by its id, unique value or phone number.
func Find(e *crm.Entity, text string, env Env) (*Search, *crm.Error) {
	c := &compiler{env: env}
	words, err := c.search(e, "q", text)
	if err != nil {
		return nil, err
	}
	clean, _ := norm.Clean(text)
	s := &Search{Query: &Query{Entity: e, Limit: DefaultLimit, secret: env.Secret}, fold: norm.Fold(clean)}
	if s.inner = " " + s.fold; len(env.Fuzzy) > 0 {
		s.fold = ""
	}
	exact := s.exact(c, clean)
	s.named, s.Terms = exact, &c.terms
	s.keys = &keySearch{compiler: c, entity: e, named: s.ExactNameSQL}
	s.Where = []string{"(" + strings.Join(append(slices.Clone(exact), "("+and(words)+")"), " OR ") + ")"}
	known := len(c.args)
	s.bestRank = s.rank(c, exact)
	s.Args, s.bestArgs = c.args[:known:known], c.args[known:]
	s.Order, err = env.parseSort(e, e.Sort)
	return s, err
}

// ExactNameSQL returns the SQL of the keys of the records that the text names exactly, or ""
// if it has no form in which it could.
func (s *Search) ExactNameSQL() string {
	var parts []string
	for _, is := range s.named {
		parts = append(parts, "SELECT t.key FROM "+s.Entity.TableName()+" t WHERE t.workspace_id = $1 AND "+is)
	}
	return strings.Join(parts, " UNION ")
}

// exact returns the conditions under which the text names a record.
func (s *Search) exact(c *compiler, text string) (list []string) {
	e := s.Entity
	if key, hint := c.env.Schema.Locate(e, c.env.Workspace, text); hint == "" {
		s.key = key
		list = append(list, "t.key = "+leading(e, c.arg(key)))
	}
	if f := e.Field(e.Keys.Unique); f != nil {
		if v, err := c.env.Normal(f, text); err == nil && v.Set() {
			s.unique = v.Text
			list = append(list, c.isAny(e, f, "t."+f.Col()+" = "+c.arg(v.Text), v.Text)...)
		}
	}
	for i := range e.Fields {
		if f := &e.Fields[i]; isPhone(f) && norm.IsPhone(text) {
			s.phones = norm.PhoneForms(c.env.Country, text)
			list = append(list, c.isAny(e, f, FoldedSQL("t", f)+" IN ("+c.list(s.phones)+")", s.phones...)...)
		}
	}
	return list
}

// labelColumn returns the text field by which records are ranked: the label, or if that is no
// free text the first searched field that is.
func labelColumn(e *crm.Entity) *crm.Field {
	for _, name := range append([]string{e.LabelField}, e.Search...) {
		if f := e.Field(name); f != nil && isFreeText(f) {
			return f
		}
	}
	return nil
}

// rank returns the SQL of the rank.
func (s *Search) rank(c *compiler, exact []string) string {
	var b strings.Builder
	b.WriteString("CASE")
	if len(exact) > 0 {
		b.WriteString(" WHEN " + strings.Join(exact, " OR ") + " THEN 0")
	}
	if f := labelColumn(s.Entity); f != nil && s.fold != "" {
		column := FoldedSQL("t", f)
		fold, length := c.arg(s.fold), c.arg(int64(utf8.RuneCountInString(s.fold)))
		for _, rank := range []struct {
			rank int
			test string
		}{
			{RankEqual, column + " = " + fold},
			{RankStart, textBegins(column, fold, length)},
			{RankWord, textContains(column, c.arg(s.inner))},
			{RankPart, textContains(column, fold)},
		} {
			fmt.Fprintf(&b, " WHEN %s THEN %d", rank.test, rank.rank)
		}
	}
	if b.Len() == len("CASE") {
		return "CASE WHEN TRUE THEN 5 END" // a bare number would name a column
	}
	b.WriteString(" ELSE 5 END")
	return b.String()
}

// Rank returns the rank of a record that the search found.
func (s *Search) Rank(rec crm.Record) int {
	e := s.Entity
	if rec.Key == s.key || s.unique != "" && holds(rec, e.Field(e.Keys.Unique), s.unique) {
		return RankExactName
	}
	for i := range e.Fields {
		if f := &e.Fields[i]; isPhone(f) && holds(rec, f, s.phones...) {
			return RankExactName
		}
	}
	name := ""
	if f := labelColumn(e); f != nil {
		name = norm.Fold(rec.Value(f.Name).Text)
	}
	return s.RankLabel(name)
}

// RankLabel returns the rank of a record by its folded label, for a record that the search
// found and that the text does not name exactly.
func (s *Search) RankLabel(name string) int {
	switch {
	case s.fold == "":
	case name == s.fold:
		return RankEqual
	case strings.HasPrefix(name, s.fold):
		return RankStart
	case strings.Contains(name, s.inner):
		return RankWord
	case strings.Contains(name, s.fold):
		return RankPart
	}
	return RankOther
}
