package list

import (
	"encoding/json"

	"crmkit/crm"
	"crmkit/store/table"
)

// Overlay has the last uses of tokens that are not written to the file yet. A list of tokens
// reads them with the rows, so that it is filtered and ordered by the time of the last use as
// the client sees it. The zero Overlay is for lists of other entities.
type Overlay struct {
	At    map[string]int64 // unix milliseconds by the id of the token
	Table string           // table.Table.LastUsed of tokens; empty: a list of another entity
}

// json returns the uses as the argument of table.Table.LastUsed.
func (o Overlay) json() string {
	text, _ := json.Marshal(o.At) // cannot fail: a map of strings to integers
	return string(text)
}

// Apply sets the last use in records where the overlay has a later one.
func (o Overlay) Apply(records []crm.Record) {
	for _, rec := range records {
		if at := o.At[rec.ID]; at > rec.Value(table.LastUsedField).Int {
			rec.Set(table.LastUsedField, crm.Millis(at))
		}
	}
}
