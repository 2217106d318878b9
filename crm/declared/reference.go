package declared

import (
	"strings"

	"crmkit/crm"
	"crmkit/crm/fieldtype"
	"crmkit/crm/norm"
)

// referenceType is a record of the kind that the declaration names.
//
// It accepts an id or a handle of the workspace, and stores the id. The id of a record that was
// merged into another one leads to that one, as everywhere.
type referenceType struct{ crm.Type }

func (referenceType) String() string { return "reference" }

func (referenceType) Comparison() crm.Comparison {
	return crm.Comparison{By: crm.ByText, Lists: true}
}

func (t referenceType) Decode(r crm.Reader, f *crm.Field, json string) (crm.Input, *crm.Error) {
	text, isText := norm.Unquote(json)
	if !isText {
		return crm.Input{}, crm.Errorf(crm.InvalidValue, "%s takes the id of a %s, not %s.", f.Name, f.Ref, norm.ShowJSON(json)).On(f.Name)
	}
	v, err := r.Normal(f, text)
	return crm.Input{Field: f, Value: v}, err
}

// Parse checks the form of the id, whose check characters show that it is of this workspace. That
// there is a record is checked in the transaction of the write.
func (referenceType) Parse(r crm.Reader, f *crm.Field, text string) (crm.Value, *crm.Error) {
	to := r.Schema.ByName(f.Ref)
	key, hint := r.Schema.Locate(to, r.Workspace, strings.TrimSpace(text))
	if hint != "" {
		return crm.Value{}, crm.Errorf(crm.ReferenceNotFound, "%s: %s. Find the %s with %s.", f.Name, hint, to.Name, fieldtype.Finding(to, text)).On(f.Name)
	}
	return crm.Str(crm.RecordID(to.Prefix, key)), nil
}
