package table

import (
	"fmt"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// Row is the destination of a scan of Table.Columns. It may be scanned again after Record, and
// serves one goroutine.
type Row struct {
	Table *Table
	cells []any
	Dest  []any // pointers to the cells, in the order of Table.Columns
}

// NewRow returns an empty row of the table.
func (t *Table) NewRow() *Row {
	n := 1 + len(t.Stored) + len(t.References)
	if t.Entity.IsView() {
		n++
	}
	r := &Row{Table: t, cells: make([]any, n), Dest: make([]any, n)}
	for i := range r.cells {
		r.Dest[i] = &r.cells[i]
	}
	return r
}

// Record returns the record of the row scanned last, or a DamagedRow. The record does not change
// with the next scan.
func (r *Row) Record() (rec crm.Record, err error) {
	if err := Decode(func() { rec = r.decoded() }); err != nil {
		return rec, r.damaged(err)
	}
	return rec, nil
}

// Each returns a function for each row of a statement, which gives its record to take.
func (r *Row) Each(take func(crm.Record) error) func(scan func(...any) error) error {
	return func(scan func(...any) error) error {
		if err := scan(r.Dest...); err != nil {
			return err
		}
		rec, err := r.Record()
		if err != nil {
			return err
		}
		return take(rec)
	}
}

// decoded returns the record of the row scanned last. It panics if a cell has a type that its
// column cannot have.
func (r *Row) decoded() crm.Record {
	t := r.Table
	rec := crm.NewRecord(t.Entity)
	rec.Key = r.cells[0].(int64)
	cells := r.cells[1:]
	if t.Entity.IsView() {
		rec.ID, cells = t.randomID(rec.Key, cells[0]), cells[1:]
	} else {
		rec.ID = crm.RecordID(t.Entity.Prefix, rec.Key)
	}
	for i, at := range t.Stored {
		f := &t.Entity.Fields[at]
		if text, ok := cells[i].(string); ok && f.Type.Kind() == crm.ObjectKind && !t.Entity.IsView() && (len(text) < 2 || text[0] != '{') {
			panic("an object is written as " + norm.Quote(text))
		}
		rec.Values[at] = Load(f.Type.Kind(), cells[i])
		if list := rec.Values[at].List(); f.Rollup() != nil && len(list) > crm.MaxTags { // of an earlier version
			rec.Values[at] = crm.Labels(list[:crm.MaxTags])
		}
	}
	for i, at := range t.References {
		if name, ok := cells[len(t.Stored)+i].(string); ok {
			rec.Labels[at] = name
		}
	}
	return rec
}

// randomID returns the id of a row of a view.
func (t *Table) randomID(key int64, cell any) string {
	if id, ok := cell.(string); ok || t.Sealer == nil {
		return id
	}
	return t.Sealer.ID(key)
}

// DamagedRow is the error of a row with values that this program never writes. Cause may quote
// the value, so it belongs into the log and not into an answer.
type DamagedRow struct {
	Handle string // of the record, such as contact/c_011p
	Cause  error
}

func (d *DamagedRow) Error() string { return d.Handle + " cannot be read: " + d.Cause.Error() }

// damaged returns the error of the row scanned last.
func (r *Row) damaged(cause error) error {
	e, id := r.Table.Entity, ""
	if key, ok := r.cells[0].(int64); ok {
		id = crm.RecordID(e.Prefix, key)
	}
	if e.IsView() {
		id, _ = r.cells[1].(string)
	}
	return &DamagedRow{e.Name + "/" + id, cause}
}

// Decode runs a function that reads cells of a row. It returns a panic of the function as an
// error, for example of a cell whose type the column cannot have.
func Decode(step func()) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%v", r)
		}
	}()
	step()
	return nil
}
