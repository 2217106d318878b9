package table

import (
	"fmt"
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// storage is how a field is stored. A Table has that of each field, because a write needs it of
// dozens of them.
type storage struct {
	columns   []string
	fold      bool // the second column is its folded form
	keepsFold bool // which is there even if it equals the value
	plain     bool // the last column is the digest of its plain form
}

func storageOf(f *crm.Field) storage {
	s := storage{columns: []string{f.Col()}}
	if f.HasFoldColumn() {
		s.fold, s.keepsFold, s.columns = true, f.KeepsFold(), append(s.columns, f.Col()+"_fold")
	}
	if f.HasPlainColumn() {
		s.plain, s.columns = true, append(s.columns, f.Col()+"_plain")
	}
	return s
}

// FieldColumns returns the columns of a stored field: its own and, if it has them, those with its
// folded form and with the digest of its plain form.
func FieldColumns(f *crm.Field) []string { return storageOf(f).columns }

// FieldValues returns the SQL arguments for FieldColumns. The folded form is NULL if it equals the
// value and the field does not keep it: statements then read the value itself.
func FieldValues(f *crm.Field, v crm.Value) []any { return storageOf(f).appendValues(nil, f, v) }

// FieldColumns returns the columns of the field at a position of the entity.
func (t *Table) FieldColumns(i int) []string { return t.storage[i].columns }

// AppendValues appends the SQL arguments for the columns of the field at a position of the entity.
func (t *Table) AppendValues(args []any, i int, v crm.Value) []any {
	return t.storage[i].appendValues(args, &t.Entity.Fields[i], v)
}

func (s storage) appendValues(args []any, f *crm.Field, v crm.Value) []any {
	args = append(args, Arg(v))
	if s.fold {
		args = append(args, s.foldArg(f, v))
	}
	if s.plain {
		args = append(args, PlainUnlessSame(v.Text))
	}
	return args
}

// foldArg returns the SQL argument of the folded form of a value.
func (s storage) foldArg(f *crm.Field, v crm.Value) any {
	if !v.Set() {
		return nil
	}
	if fold := f.FoldOf(v); fold != v.Text || s.keepsFold {
		return fold
	}
	return nil
}

// PlainUnlessSame returns the SQL argument of the digest of the plain form of a text: nil if the text
// is its own plain form.
func PlainUnlessSame(text string) any {
	if plain := norm.Plain(text); plain != text {
		return crm.PlainDigest(plain)
	}
	return nil
}

// InsertItem is the statement that adds an item of a list field to list_values. Its arguments are
// the workspace, the kind of the item (crm.Entity.ItemKind), the item as ItemForms returns it,
// and the key of the record.
const InsertItem = "INSERT INTO list_values (workspace_id, kind, value, record) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING"

// DeleteItem is the statement that takes an item out of list_values, with the same arguments.
const DeleteItem = "DELETE FROM list_values WHERE workspace_id = $1 AND kind = $2 AND value = $3 AND record = $4"

// ItemForms returns the items of a list field in the form in which they are compared.
func ItemForms(f *crm.Field, v crm.Value) []string {
	list := make([]string, len(v.List()))
	for i, item := range v.List() {
		list[i] = f.ItemForm(item)
	}
	return list
}

// Arg returns the SQL argument of a value: a string, an int64, or nil for the unset value. Lists
// and objects are JSON.
func Arg(v crm.Value) any {
	switch v.Kind {
	case crm.TextKind:
		return v.Text
	case crm.IntKind, crm.TimeKind, crm.RefKind:
		return v.Int
	case crm.ListKind:
		return norm.QuoteList(v.List())
	case crm.ObjectKind:
		return string(norm.AppendObject(nil, v.Members()))
	}
	return nil
}

// NullText returns the SQL argument of a string, nil if it is empty.
func NullText(s string) any { return Arg(crm.Str(s)) }

// NullNumber returns a number as an argument, NULL if it is the one that stands for nothing.
func NullNumber(n, nothing int64) any {
	if n == nothing {
		return nil
	}
	return n
}

// FoldUnlessSame returns the SQL argument of a folded text: nil if it is the text itself.
func FoldUnlessSame(text string) any {
	if fold := norm.Fold(text); fold != text {
		return fold
	}
	return nil
}

// FoldHostsUnlessSame is FoldUnlessSame for an e-mail address.
func FoldHostsUnlessSame(address string) any {
	if fold := norm.FoldHosts(address); fold != address {
		return fold
	}
	return nil
}

// MemberRow returns the text of a key of an object as the table custom_values has it, and the forms in which it
// is compared: folded if that differs, as a number, as a time.
func MemberRow(m crm.Member) []any {
	text := m.JSON
	if s, ok := norm.Unquote(m.JSON); ok {
		text = s
	}
	row := []any{text, FoldUnlessSame(text), nil, nil}
	if number, ok := norm.NumberKey(text); ok {
		row[2] = number
	}
	if norm.IsAbsoluteTime(text) {
		if span, ok := (norm.Clock{}).Parse(text); ok {
			row[3] = span.From
		}
	}
	return row
}

// Placeholders returns n placeholders in a row: "$3, $4" from 3 for two.
func Placeholders(from, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "$%d", from+i)
	}
	return b.String()
}

