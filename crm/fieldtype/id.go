package fieldtype

import (
	"crmkit/crm"
	"crmkit/crm/norm"
)

// ID is the id of the record, such as c_7k3q. crm.RecordID makes it from the key.
//
// Clients cannot set it. Filters accept an id or a handle and compare keys, so the order is
// the order in which the records were made.
var ID crm.Type = idType{}

type idType struct{ base }

func (idType) String() string { return "id" }

// Computed reports true, since a column would repeat the key.
func (idType) Computed() bool { return true }

func (idType) Comparison() crm.Comparison {
	return crm.Comparison{By: crm.ByRecord, Ordered: true, Lists: true}
}

func (idType) Show(rec crm.Record, _ int) crm.Value { return crm.Str(rec.ID) }

func (idType) Matches(_ crm.Reader, _ *crm.Field, shown crm.Value, json string) bool {
	text, isText := norm.Unquote(json)
	return isText && shown.Set() && text == shown.Text
}
