package crm_test

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"crmkit/crm"
)

// TestEditsMatchNaiveImplementation compares edits of lists and objects with quadratic loops.
func TestEditsMatchNaiveImplementation(t *testing.T) {
	e := testSchema(t).ByName("company")
	tags, custom := e.Field("tags"), e.Field("custom")
	words := rapid.SliceOfN(rapid.StringMatching(`[a-f]`), 0, 8)
	distinct := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-f]`), 0, 6, rapid.ID[string])
	rapid.Check(t, func(t *rapid.T) {
		old, add, remove := distinct.Draw(t, "old"), words.Draw(t, "add"), words.Draw(t, "remove")
		before := crm.NewRecord(e)
		before.Set("name", crm.Str("A"))
		before.Set("tags", crm.Labels(old))
		before.Set("custom", crm.Members(membersOf(old, "1")))
		after, err := crm.Apply(e, before.Values, []crm.Input{
			{Field: tags, Mode: crm.EditTags, Value: crm.Labels(add), Remove: remove},
			{Field: custom, Mode: crm.MergeMembers, Value: crm.Members(membersOf(compact(add), "2")), Remove: remove},
		}, crm.Setting{})
		if err != nil {
			t.Fatal(err)
		}
		var want []string
		for _, tag := range append(slices.Clone(old), add...) {
			if !slices.Contains(remove, tag) && !slices.Contains(want, tag) {
				want = append(want, tag)
			}
		}
		if got := after[e.Index("tags")].List(); !slices.Equal(got, want) {
			t.Fatalf("tags %q, want %q", got, want)
		}
		merged := membersOf(compact(add), "2")
		for _, m := range membersOf(old, "1") {
			if !slices.Contains(remove, m.Name) && !slices.Contains(add, m.Name) {
				merged = append(merged, m)
			}
		}
		slices.SortFunc(merged, func(a, b crm.Member) int { return strings.Compare(a.Name, b.Name) })
		if got := after[e.Index("custom")].Members(); !slices.Equal(got, merged) {
			t.Fatalf("custom %v, want %v", got, merged)
		}
	})
}

// compact returns each word once, in the order of first occurrence.
func compact(words []string) (list []string) {
	for _, word := range words {
		if !slices.Contains(list, word) {
			list = append(list, word)
		}
	}
	return list
}

func membersOf(names []string, json string) (members []crm.Member) {
	for _, name := range names {
		members = append(members, crm.Member{Name: name, JSON: json})
	}
	return members
}
