package store

import (
	"fmt"
	"slices"
	"testing"

	"crmkit/crm/norm"
)

// repeated returns the folded columns that repeat their value and need not.
func (f *fixture) repeated() (list []string) {
	f.t.Helper()
	for _, e := range f.Schema.Entities {
		for i := range e.Fields {
			field := &e.Fields[i]
			if e.IsView() || !field.HasFoldColumn() || field.KeepsFold() {
				continue
			}
			text := fmt.Sprintf("SELECT '%s.%s ' || key FROM %s WHERE %s_fold = %s", e.Name, field.Name, e.TableName(), field.Col(), field.Col())
			list = append(list, f.raw(1, text)...)
		}
	}
	return list
}

// Lists find and order the same records whether a folded form that repeats its value
// stands in the file, as it did once, or not.
func TestFoldsThatRepeatTheirValueAreLeftOut(t *testing.T) {
	f := onFile(t)
	ann := f.member("ann@example.com")
	for i, word := range []string{"lead", "Lead", "läd", "LEAD", "", "möchte", "zed", " lead  two", "ﬁn"} {
		pairs := []any{"name", fmt.Sprint("Jane ", i)}
		for _, name := range []string{"stage", "owner", "notes", "follow_up_note"} {
			if clean, _ := norm.Clean(word); clean != "" {
				pairs = append(pairs, name, clean)
			}
		}
		f.update(ann, f.save(ann, "contact", pairs...), "phone", "0171 23")
	}
	ask := func() (found []string) {
		for _, name := range []string{"stage", "owner", "notes", "follow_up_note"} {
			for _, params := range []string{"sort=stage", "sort=-owner", name + "=gt:lead", name + "=lte:lead", name + "=like:LE", name + "=ne:lead", name + "=is:null", "search=le"} {
				found = append(found, params)
				for behind, more := "", true; more; {
					q := f.question(ann, "contact", params+"&limit=2"+behind)
					page, err := f.List(t.Context(), ann, q)
					if err != nil {
						t.Fatal(err)
					}
					for _, rec := range page.Records {
						found, behind = append(found, rec.ID), "&cursor="+q.Cursor(rec)
					}
					more = page.More
				}
			}
		}
		return found
	}
	if repeated := f.repeated(); len(repeated) > 0 {
		t.Errorf("repeat their value: %v", repeated)
	}
	without := ask()
	f.write(ann, func(tx *Tx) error {
		for i := range f.Schema.ByName("contact").Fields {
			if field := &f.Schema.ByName("contact").Fields[i]; field.HasFoldColumn() {
				if err := tx.Exec(fmt.Sprintf("UPDATE contacts SET %s_fold = COALESCE(%[1]s_fold, %[1]s)", field.Col())); err != nil {
					return err
				}
			}
		}
		return nil
	})
	f = f.reopen()
	if len(f.repeated()) == 0 {
		t.Fatal("none stands in the file")
	}
	if with := ask(); !slices.Equal(with, without) {
		t.Errorf("with them lists show\n%v\nwithout\n%v", with, without)
	}
}
