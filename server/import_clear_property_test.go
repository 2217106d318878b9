package server_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"testing"

	"crmkit/store/storetest/kit"
)

// clearWorld is a workspace with contacts, and a naive model of them: the values of each by its address, and
// its version. Files with random rows keep, set and clear fields.
type clearWorld struct {
	*rig
	random *rand.Rand
	people []string // addresses, of which some are of nobody
	model  map[string]clearPerson
}

// clearPerson has the values that are set, as texts; those of tags are sorted.
type clearPerson struct {
	id      string
	version int
	values  map[string]string
}

// clearFields are the columns of the files, each with the field that it is for in the model.
var clearFields = []struct{ column, field string }{
	{"title", "title"}, {"stage", "stage"}, {"Owner", "owner"}, {"follow_up_note", "follow_up_note"}, {"Seats", "Seats"}, {"custom.plan", "plan"}, {"City", "city"}, {"company", "company"}, {"tags", "tags"},
}

// clearCell is what a row says of a field. The zero value says nothing.
type clearCell struct {
	null bool
	text string
}

// clearRow is a row of a file.
type clearRow struct {
	email   string
	version int // 0: none
	cells   map[string]clearCell
}

func (w *clearWorld) one(words ...string) string { return words[w.random.IntN(len(words))] }

// row makes a row for a person.
func (w *clearWorld) row(email string, nulls bool) clearRow {
	row := clearRow{email: email, cells: map[string]clearCell{}}
	for _, f := range clearFields {
		switch w.random.IntN(4) {
		case 0:
			row.cells[f.field] = clearCell{null: nulls}
		case 1:
			row.cells[f.field] = clearCell{text: w.value(f.field)}
		}
	}
	if w.random.IntN(3) == 0 {
		row.version = max(1, w.model[email].version-w.random.IntN(2))
	}
	return row
}

func (w *clearWorld) value(field string) string {
	switch field {
	case "company":
		return w.one("Acme", "Globex")
	case "tags":
		return w.one("a", "b", "a,b", "b,c")
	}
	return w.one("x", "y", `with, "quotes"`)
}

// apply returns what the model says of a row: its outcome, and the person afterwards. If byID, the row has the
// id, and its values replace those of the record; else its tags are added.
func (w *clearWorld) apply(row clearRow, byID bool) (string, clearPerson) {
	before, found := w.model[row.email]
	after := clearPerson{before.id, before.version, maps.Clone(before.values)}
	if !found {
		after.values = map[string]string{}
	}
	for field, cell := range row.cells {
		switch {
		case cell.null:
			delete(after.values, field)
		case cell.text == "":
		case field == "tags" && !byID:
			after.values[field] = joinTags(before.values[field], cell.text)
		default:
			after.values[field] = cell.text
		}
	}
	switch {
	case !found && row.version > 0:
		return "ERROR version_conflict", before
	case !found:
		after.version = 1
		return "created", after
	case maps.Equal(before.values, after.values):
		return "unchanged", before
	case row.version > 0 && row.version != before.version:
		return "ERROR version_conflict", before
	}
	after.version++
	return "updated", after
}

func joinTags(a, b string) string {
	list := append(strings.Split(a, ","), strings.Split(b, ",")...)
	slices.Sort(list)
	return strings.TrimPrefix(strings.Join(slices.Compact(list), ","), ",")
}

// read compares the contacts with the model.
func (w *clearWorld) read(after string) {
	w.t.Helper()
	got := map[string]clearPerson{}
	for line := range strings.Lines(w.want(200, "GET", "/export/contacts?format=ndjson", "")) {
		var c struct {
			ID, Email, Title, Stage, Owner string
			Version                        int
			Follow                         string `json:"follow_up_note"`
			Tags                           []string
			Address                        struct{ City string }
			Company                        struct{ Name string }
			Custom                         struct{ Seats, Plan string }
		}
		if err := json.Unmarshal([]byte(line), &c); err != nil {
			w.t.Fatal(err)
		}
		slices.Sort(c.Tags)
		p := clearPerson{c.ID, c.Version, map[string]string{"title": c.Title, "stage": c.Stage, "owner": c.Owner, "follow_up_note": c.Follow, "Seats": c.Custom.Seats, "plan": c.Custom.Plan,
			"city": c.Address.City, "company": c.Company.Name, "tags": strings.Join(c.Tags, ",")}}
		maps.DeleteFunc(p.values, func(_, value string) bool { return value == "" })
		got[c.Email] = p
		if was, found := w.model[c.Email]; found && was.id == "" {
			was.id = c.ID
			w.model[c.Email] = was
		}
	}
	if a, b := fmt.Sprint(w.model), fmt.Sprint(got); a != b {
		w.t.Fatalf("after %s:\n%s", after, diff(strings.ReplaceAll(a, "} ", "}\n"), strings.ReplaceAll(b, "} ", "}\n")))
	}
}

