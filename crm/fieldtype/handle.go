package fieldtype

import (
	"crmkit/crm"
	"crmkit/crm/norm"
)

// Handle is the kind of the record and its id, such as contact/c_7k3q: a reference that
// tells a reader of a log or a mail what it leads to.
//
// Clients cannot set it, and it has no column. Filters accept a handle or a bare id, and
// compare keys.
var Handle crm.Type = handleType{}

type handleType struct{ base }

func (handleType) String() string { return "handle" }

func (handleType) Computed() bool { return true }

// Comparison has no order: lists can be sorted by the id, which is the same order.
func (handleType) Comparison() crm.Comparison {
	return crm.Comparison{By: crm.ByRecord, Lists: true}
}

func (handleType) Show(rec crm.Record, _ int) crm.Value { return crm.Str(rec.Handle()) }

// Matches compares texts, since a handle has only one form.
func (handleType) Matches(_ crm.Reader, _ *crm.Field, shown crm.Value, json string) bool {
	text, isText := norm.Unquote(json)
	return isText && text == shown.Text
}
