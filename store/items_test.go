package store

import (
	"fmt"
	"slices"

	"crmkit/crm"
)

// checkItems compares the table list_values with the items in the records of a workspace.
func (f *fixture) checkItems(actor crm.Actor) {
	f.t.Helper()
	var want []string
	for _, e := range f.Schema.Records() {
		for _, rec := range f.list(actor, e.Name, "limit=200&sort=id").Records {
			for i, v := range rec.Values {
				field := &e.Fields[i]
				if !field.HasItems() {
					continue
				}
				for _, item := range v.List() {
					want = append(want, fmt.Sprint(e.Name, ".", field.Name, " ", field.ItemForm(item), " ", rec.Key))
				}
			}
		}
	}
	got := f.raw(1, "SELECT kind || ' ' || value || ' ' || record FROM list_values WHERE workspace_id = $1", actor.Workspace)
	slices.Sort(want)
	slices.Sort(got)
	if len(want) == 0 || !slices.Equal(got, slices.Compact(want)) {
		f.t.Errorf("list_values has %d rows\n%q\nthe records have %d items\n%q", len(got), got, len(want), want)
	}
}
