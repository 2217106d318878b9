package store

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"crmkit/crm"
	"crmkit/crm/catalog"
	"crmkit/crm/norm"
	"crmkit/store/refold"
	"crmkit/store/table"
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
	onDisk(t, func(t *testing.T, f *fixture) {
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
	})
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

// TestUpgradeFoldsAnew checks that an upgrade computes the folded forms of all rows anew, of
// more rows than it reads at once: each form is that of its text, searches find the records, and
// an import still knows the records that it found by their names.
func TestUpgradeFoldsAnew(t *testing.T) {
	path := fixtureFile(t, "schema-0011.db")
	must(t, runSQL(path,
		"UPDATE contacts SET name = 'Siobhan O’Reilly', name_fold = 'siobhan o’reilly', notes = 'Jean‑Pierre', notes_fold = NULL, phone = '+49 (0)30 1', phone_fold = '490301' WHERE email = 'zoe@acme.com'",
		"UPDATE companies SET name = 'Levi’s', name_fold = 'levi’s' WHERE domain = 'acme.com'",
		"UPDATE tags SET tag = 'd’or', fold = 'd’or' WHERE tag = 'third'", "UPDATE contacts SET tags = REPLACE(tags, 'third', 'd’or')",
		"UPDATE custom_values SET text = '山田 太郎', fold = '山田 太郎' WHERE name = 'new'",
		"INSERT INTO imported (workspace_id, source, kind, id, record) SELECT workspace_id, 'name', 'company', 'levi’s', key FROM companies WHERE domain = 'acme.com'",
		"INSERT INTO imported (workspace_id, source, kind, id, record) SELECT workspace_id, 'name', 'company', 'levi‘s', key FROM companies WHERE domain = 'acme.com'",
		"UPDATE tokens SET name = 'Büro’s', name_fold = 'wrong'", manyContacts, "UPDATE usage SET n = n + 1300, last = last + 1300 WHERE workspace_id = 2 AND kind = 'contacts'"))
	f := openAt(t, path)
	for i := range f.Schema.Entities {
		f.checkFolds(f.Schema.Entities[i])
	}
	for _, fold := range f.raw(1, "SELECT name || COALESCE(fold, '') FROM names WHERE name LIKE 'd%or' UNION ALL SELECT text || fold FROM custom_values WHERE text LIKE '山%' UNION ALL SELECT kind || id FROM imported WHERE source = 'name' ORDER BY 1") {
		if !slices.Contains([]string{"d’ord'or", "山田 太郎山田太郎", "companylevi's"}, fold) {
			t.Errorf("after the upgrade: %s", fold)
		}
	}
	jane := f.adminOf(f.workspaceOf("jane@acme.com"))
	for params, want := range map[string]int{"search=o'reilly": 1, "name=like:siobhan+o‘reilly": 1, "notes=like:jean-pierre": 1, "search=ann-lena&limit=1": 1300, "tags=like:D'OR": 1, "custom.new=like:山田太郎": 1, "phone=0049301": 1} {
		if page := f.list(jane, "contact", params+"&total=exact"); int(page.Total) != want {
			t.Errorf("%s: %d contacts, want %d", params, page.Total, want)
		}
	}
	f.checkCounters(jane)
}

// TestRefoldReplacesItems checks that the items of a list are folded anew together with the list,
// and that what is right or damaged stays as it is.
func TestRefoldReplacesItems(t *testing.T) {
	f := onFile(t)
	ann := f.member("ann@example.com")
	rec := f.save(ann, "contact", "name", "Ann", "other_phones", []string{"+49 (0)30 1", "030 2"}, "other_emails", []string{"a@b.example"})
	bad := f.save(ann, "contact", "name", "Bad", "other_phones", []string{"030 3"})
	rows := "SELECT value FROM list_values ORDER BY value"
	want := f.raw(1, rows)
	c := f.writerOf(ann)
	for _, text := range []string{
		"UPDATE contacts SET other_phones_fold = '490301' || CHAR(9) || '0302' WHERE key = $1",
		"UPDATE list_values SET value = '490301' WHERE value = '+49301' AND record = $1",
	} {
		_, err := c.Exec(text, rec.Key)
		must(t, err)
	}
	_, err := c.Exec("UPDATE contacts SET other_phones = '[', other_phones_fold = 'x' WHERE key = $1", bad.Key)
	must(t, err)
	must(t, refold.Run(t.Context(), c, catalog.Entities))
	if got := f.raw(1, rows); !slices.Equal(got, want) || len(want) != 4 {
		t.Errorf("the items are %q, want %q", got, want)
	}
	if got := f.raw(1, "SELECT other_phones_fold FROM contacts ORDER BY key"); !slices.Equal(got, []string{"+49301\t0302", "x"}) {
		t.Errorf("the folded forms are %q", got)
	}
}

