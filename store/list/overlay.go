package list

import (
	"encoding/json"

	"crmkit/crm"
	"crmkit/store/table"
)

// Overlay is what a read of tokens adds to their rows: the uses that are not written
// yet.
type Overlay struct {
	At    map[string]int64 // by token id
	Table string           // table.overlay of tokens; empty: the look is at another kind
}

// json returns the uses as the argument of table.Table.LastUsed.
func (o Overlay) json() string {
	text, _ := json.Marshal(o.At) // of such a map it cannot fail
	return string(text)
}

// Apply sets the later last use in records that were read.
func (o Overlay) Apply(records []crm.Record) {
	for _, rec := range records {
		if at := o.At[rec.ID]; at > rec.Value(table.LastUsedField).Int {
			rec.Set(table.LastUsedField, crm.Millis(at))
		}
	}
}
