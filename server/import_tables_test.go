package server_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"crmkit/crm/products"
)

// table is a random table of columns that products have, and of others.
type table struct {
	kind    string // contact
	product *products.Product
	columns []tableColumn
	rows    [][]string
	n       int // of the next value that is different from all before
}

// tableColumn is a column of a table, with the path of the field that the block gives it.
type tableColumn struct{ name, path string }

var plurals = map[string]string{"contact": "contacts", "company": "companies", "deal": "deals", "ticket": "tickets", "task": "tasks", "activity": "activities"}

// required are columns without which no row of a kind can be saved.
var required = map[string][]tableColumn{"deal": {{"title", "title"}}, "ticket": {{"subject", "subject"}}, "task": {{"title", "title"}},
	"activity": {{"body", "body"}, {"contact.email", "contact.email"}}, "contact": {{"name", "name"}}, "company": {{"name", "name"}}}

// mostDrawn is how many columns of a block a table has at most. Every cell is compared with every value
// of its record.
const mostDrawn = 25

// drawTable draws a table of a kind of records of one product, or of none.
func drawTable(t *rapid.T) *table {
	names := []string{""}
	for _, p := range products.Products {
		if p.Name != "crmkit" { // whose exports have no other columns than the fields
			names = append(names, p.Name)
		}
	}
	tab := &table{kind: rapid.SampledFrom([]string{"contact", "contact", "company", "deal", "ticket", "task", "activity"}).Draw(t, "kind")}
	if tab.product = products.ByName(rapid.SampledFrom(names).Draw(t, "product")); tab.product == nil {
		tab.product = &products.General
	}
	tab.columns = slices.Clone(required[tab.kind])
	seen := map[string]bool{"name": true, "title": true, "subject": true, "body": true, "contactemail": true}
	add := func(block *products.Product) {
		candidates := tab.candidates(block)
		for range rapid.IntRange(0, min(mostDrawn, len(candidates))).Draw(t, "columns") {
			c := rapid.SampledFrom(candidates).Draw(t, "column")
			if folded := products.Fold(c.name); !seen[folded] {
				seen[folded] = true
				tab.columns = append(tab.columns, c)
			}
		}
	}
	add(tab.product)
	add(&products.General)
	for range rapid.IntRange(0, 3).Draw(t, "others") {
		tab.n++
		tab.columns = append(tab.columns, tableColumn{fmt.Sprintf("Own %s %d", rapid.SampledFrom([]string{"Größe", "Shoe size", "a,b", `"q"`, "custom.x"}).Draw(t, "own"), tab.n), ""})
	}
	for range rapid.IntRange(1, 4).Draw(t, "rows") {
		tab.rows = append(tab.rows, tab.drawRow(t))
	}
	return tab
}

// candidates returns the columns of a block that a table may have. Ids and deals that were not imported
// are refused, which is tested elsewhere.
func (tab *table) candidates(block *products.Product) (list []tableColumn) {
	for _, row := range block.Columns[tab.kind] {
		for _, name := range row.Names {
			if !strings.HasSuffix(row.Path, "_id") && !slices.Contains([]string{"closed_at", "external_ids", "deal.title"}, row.Path) && name != tab.product.Key {
				list = append(list, tableColumn{name, row.Path})
			}
		}
	}
	return list
}

// drawRow draws the cells of a row. Some are empty, but not those without which it cannot be saved.
func (tab *table) drawRow(t *rapid.T) (cells []string) {
	for i, c := range tab.columns {
		if i >= len(required[tab.kind]) && rapid.IntRange(0, 2).Draw(t, "empty") == 0 {
			cells = append(cells, "")
			continue
		}
		tab.n++
		cells = append(cells, tab.drawCell(t, c.path))
	}
	return cells
}

