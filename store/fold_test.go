package store

import (
	"fmt"
	"slices"
	"testing"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// repeated returns a line for each folded column that repeats its value and need not: the
// field and the key of the record.
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

// TestFoldsThatRepeatTheirValueAreLeftOut checks that no folded form in the file repeats its
// value. Lists find and order the same records in a file of an older version, which has
// those folded forms.
func TestFoldsThatRepeatTheirValueAreLeftOut(t *testing.T) {
	f := onFile(t)
	ann := f.member("ann@example.com")
	for i, word := range []string{"lead", "Lead", "läd", "LEAD", "", "möchte", "zed", " lead  two", "ﬁn"} {
		pairs := []any{"name", fmt.Sprint("Jane ", i)}
		for _, name := range foldedFields {
			if clean, _ := norm.Clean(word); clean != "" {
				pairs = append(pairs, name, clean)
			}
		}
		f.update(ann, f.save(ann, "contact", pairs...), "phone", "0171 23")
	}
	if repeated := f.repeated(); len(repeated) > 0 {
		t.Errorf("repeat their value: %v", repeated)
	}
	without := f.folded(ann)
	f.write(ann, func(tx *Tx) error { return repeatFolds(tx, f.Schema.ByName("contact")) })
	f = f.reopen()
	if len(f.repeated()) == 0 {
		t.Fatal("no folded form in the file repeats its value")
	}
	if with := f.folded(ann); !slices.Equal(with, without) {
		t.Errorf("with repeated folds lists show\n%v\nwithout them\n%v", with, without)
	}
}

// repeatFolds fills each folded column that is null with the value itself, as older versions
// did.
func repeatFolds(tx *Tx, e *crm.Entity) error {
	for i := range e.Fields {
		field := &e.Fields[i]
		if !field.HasFoldColumn() {
			continue
		}
		if err := tx.Exec(fmt.Sprintf("UPDATE contacts SET %s_fold = COALESCE(%[1]s_fold, %[1]s)", field.Col())); err != nil {
			return err
		}
	}
	return nil
}

// foldedFields are fields whose conditions and orders compare folded text.
var foldedFields = []string{"stage", "owner", "notes", "follow_up_note"}

// folded returns the ids of lists of contacts that compare folded text, each after the
// parameters of its list.
func (f *fixture) folded(actor crm.Actor) (found []string) {
	f.t.Helper()
	for _, name := range foldedFields {
		for _, params := range []string{"sort=stage", "sort=-owner", name + "=gt:lead", name + "=lte:lead", name + "=like:LE", name + "=ne:lead", name + "=is:null", "search=le"} {
			found = append(found, params)
			for _, key := range f.walk(actor, "contact", params+"&limit=2") {
				found = append(found, crm.RecordID("c", key))
			}
		}
	}
	return found
}
