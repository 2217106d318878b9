package query

import (
	"strconv"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// MatchesStored reports whether a read-only value that a client sent back is the one the
// record shows, in either format: times match at the precision sent.
func (env Env) MatchesStored(rec crm.Record, in crm.Input) bool {
	v := rec.Value(in.Field.Name)
	text, quoted := norm.Unquote(in.JSON)
	switch {
	case in.Label:
		return sameLabel(rec, in)
	case in.JSON == "null":
		return !v.Set() && in.Field.Stored()
	case in.Field.Type == crm.ID:
		return quoted && rec.ID != "" && text == rec.ID
	case in.Field.Type == crm.Handle:
		return quoted && rec.ID != "" && text == rec.Handle()
	case in.Field.Type == crm.Int:
		return v.Set() && in.JSON == strconv.FormatInt(v.Int, 10)
	case in.Field.Type == crm.Tags:
		return sameList(v.List(), in.JSON)
	case in.Field.Type == crm.Ref:
		return quoted && v.Set() && crm.CutHandle(text) == crm.RecordID(rec.Entity.Target(in.Field).Prefix, v.Int)
	case in.Field.Type == crm.Time:
		span, ok := env.clock().Parse(text)
		return quoted && ok && v.Set() && norm.IsAbsoluteTime(text) && span.From <= v.Int && v.Int < span.Until
	}
	return quoted && v.Text == text
}

// sameList compares a JSON array with labels.
func sameList(labels []string, json string) bool {
	raw, ok := norm.ParseItems(json, len(labels))
	if !ok || len(raw) != len(labels) {
		return false
	}
	for i := range raw {
		if text, ok := norm.Unquote(raw[i]); !ok || text != labels[i] {
			return false
		}
	}
	return true
}

// sameLabel compares {"name":"Acme"} with what the reference points to.
func sameLabel(rec crm.Record, in crm.Input) bool {
	label := rec.Labels[rec.Entity.Index(in.Field.Name)]
	if in.JSON == "null" {
		return label == ""
	}
	for _, m := range norm.ParseObject(in.JSON) {
		text, _ := norm.Unquote(m.JSON)
		if m.Name != rec.Entity.Target(in.Field).LabelField || text != label {
			return false
		}
	}
	return in.JSON[0] == '{'
}
