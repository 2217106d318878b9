package query

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"crmkit/crm"
	"crmkit/query/fieldpath"
)

// PostgreSQL finds parts of texts by an index of their trigrams: all groups of three letters. One text
// of each record is indexed, SearchText, which joins its searched fields. Labels, and the names of
// the records that references lead to, are in other tables. They have an index of their own.
//
// So the records that have a word are those of several indexes. The condition of package query on one
// record, an OR over fields of three tables, can use none of them. KeysSQL asks for the same
// records in another way: for each word of a search either by the index of the text, or by the keys
// that the other tables have. SQLite never runs it; its words are found by the text index in memory.
//
// PostgreSQL may know little of a new table, and then joins in an order that takes the product of two tables. So
// there is no join: keys of other tables are read first, once, as ANY(ARRAY(…)), and each is looked up by an index.

// maxDrivers is how many words of a search are looked up in indexes; the others are tested in the
// records that are found. Each of them doubles the number of subqueries.
const maxDrivers = 2

// minTrigram is how many letters or digits in a row a text must have to be found by an index.
const minTrigram = 3

// SearchText returns the SQL of a text that has all searched texts of a record, in their folded form,
// separated by line feeds, which no folded text has. The index of searches is of this expression. It is
// empty if the entity has no searched text. alias may be empty.
func SearchText(e *crm.Entity, alias string) string {
	var parts []string
	for _, path := range e.Search {
		if t, ok := fieldpath.Resolve(e, path); ok && len(t.Hops) == 0 && !isLabels(t.Field) {
			parts = append(parts, searchedText(t.Field, alias))
		}
	}
	return strings.Join(parts, " || CHR(10) || ")
}

// LabelText is the SQL of the folded form of a row of the table names.
const LabelText = "COALESCE(fold, name)"

// searchedText returns the SQL of the folded form of a field, empty if the field is unset.
func searchedText(f *crm.Field, alias string) string {
	column := f.Col()
	if alias != "" {
		column = alias + "." + column
	}
	switch {
	case f.Type.Comparison().Capitals:
		return "LOWER(COALESCE(" + column + ", ''))"
	case !f.HasFoldColumn():
		return "COALESCE(" + column + ", '')"
	case f.KeepsFold():
		return "COALESCE(" + column + "_fold, '')"
	}
	return "COALESCE(" + column + "_fold, " + column + ", '')"
}

// KeysSQL returns SQL of the keys of the records that match the words of search= and the conditions
// of like: among the Terms of the query, each key once, as a statement for PostgreSQL with the
// arguments of the query. It is empty if no index helps, since no word is long enough.
func (q *Query) KeysSQL() string {
	if q.keys == nil {
		return ""
	}
	return q.keys.sql(" UNION ")
}

// keySearch makes the SQL of KeysSQL. It uses only texts that are arguments of the query already.
type keySearch struct {
	compiler *compiler
	entity   *crm.Entity
	likes    []string // the conditions of like: that are among the terms
	named    func() string
}

// driver is a word that is looked up in indexes.
type driver struct {
	word    Word
	own     string // condition on the text of a record
	outside string // SQL of the keys that other tables have; empty: none
	exact   bool   // own is true for no other record
}

// sql implements KeysSQL. union joins its subqueries.
func (s *keySearch) sql(union string) string {
	drivers, rest := s.drivers()
	likes := s.likesInText()
	if len(drivers) == 0 && len(likes) == 0 || SearchText(s.entity, "t") == "" {
		return ""
	}
	base := append(append(slices.Clone(likes), s.likes...), rest...)
	var branches []string
	for mask := range 1 << len(drivers) {
		where, possible := s.branch(drivers, mask)
		switch {
		case !possible:
		case len(drivers) == 1 && mask == 1 && len(base) == 0:
			branches = append(branches, strings.ReplaceAll(drivers[0].outside, unionAll, union))
		default:
			scope := "t.workspace_id = $1"
			if mask > 0 {
				scope = "t.workspace_id + 0 = $1" // the keys find the records, no index of the workspace does
			}
			where = append(append([]string{scope}, where...), base...)
			branches = append(branches, "SELECT t.key FROM "+s.entity.TableName()+" t WHERE "+and(where))
		}
	}
	if s.named != nil {
		if named := s.named(); named != "" {
			branches = append(branches, named)
		}
	}
	return strings.Join(branches, union)
}

const unionAll = " UNION ALL "

// branch returns the conditions of the records that have the words whose bit is set in other tables,
// and all others in their own text. possible is false if there is no such table.
func (s *keySearch) branch(drivers []driver, mask int) (where []string, possible bool) {
	for i, d := range drivers {
		switch {
		case mask>>i&1 == 0:
			where = append(where, d.own)
			if !d.exact {
				where = append(where, s.compiler.hasWord(s.entity, d.word))
			}
		case d.outside == "":
			return nil, false
		default:
			where = append(where, anyKey("t.key", d.outside))
		}
	}
	return where, true
}

