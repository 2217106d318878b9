package fieldtype

import (
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// Reference is the key of a record of another kind. Clients send and see its id.
var Reference crm.Type = referenceType{}

type referenceType struct{ base }

func (referenceType) String() string { return "reference" }

func (referenceType) Kind() crm.Kind { return crm.RefKind }

func (referenceType) Comparison() crm.Comparison {
	return crm.Comparison{By: crm.ByRecord, Ordered: true, Lists: true}
}

// Parse takes an id or a handle of the workspace. Whether there is such a record is not
// looked up.
func (referenceType) Parse(r crm.Reader, f *crm.Field, text string) (crm.Value, *crm.Error) {
	to := r.Entity.Target(f)
	key, hint := r.Schema.Locate(to, r.Workspace, strings.TrimSpace(text))
	if hint != "" {
		return crm.Value{}, crm.Errorf(crm.ReferenceNotFound, "%s: %s. Find the %s with %s.", f.Name, hint, to.Name, Finding(to, text)).On(f.Name)
	}
	return crm.Key(key), nil
}

func (t referenceType) Decode(r crm.Reader, f *crm.Field, json string) (crm.Input, *crm.Error) {
	text, err := jsonText(f, json)
	if err != nil {
		return crm.Input{}, err
	}
	v, err := t.Parse(r, f, text)
	if err != nil {
		return crm.Input{}, err
	}
	return crm.Input{Field: f, Value: v}, nil
}

func (referenceType) Matches(r crm.Reader, f *crm.Field, shown crm.Value, json string) bool {
	text, isText := norm.Unquote(json)
	return isText && shown.Set() && crm.CutHandle(text) == crm.RecordID(r.Entity.Target(f).Prefix, shown.Int)
}
