package query

import (
	"crmkit/crm"
	"crmkit/crm/norm"
)

// MatchesStored reports whether a read-only value that a client sent back is the one that the
// record shows in text or JSON. So a client may send a whole record back with one field
// changed. Times match at the precision that was sent.
func (env Env) MatchesStored(rec crm.Record, in crm.Input) bool {
	f := in.Field
	if f.OfStage() != nil {
		rec.At = env.Moment()
	}
	at := rec.Entity.Index(f.Name)
	switch {
	case in.Label:
		return sameLabel(rec, in)
	case in.JSON == "null":
		return !f.Type.Show(rec, at).Set() && (f.Stored() || f.OfStage() != nil)
	}
	return f.Type.Matches(env.Reader(rec.Entity), f, f.Type.Show(rec, at), in.JSON)
}

// sameLabel compares {"name":"Acme"} with the label of a reference.
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