// Load returns the value of a cell in a column of a kind; the unset value for NULL. It panics if
// the column is of lists and the cell is not a list. Decode returns the panic as an error.
func Load(kind crm.Kind, cell any) crm.Value {
	switch c := cell.(type) {
	case int64:
		if kind == crm.TextKind {
			kind = crm.IntKind
		}
		return crm.Value{Kind: kind, Int: c}
	case string:
		switch kind {
		case crm.ListKind:
			list, ok := norm.ParseStrings(c)
			if !ok {
				panic("a list is written as " + norm.Quote(c))
			}
			return crm.Labels(list)
		case crm.ObjectKind:
			return crm.Members(norm.ParseObject(c))
		}
		return crm.Value{Kind: crm.TextKind, Text: c}
	}
	return crm.Value{}
}

// Strings returns the list in a cell of a list column. It is empty if the text is not a list.
func Strings(text string) []string {
	list, _ := norm.ParseStrings(text)
	return list
}

// Bytes returns the UTF-8 length of the texts among SQL arguments.
func Bytes(args ...any) (n int) {
	for _, arg := range args {
		if text, ok := arg.(string); ok {
			n += len(text)
		}
	}
	return n
}

// TextBytes returns the UTF-8 length of the texts in a record, with the labels of its references.
func TextBytes(rec crm.Record) (n int) {
	for i, v := range rec.Values {
		n += len(v.Text) + len(rec.Labels[i])
		for _, label := range v.List() {
			n += len(label)
		}
		for _, m := range v.Members() {
			n += len(m.Name) + len(m.JSON)
		}
	}
	return n
}

// ValuesOf returns the values of fields of a record, in the order of their names in the call.
func ValuesOf(rec crm.Record, names []string) []crm.Value {
	values := make([]crm.Value, len(names))
	for i, name := range names {
		values[i] = rec.Value(name)
	}
	return values
}

// ValuesIn returns the values that inputs set fields to, in the order of their names in the call.
func ValuesIn(inputs []crm.Input, names []string) []crm.Value {
	values := make([]crm.Value, len(names))
	for _, in := range inputs {
		if i := slices.Index(names, in.Field.Name); i >= 0 && in.Mode == crm.Set {
			values[i] = in.Value
		}
	}
	return values
}

// AddingItems returns inputs whose lists of items are added to those of the record. Who found the
// record by one of its addresses or ids does not know the others, and must not take them away.
func AddingItems(inputs []crm.Input) []crm.Input {
	inputs = slices.Clone(inputs)
	for i, in := range inputs {
		if in.Field.HasItems() && in.Mode == crm.Set && in.Value.Set() {
			inputs[i].Mode = crm.EditTags
		}
	}
	return inputs
}

// Spelled returns a value of text, the item of a list or a reference as clients see it.
func Spelled(f *crm.Field, e *crm.Entity, v crm.Value) string {
	if to := e.Target(f); to != nil {
		return crm.RecordID(to.Prefix, v.Int)
	}
	rec := crm.NewRecord(e)
	rec.Set(f.Name, v)
	if v.Kind == crm.ListKind {
		return rec.Shown(f.Name).List()[0]
	}
	return rec.Shown(f.Name).Text
}

// RecordBytes returns how many bytes of storage a record takes: its texts, without values
// derived from other records.
func RecordBytes(rec crm.Record) (n int64) {
	for i, v := range rec.Values {
		if f := &rec.Entity.Fields[i]; !f.Stored() || f.Derived() {
			continue
		}
		n += int64(Bytes(Arg(v)))
	}
	return n
}
