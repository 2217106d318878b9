package cells

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"

	"crmkit/crm/catalog"
	"crmkit/crm/products"
)

// blocks returns all blocks of the table.
func blocks() []*products.Product {
	return append([]*products.Product{&products.General}, products.Products...)
}

// TestBlocksNameFields compares the blocks with the schema: each column leads to an existing
// field, and to one only.
func TestBlocksNameFields(t *testing.T) {
	schema, err := catalog.Schema()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range blocks() {
		for kind, rows := range p.Columns {
			e, seen := schema.ByName(kind), map[string]string{}
			if e == nil {
				t.Errorf("%s: there is no kind %s", p.Name, kind)
				continue
			}
			c := New(e)
			for _, row := range rows {
				if to, found := c.resolve(row.Path); !found || to.field != nil && to.field.ReadOnly {
					t.Errorf("%s: %s has no field %s to set", p.Name, kind, row.Path)
				}
				for _, name := range row.Names {
					if other, twice := seen[products.Fold(name)]; twice {
						t.Errorf("%s: %q of %s leads to %s and %s", p.Name, name, kind, row.Path, other)
					}
					seen[products.Fold(name)] = row.Path
				}
			}
		}
	}
}

// TestHabitsAgreeWithBlocks checks that a name which requests refuse and imports accept means
// the same field in both, and that no habit is the name of a field.
func TestHabitsAgreeWithBlocks(t *testing.T) {
	schema, err := catalog.Schema()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range catalog.Habits {
		e := schema.ByName(row.Of)
		if e.Field(row.Path) == nil {
			t.Errorf("%s has no field %s", row.Of, row.Path)
		}
		for _, name := range row.Names {
			for i := range e.Fields {
				if products.Fold(e.Fields[i].Name) == products.Fold(name) {
					t.Errorf("%q of %s is a field of its own", name, row.Of)
				}
			}
		}
	}
}

// TestProductsAreKnownByTwoMarks checks that each product is known by its own columns, and none
// by one column, by two that another product has too, or by names that anybody uses.
func TestProductsAreKnownByTwoMarks(t *testing.T) {
	for _, p := range products.Products {
		if got, marks := products.Recognize(p.Marks); got != p || len(marks) != len(p.Marks) {
			t.Errorf("the marks of %s are those of %+v, by %q", p.Name, got, marks)
		}
		if got, marks := products.Recognize(loosely(p.Marks)); got != nil {
			t.Errorf("with other signs between words the marks of %s are those of %s, by %q", p.Name, got.Name, marks)
		}
		if got, _ := products.Recognize(p.Marks[:1]); got != nil {
			t.Errorf("one column, %s, is enough for %s", p.Marks[0], got.Name)
		}
		if p.Title == "" || strings.Trim(p.Name, "abcdefghijklmnopqrstuvwxyz0123456789") != "" {
			t.Errorf("%s cannot be a source", p.Name)
		}
		for _, other := range products.Products {
			var both []string
			for _, mark := range p.Marks {
				if slices.ContainsFunc(other.Marks, func(m string) bool { return products.Fold(m) == products.Fold(mark) }) {
					both = append(both, mark)
				}
			}
			if other != p && len(both) > 1 {
				t.Errorf("%s and %s share the marks %q", p.Name, other.Name, both)
			}
		}
	}
	common := []string{"ID", "Name", "First Name", "Last Name", "Company", "Job Title", "E-mail", "Phone", "Website", "Lead Status", "Contact Owner", "Create Date", "Stage", "Amount", "Close Date"}
	if got, marks := products.Recognize(common); got != nil {
		t.Errorf("a sheet with common columns is taken for an export of %s, by %q", got.Name, marks)
	}
}

// TestTwoGeneralColumnsAreNoMarks checks that no two columns of any sheet make it an export of a product,
// but for the terms that one made up.
func TestTwoGeneralColumnsAreNoMarks(t *testing.T) {
	for kind, rows := range products.General.Columns {
		var names []string
		for _, row := range rows {
			names = append(names, slices.DeleteFunc(slices.Clone(row.Names), products.IsTerm)...)
		}
		isMark := func(name string) bool {
			return slices.ContainsFunc(products.Products, func(p *products.Product) bool {
				return slices.ContainsFunc(p.Marks, func(mark string) bool { return products.Fold(mark) == products.Fold(name) })
			})
		}
		names = slices.DeleteFunc(names, func(name string) bool { return !isMark(name) })
		for i, one := range names {
			for _, other := range names[i+1:] {
				if got, marks := products.Recognize([]string{one, other}); got != nil {
					t.Errorf("a sheet of %s is taken for an export of %s, by %q", kind, got.Name, marks)
				}
			}
		}
	}
}

// loosely returns names whose signs between words are other ones.
func loosely(names []string) (list []string) {
	for _, name := range names {
		list = append(list, strings.Join(strings.FieldsFunc(name, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }), "~")+"~")
	}
	return list
}

// TestFixturesAreKnownAsTheirs checks that no export of a product is known as one of another, nor a
// list of names by one of them.
func TestFixturesAreKnownAsTheirs(t *testing.T) {
	files, err := filepath.Glob("../../../testdata/imports/*/*.csv")
	if err != nil || len(files) < 40 {
		t.Fatal(len(files), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			columns, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(line, "\ufeff"))).Read()
			if got, marks := products.Recognize(columns); err == nil && got != nil && got.Name != filepath.Base(filepath.Dir(file)) {
				t.Errorf("%s is taken for an export of %s, by %q", file, got.Name, marks)
			}
		}
	}
}

// TestBlockOfProductComesFirst maps columns whose names mean something else in the exports of a
// product than the field of that name, and than the same column in any sheet.
func TestBlockOfProductComesFirst(t *testing.T) {
	schema, err := catalog.Schema()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ product, kind, column, want string }{
		{"outlook", "contact", "Title", "name"}, {"linkedin", "contact", "URL", "custom.linkedin"}, {"", "contact", "URL", "custom.website"},
		{"airtable", "deal", "Status", "stage"}, {"", "deal", "Status", "status"}, {"apollo", "contact", "Website", "company.domain"}, {"stripe", "contact", "id", "id"},
	} {
		columns := New(schema.ByName(c.kind))
		columns.Product = products.ByName(c.product)
		if got := columns.target(c.column).path; got != c.want {
			t.Errorf("%s of a %s in an export of %q leads to %s, want %s", c.column, c.kind, c.product, got, c.want)
		}
	}
}

// TestEachProductHasAFixture checks that each block has a directory of files with its columns, a row
// in the list of their origins, and its name in the documentation.
func TestEachProductHasAFixture(t *testing.T) {
	read := func(name string) string {
		text, err := os.ReadFile("../../../" + name)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	origins, docs := read("testdata/imports/README.md"), read("docs/import.md")
	for _, p := range products.Products {
		if files, err := filepath.Glob("../../../testdata/imports/" + p.Name + "/*.csv"); p.Name != "crmkit" && (err != nil || len(files) == 0 || !strings.Contains(origins, "| "+p.Name+" |")) {
			t.Errorf("%s has no file in testdata/imports, or no row in its README.md: %v", p.Name, err)
		}
		if !strings.Contains(docs, p.Title) {
			t.Errorf("docs/import.md does not name %s", p.Title)
		}
	}
}