// drivers returns the words that are looked up in indexes, of which long ones find the fewest records,
// and the conditions of the other words.
func (s *keySearch) drivers() (list []driver, rest []string) {
	words := slices.Clone(s.compiler.terms.Words)
	slices.SortStableFunc(words, func(a, b Word) int { return len(b.Text) - len(a.Text) })
	for _, word := range words {
		if d, ok := s.driver(word); ok && len(list) < maxDrivers {
			list = append(list, d)
			continue
		}
		rest = append(rest, s.compiler.hasWord(s.entity, word))
	}
	return list, rest
}

// driver returns a word as a driver; ok is false if one of its variants has too few letters.
func (s *keySearch) driver(word Word) (d driver, ok bool) {
	var texts, folds []string
	d.exact = true
	for _, v := range word.Variants {
		d.exact = d.exact && v.Same()
		if v.Fold != "" {
			folds = addText(folds, v.Fold)
		}
		for _, text := range s.textsOf(v) {
			texts = addText(texts, text)
		}
	}
	for _, text := range slices.Concat(texts, folds) {
		if !hasTrigram(text) {
			return d, false
		}
	}
	d.word, d.own = word, s.hasAny(SearchText(s.entity, "t"), texts)
	d.outside = strings.Join(s.outside(folds), unionAll)
	return d, len(texts) > 0
}

// textsOf returns the texts of a variant that fields of the entity itself are searched for.
func (s *keySearch) textsOf(v Variant) (texts []string) {
	for _, f := range SearchFieldsOf(s.entity).Own {
		if text := v.MatchesText(f.Type); text != "" && !isLabels(f) {
			texts = addText(texts, text)
		}
	}
	return texts
}

// addText adds a text to a list that does not have it.
func addText(list []string, text string) []string {
	if slices.Contains(list, text) {
		return list
	}
	return append(list, text)
}

// hasTrigram reports whether a text has enough letters or digits in a row.
func hasTrigram(text string) bool {
	inRow := 0
	for _, r := range text {
		if inRow++; !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			inRow = 0
		}
		if inRow == minTrigram {
			return true
		}
	}
	return false
}

// hasAny returns the condition that a text contains one of some parts, in the only form for which
// PostgreSQL uses an index of trigrams.
func (s *keySearch) hasAny(text string, parts []string) string {
	tests := make([]string, len(parts))
	for i, part := range parts {
		tests[i] = text + " LIKE like_part(" + s.compiler.once(part) + ")"
	}
	return "(" + strings.Join(tests, " OR ") + ")"
}

// outside returns the SQL of the keys of records that have a text in a label, or in the name of a
// record that a reference leads to.
func (s *keySearch) outside(folds []string) (sources []string) {
	if len(folds) == 0 {
		return nil
	}
	for _, path := range s.entity.Search {
		t, _ := fieldpath.Resolve(s.entity, path)
		switch {
		case len(t.Hops) > 0:
			sources = append(sources, s.referring(t, folds)...)
		case isLabels(t.Field):
			found := "SELECT n.key FROM " + namesOf(t) + " AND " + s.hasAny("COALESCE(n.fold, n.name)", folds)
			sources = append(sources, "SELECT g.record FROM tags g WHERE "+anyKey("g.name_id", found))
		}
	}
	return sources
}

// anyKey returns the condition that a column is one of some keys, which PostgreSQL reads first.
func anyKey(column, keys string) string { return column + " = ANY(ARRAY(" + keys + "))" }

// referring returns the SQL of the keys of records that refer to a record with a text in the field of the target.
func (s *keySearch) referring(t fieldpath.Target, folds []string) (sources []string) {
	hop := t.Hops[0]
	fields := []*crm.Field{hop.Field}
	if hop.Alternate != nil {
		fields = append(fields, hop.Alternate)
	}
	found := fmt.Sprintf("SELECT r.key FROM %s r WHERE r.workspace_id = $1 AND %s", hop.To.TableName(), s.hasAny(searchedText(t.Field, "r"), folds))
	if text := SearchText(hop.To, "r"); text != "" {
		found += " AND " + s.hasAny(text, folds)
	}
	for _, f := range fields {
		sources = append(sources, fmt.Sprintf("SELECT g.key FROM %s g WHERE g.workspace_id + 0 = $1 AND %s", s.entity.TableName(), anyKey("g."+f.Col(), found)))
	}
	return sources
}

// likesInText returns conditions on the text of a record, or on its references, by which an index finds
// the records that match the conditions of like:, and others.
func (s *keySearch) likesInText() (where []string) {
	for _, like := range s.compiler.terms.Likes {
		if slices.ContainsFunc(like.Parts, func(part string) bool { return !hasTrigram(part) }) {
			continue
		}
		if len(like.Own) > 0 && !slices.ContainsFunc(like.Own, isLabels) {
			where = append(where, s.hasAny(SearchText(s.entity, "t"), like.Parts))
		}
		for _, path := range s.entity.Search {
			if t, _ := fieldpath.Resolve(s.entity, path); len(like.Refs) > 0 && len(t.Hops) > 0 && t.Hops[0].Field == like.Refs[0] {
				where = append(where, anyKey("t.key", strings.Join(s.referring(t, like.Parts), unionAll)))
			}
		}
	}
	return where
}
