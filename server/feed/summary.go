package feed

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/render"
	"crmkit/store/changelog"
)

// counts are the counts of a summary.
type counts struct {
	kinds  map[string]map[string]int64 // of entries, by kind and action
	who    map[who]int64
	fields map[field]int64
	all    int64
}

// who made changes.
type who struct{ by, token string }

// field is a field of a kind of record.
type field struct{ kind, name string }

// reset begins to count.
func (c *counts) reset() {
	*c = counts{kinds: map[string]map[string]int64{}, who: map[who]int64{}, fields: map[field]int64{}}
}

// question returns a question whose entries are counted. Of these it keeps one for each token, for its
// name.
func (c *counts) question(ask changelog.Question) changelog.Question {
	keeps := ask.Keeps
	ask.Limit, ask.Names = 0, keeps == nil
	ask.Keeps = func(rec crm.Record) bool { return (keeps == nil || keeps(rec)) && c.add(rec) }
	return ask
}

// add counts an entry, and reports whether it is the first one of its token.
func (c *counts) add(rec crm.Record) bool {
	kind, _, _ := strings.Cut(rec.Value("target").Text, "/")
	if c.kinds[kind] == nil {
		c.kinds[kind] = map[string]int64{}
	}
	c.kinds[kind][rec.Value("action").Text]++
	c.all++
	seen := map[string]bool{}
	_, erased := changelog.ErasureOf(rec.Value("to").Members())
	for _, m := range slices.Concat(rec.Value("from").Members(), rec.Value("to").Members()) {
		name := changelog.FieldOf(m.Name)
		if rec.Value("action").Text != "update" || erased || name == "order" || name == "cause" || seen[name] || slices.Contains(changelog.StampFields, name) {
			continue
		}
		seen[name] = true
		c.fields[field{kind, name}]++
	}
	by := whoOf(rec)
	c.who[by]++
	return c.who[by] == 1
}

func whoOf(rec crm.Record) who { return who{rec.Value("by").Text, rec.Value("token_id").Text} }

// How many of those who made changes, and of the fields, a summary has.
const (
	maxWho    = 50
	maxFields = 50
)

// answer sets the items of a document: all, the kinds, then who, then the fields, each the most first.
func (c *counts) answer(doc *render.Response, part changelog.Part) {
	names := map[who]string{}
	for _, e := range part.Entries {
		names[whoOf(e.Record)] = e.Token
	}
	doc.Items = []render.Item{{Head: "all", HeadKey: "kind", Fields: []render.Field{{Name: "changes", Value: crm.Number(c.all)}}}}
	for _, kind := range slices.Sorted(maps.Keys(c.kinds)) {
		item := render.Item{Head: kind, HeadKey: "kind"}
		for _, action := range slices.Sorted(maps.Keys(c.kinds[kind])) {
			item.Fields = append(item.Fields, render.Field{Name: strings.ReplaceAll(action, ".", "_"), Value: crm.Number(c.kinds[kind][action])})
		}
		doc.Items = append(doc.Items, item)
	}
	makers := mostFirst(c.who, func(a, b who) int { return cmp.Or(cmp.Compare(a.by, b.by), cmp.Compare(a.token, b.token)) })
	for _, by := range makers[:min(len(makers), maxWho)] {
		item := render.Item{Head: cmp.Or(by.by, nobody), HeadKey: "by"}
		if name := names[by]; name != "" {
			item.Fields = append(item.Fields, render.Field{Name: "token", Value: crm.Str(name)}, render.Field{Name: "token_id", Value: crm.Str(by.token), JSON: true})
		} else {
			item.Fields = append(item.Fields, render.Field{Name: "token_id", Value: textOrUnset(by.token)})
		}
		item.Fields = append(item.Fields, render.Field{Name: "changes", Value: crm.Number(c.who[by])})
		doc.Items = append(doc.Items, item)
	}
	list := mostFirst(c.fields, func(a, b field) int { return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.name, b.name)) })
	for _, f := range list[:min(len(list), maxFields)] {
		doc.Items = append(doc.Items, render.Item{Head: f.kind + "." + f.name, HeadKey: "field", Fields: []render.Field{{Name: "changes", Value: crm.Number(c.fields[f])}}})
	}
	if left := max(len(makers)-maxWho, 0) + max(len(list)-maxFields, 0); left > 0 {
		doc.Remarks = append(doc.Remarks, fmt.Sprintf("%d smaller counts are left out", left))
	}
	doc.Page.Noun, doc.Page.Plural = "count", "counts"
}

// nobody stands for the user of changes that no user made, such as those of the owner's commands.
const nobody = "nobody"

// mostFirst returns the keys of counts, those with the most first, then in order.
func mostFirst[K comparable](counts map[K]int64, order func(a, b K) int) []K {
	return slices.SortedFunc(maps.Keys(counts), func(a, b K) int { return cmp.Or(cmp.Compare(counts[b], counts[a]), order(a, b)) })
}