// drawCell draws a cell as the field at a path has it in the files of products.
func (tab *table) drawCell(t *rapid.T, path string) string {
	n := tab.n
	one := func(of ...string) string { return rapid.SampledFrom(of).Draw(t, path) }
	head, tail, _ := strings.Cut(path, ".")
	switch {
	case path == "email" || strings.HasSuffix(path, ".email"):
		return one(fmt.Sprintf("p%d@x%d.example", n, n), fmt.Sprintf("P%d@X%d.example", n, n))
	case path == "other_emails":
		return one(fmt.Sprintf("o%d@home.example; q%d@home.example", n, n), fmt.Sprintf("o%d@home.example, q%d@home.example", n, n), fmt.Sprintf("o%d@home.example", n), "no address")
	case path == "phone" || path == "other_phones":
		return one(fmt.Sprintf("+44 20 7946 %04d", n), fmt.Sprintf("(512) 555-%04d", n), fmt.Sprintf("555%04d ::: 556%04d", n, n))
	case path == "phone.code":
		return "+49"
	case path == "domain" || path == "other_domains" || path == "company.domain":
		return one(fmt.Sprintf("d%d.example", n), fmt.Sprintf("https://www.D%d.example/", n), fmt.Sprintf("https://group%d.example/part", n), "https://facebook.com/p")
	case path == "amount_cents":
		return one("1250.50", "12500.50", "99.90 EUR", "0.5")
	case path == "currency":
		return "EUR"
	case tail == "time":
		return "14:30"
	case strings.HasSuffix(path, "_at"):
		return one("2026-03-04", "2025-12-31 14:05", "2024-02-29T10:00:00Z")
	case strings.Contains(path, "="):
		return one("yes", "no", "true", "0", "Completed", "perhaps")
	case path == "status" || path == "priority" || path == "kind":
		return one(map[string][]string{"deal.status": {"open", "Won", "lost"}, "ticket.status": {"new", "Closed", "on hold"}, "activity.kind": {"Call", "lunch", "note"},
			"task.priority": {"High", "urgent"}, "ticket.priority": {"low", "Medium"}}[tab.kind+"."+path]...)
	case path == "tags":
		return one(fmt.Sprintf("t%d", n), fmt.Sprintf("t%d; u%d", n, n), fmt.Sprintf(`"t%d","u, %d"`, n, n))
	case head == "name" && tail == "prefix":
		return one("Dr.", "Ms.")
	}
	return one(fmt.Sprintf("Word%d", n), fmt.Sprintf("Zwei Wörter%d, \"so\"", n), fmt.Sprintf("Line%d\nline", n), fmt.Sprintf("山田%d", n), fmt.Sprintf("{Haus} %d", n), fmt.Sprintf("[none %d", n))
}

// file returns the table as CSV.
func (tab *table) file() string {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	var names []string
	for _, c := range tab.columns {
		names = append(names, c.name)
	}
	_ = w.Write(names)
	_ = w.WriteAll(tab.rows)
	return b.String()
}

// Random tables of the columns of a product, of any sheet and of none go in and come out: every
// cell is found in its record, nothing else is in it, and the second import changes nothing.
func TestTablesComeBack(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		tab := drawTable(rt)
		r := newRig(t).as("jane@acme.com")
		path := "/import/" + plurals[tab.kind] + "?format=json"
		if tab.product != &products.General {
			path += "&source=" + tab.product.Name
		}
		a := r.call("POST", path, tab.file())
		if a.status != 200 {
			rt.Fatalf("%s\n%s", a.body, tab.file())
		}
		mapped := map[string]string{}
		handles := map[int]string{}
		for _, line := range strings.Split(strings.TrimSpace(a.body), "\n") {
			var row map[string]any
			if err := json.Unmarshal([]byte(line), &row); err != nil {
				rt.Fatal(line)
			}
			switch {
			case row["remarks"] != nil:
				maps.Copy(mapped, mappedColumns(fmt.Sprint(row["remarks"])))
			case row["error"] != nil:
				rt.Fatalf("row %v of this file is refused: %v\n%s", row["row"], row["hint"], tab.file())
			case row["handle"] != nil:
				handles[int(row["row"].(float64))] = row["handle"].(string)
			}
		}
		tab.check(rt, handles, r.exported(), mapped)
		if again := r.call("POST", path, tab.file()).body; !strings.Contains(again, fmt.Sprintf(`"created":0,"updated":0,"unchanged":%d`, len(tab.rows))) {
			rt.Fatalf("the second import of this file did something:\n%s\n%s", again, tab.file())
		}
	})
}

// check looks for the cells in the records, and for the values of the records in the cells.
func (tab *table) check(t *rapid.T, handles map[int]string, records map[string]map[string]any, mapped map[string]string) {
	for n, cells := range tab.rows {
		rec := records[handles[n+1]]
		if rec == nil {
			t.Fatalf("row %d is no record", n+1)
		}
		seen, row := sightOf(rec, records, tab.product), map[string]string{}
		for i, cell := range cells {
			if cell == "" {
				continue
			}
			row[tab.columns[i].name] = cell
			if !seen.has(cell, mapped[tab.columns[i].name]) {
				t.Fatalf("row %d has %q in the column %q, and nothing of it is in %s\n%s", n+1, cell, tab.columns[i].name, seen, tab.file())
			}
		}
		for path, value := range seen.own {
			if !inRow(row, value) {
				t.Fatalf("row %d has become %s=%q, which no cell says: %q\n%s", n+1, path, value, row, tab.file())
			}
		}
	}
}