// csv writes rows as CSV, with the word for null.
func (w *clearWorld) csv(rows []clearRow, byID bool, null string) string {
	separator := w.one(",", ";", "\t")
	cell := func(text string) string { return `"` + strings.ReplaceAll(text, `"`, `""`) + `"` }
	lines := [][]string{{"email", "id", "version", "name"}}
	for _, f := range clearFields {
		lines[0] = append(lines[0], f.column)
	}
	for _, row := range rows {
		line := []string{row.email, "", "", ""}
		if byID {
			line[1] = w.model[row.email].id
		}
		if row.version > 0 {
			line[2] = fmt.Sprint(row.version)
		}
		if w.model[row.email].id == "" {
			line[3] = "Somebody"
		}
		for _, f := range clearFields {
			text := row.cells[f.field].text
			if row.cells[f.field].null {
				text = null
			}
			line = append(line, cell(text))
		}
		lines = append(lines, line)
	}
	var b strings.Builder
	for _, line := range lines {
		b.WriteString(strings.Join(line, separator) + w.one("\n", "\r\n"))
	}
	return b.String()
}

// json writes rows as JSON lines, or as an array.
func (w *clearWorld) json(rows []clearRow, byID bool) string {
	var list []string
	for _, row := range rows {
		object := map[string]any{"email": row.email}
		if byID && w.model[row.email].id != "" {
			object["id"] = w.model[row.email].id
		}
		if row.version > 0 {
			object["version"] = row.version
		}
		if w.model[row.email].id == "" {
			object["name"] = "Somebody"
		}
		for _, f := range clearFields {
			switch cell := row.cells[f.field]; {
			case cell.null:
				object[f.column] = nil
			case cell.text != "" && f.field == "tags":
				object[f.column] = strings.Split(cell.text, ",")
			case cell.text != "" || w.random.IntN(2) == 0:
				object[f.column] = cell.text
			}
		}
		list = append(list, string(must(json.Marshal(object))))
	}
	if w.random.IntN(2) == 0 {
		return "[" + strings.Join(list, ",\n") + "]"
	}
	return strings.Join(list, "\n") + "\n"
}

// nullWords are words that no value is.
var nullWords = []string{"NULL", `\N`, "-", "n/a", "#leer", "null", "(none)", "0", "ÜBERHAUPT NICHTS"}

// round imports a file, by a confirmed dry run or at once, and compares answer and records with the model.
// Then it is sent again and changes nothing.
func (w *clearWorld) round(seen map[string]int) {
	isCSV, byID := w.random.IntN(2) == 0, w.random.IntN(2) == 0
	null := ""
	if isCSV && w.random.IntN(4) > 0 {
		null = w.one(nullWords...)
	}
	var rows []clearRow
	for _, i := range w.random.Perm(len(w.people))[:1+w.random.IntN(len(w.people))] {
		rows = append(rows, w.row(w.people[i], !isCSV || null != ""))
	}
	byID = byID && slices.ContainsFunc(rows, func(row clearRow) bool { return w.model[row.email].id != "" })
	var file string
	if isCSV {
		file = w.csv(rows, byID, null)
	} else {
		file = w.json(rows, byID)
	}
	path := "/import/contacts?decimal=."
	if null != "" {
		path += "&null=" + url.QueryEscape(null)
	}
	var want []string
	for i, row := range rows {
		outcome, after := w.apply(row, byID)
		want = append(want, fmt.Sprintf("row %d %s", i+1, outcome))
		if seen[outcome]++; after.values != nil {
			w.model[row.email] = after
		}
	}
	w.importAs(path, file, want)
	w.read(file)
	again := w.want(200, "POST", path, file)
	for i, line := range want {
		if conflict := strings.HasSuffix(line, "version_conflict"); !conflict && !strings.Contains(again, fmt.Sprintf("row %d unchanged", i+1)) {
			w.t.Fatalf("%s\n%s\nagain:\n%s", path, file, again)
		}
	}
	w.read("again " + file)
}

// importAs imports a file and compares the outcomes of its rows.
func (w *clearWorld) importAs(path, file string, want []string) {
	w.t.Helper()
	text := ""
	if w.random.IntN(2) == 0 {
		text = w.want(200, "POST", path+"&dry_run=1", file)
		w.outcomes(path+"&dry_run=1", file, text, want)
		if m := confirmToken.FindStringSubmatch(text); m != nil {
			text = w.want(200, "POST", path+"&confirm="+m[1], "")
		}
	} else {
		text = w.want(200, "POST", path, file)
	}
	w.outcomes(path, file, text, want)
}

func (w *clearWorld) outcomes(path, file, text string, want []string) {
	w.t.Helper()
	for _, line := range want {
		if !strings.Contains("\n"+text, "\n"+line) {
			w.t.Fatalf("%s: no %q\n%s\n%s", path, line, file, text)
		}
	}
}

// TestClearedFieldsMatchTheModel compares files of random rows with the model.
func TestClearedFieldsMatchTheModel(t *testing.T) {
	seed := kit.Seed(t)
	seen := map[string]int{}
	for run := range uint64(6) {
		w := &clearWorld{rig: newRig(t).as("jane@acme.com"), random: rand.New(rand.NewPCG(seed, run)), model: map[string]clearPerson{}}
		w.want(201, "POST", "/companies", `{"name":"Acme"}`)
		w.want(201, "POST", "/companies", `{"name":"Globex"}`)
		for i := range 6 {
			w.people = append(w.people, fmt.Sprintf("p%d@acme.com", i))
		}
		for range 25 {
			w.round(seen)
		}
	}
	for _, outcome := range []string{"created", "updated", "unchanged", "ERROR version_conflict"} {
		if seen[outcome] < 5 {
			t.Errorf("%s: %d", outcome, seen[outcome])
		}
	}
}
