package move

import (
	"fmt"
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/catalog"
	"crmkit/store/engine"
)

// progressTable is the table of the target in which a move remembers how far it is.
const progressTable = "moves"

// alone are the tables that are not moved, each with the reason.
var alone = map[string]string{
	"migrations":  "each database has its own, and the marks are in it",
	"batches":     "the ids of recent transactions, with which a server of PostgreSQL learns whether they were committed",
	"commits":     "the numbers of recent commits, with which a process knows whether its memory is current; without them it begins anew",
	"words":       "computed from the records: PostgreSQL has it, and a file has the same words in memory",
	progressTable: "the move itself",
}

// movedTables returns the tables that are moved, those that others refer to before those. It is an
// error if the sides do not have the same ones, with the same columns and keys. A target that has
// none yet is not compared.
func movedTables(from, to []engine.Table) ([]engine.Table, error) {
	left := func(t engine.Table) bool { return alone[t.Name] != "" }
	from, to = slices.DeleteFunc(slices.Clone(from), left), slices.DeleteFunc(slices.Clone(to), left)
	is, want := describe(to), describe(from)
	for name, text := range want {
		switch {
		case strings.HasSuffix(text, "()"):
			return nil, fmt.Errorf("the table %s has no primary key, so it cannot be moved", name)
		case len(to) > 0 && is[name] != text:
			return nil, fmt.Errorf("the table %s is %s on one side, and %s on the other; a move needs the same", name, text, orNothing(is[name]))
		}
	}
	for name, text := range is {
		if want[name] == "" {
			return nil, fmt.Errorf("the table %s is nothing on one side, and %s on the other; a move needs the same", name, text)
		}
	}
	return from, nil
}

func orNothing(text string) string {
	if text == "" {
		return "nothing"
	}
	return text
}

// describe returns the columns of tables in the order of their names, with the type of each, and
// the key.
func describe(tables []engine.Table) map[string]string {
	all := map[string]string{}
	for _, t := range tables {
		var columns, key []string
		for _, c := range t.Columns {
			kind := "number"
			if c.Text {
				kind = "text"
			}
			columns = append(columns, c.Name+" "+kind)
		}
		for _, at := range t.Key {
			key = append(key, t.Columns[at].Name)
		}
		slices.Sort(columns)
		all[t.Name] = strings.Join(columns, ", ") + " with the key (" + strings.Join(key, ", ") + ")"
	}
	return all
}

// keyOf returns the key of a row.
func keyOf(t engine.Table, row []any) []any {
	key := make([]any, len(t.Key))
	for i, at := range t.Key {
		key[i] = row[at]
	}
	return key
}

// rowName names a row in messages: a record by its handle, another row by its key.
func rowName(t engine.Table, row []any) string {
	key := keyOf(t, row)
	for i := range catalog.Entities {
		e := &catalog.Entities[i]
		number, is := key[0].(int64)
		if is && e.Plural == t.Name && !e.IsView() && !e.Storage.SealedIDs {
			return e.Name + "/" + crm.RecordID(e.Prefix, number)
		}
	}
	var parts []string
	for i, at := range t.Key {
		parts = append(parts, fmt.Sprintf("%s=%.40q", t.Columns[at].Name, fmt.Sprint(key[i])))
	}
	return "the row of " + t.Name + " with " + strings.Join(parts, " ")
}