// TestRefoldComputesEveryForm sets every folded form and every digest in a file to another one. After
// a refold the file is as before.
func TestRefoldComputesEveryForm(t *testing.T) {
	f := onFile(t)
	jurgen := f.member("jürgen@xn--kse-qla.example")
	jurgen.Role, jurgen.Addr = crm.RoleAdmin, "FE80::1%Ethernet"
	f.populate(jurgen, 12)
	f.save(jurgen, "contact", "name", "Zoë  O’Reilly", "email", "zoë@xn--kse-qla.example", "other_emails", []string{"a@xn--kse-qla.example", "b@c.example"}, "other_phones", []string{"030 1"},
		"external_ids", []string{"hubspot:A1"}, "notes", "Grüße\n—", "tags", []string{"É"}, "custom", []crm.Member{{Name: "É", JSON: `"É"`}})
	f.write(jurgen, func(tx *Tx) error {
		return errors.Join(tx.Log("step_up.fail", "zoë@c.example"), tx.Exec("UPDATE workspaces SET country = 'DE', country_fold = 'de'"))
	})
	columns := f.raw(1, `SELECT m.name || ' ' || c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND (c.name = 'fold' OR c.name LIKE '%\_fold' ESCAPE '\' OR c.name LIKE '%\_plain' ESCAPE '\') ORDER BY 1`)
	forms := func() (rows []string) {
		for _, column := range columns {
			table, name, _ := strings.Cut(column, " ")
			for _, row := range f.raw(1, "SELECT COALESCE("+name+", 'none') FROM "+table+" ORDER BY 1") {
				rows = append(rows, column+" "+row)
			}
		}
		return rows
	}
	before := forms()
	c := f.writerOf(jurgen)
	for _, column := range columns {
		table, name, _ := strings.Cut(column, " ")
		text := map[string]string{"names": "name", "custom_values": "text"}[table]
		if text == "" {
			text = strings.TrimSuffix(strings.TrimSuffix(name, "_fold"), "_plain")
		}
		_, err := c.Exec("UPDATE " + table + " SET " + name + " = 'wrong' WHERE " + text + " IS NOT NULL AND (" + text + " LIKE '%@%' OR '" + table + "' <> 'log')")
		must(t, err)
	}
	must(t, refold.Run(t.Context(), c, catalog.Entities))
	after := forms()
	for i := range before {
		if after[i] != before[i] {
			t.Fatalf("a form was %q and is %q", before[i], after[i])
		}
	}
	if len(columns) < 80 || !slices.Contains(before, "log target_fold zoe@c.example") || !slices.Contains(before, "contacts name_plain "+crm.PlainDigest("Zoë O'Reilly")) {
		t.Errorf("the forms are\n%s", strings.Join(before, "\n"))
	}
}

// manyContacts adds contacts to the workspace 2 of a file with the schema 11.
const manyContacts = `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1300)
	INSERT INTO contacts (key, workspace_id, name, name_fold, version, created_at, created_by, updated_at, updated_by)
	SELECT 2 * 1099511627776 + 100 + i, 2, 'Ann‑Lena', 'ann‑lena', 1, 0, 'x', 0, 'x' FROM n`

// checkFolds checks that each folded form of an entity is that of its text.
func (f *fixture) checkFolds(e *crm.Entity) {
	f.t.Helper()
	for i := range e.Fields {
		field := &e.Fields[i]
		if !field.HasFoldColumn() || field.Choices.Ordered {
			continue
		}
		for _, row := range f.raw(1, fmt.Sprintf("SELECT %s || '|' || COALESCE(%[1]s_fold, %[1]s) FROM %s WHERE %[1]s IS NOT NULL", field.Col(), e.TableName())) {
			text, fold, _ := strings.Cut(row, "|")
			want := field.Type.Fold(field, text)
			if list, _ := norm.ParseStrings(text); field.HasItems() {
				want = strings.Join(table.ItemForms(field, crm.Labels(list)), "\t")
			}
			if fold != want {
				f.t.Errorf("%s.%s of %q is %q, want %q", e.Name, field.Name, text, fold, want)
			}
		}
	}
}
