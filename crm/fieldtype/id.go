package fieldtype

import (
	"crmkit/crm"
	"crmkit/crm/norm"
)

// ID is the id of the record, which follows from its key.
var ID crm.Type = idType{}

type idType struct{ base }

func (idType) String() string { return "id" }

// Computed is true: a column would repeat the key.
func (idType) Computed() bool { return true }

func (idType) Comparison() crm.Comparison {
	return crm.Comparison{By: crm.ByRecord, Ordered: true, Lists: true}
}

func (idType) Show(rec crm.Record, _ int) crm.Value { return crm.Str(rec.ID) }

func (idType) Matches(_ crm.Reader, _ *crm.Field, shown crm.Value, json string) bool {
	text, isText := norm.Unquote(json)
	return isText && shown.Set() && text == shown.Text
}
