package crm_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"crmkit/crm"
	"crmkit/crm/fieldtype"
)

func TestEntitiesAreDocumented(t *testing.T) {
	name := regexp.MustCompile(`^[a-z]+(_[a-z]+)*$`)
	for _, e := range testSchema(t).Entities {
		if e.Doc == "" || !name.MatchString(e.Name) || !name.MatchString(e.Plural) || !name.MatchString(e.Prefix) || e.MaxLimit < 1 {
			t.Errorf("%s is not a full row: %+v", e.Name, e)
		}
		for i := range e.Fields {
			f := &e.Fields[i]
			if f.Doc == "" || strings.ContainsAny(f.Doc, "\r\n") || !name.MatchString(f.Name) {
				t.Errorf("%s.%s: name or doc %q is not one line", e.Name, f.Name, f.Doc)
			}
			if (f.Type == fieldtype.Choice || f.Type == fieldtype.Switch) != (len(f.Choices.Values) > 0) || f.Limit() < 1 || f.Col() == "" {
				t.Errorf("%s.%s: a %s with values %v", e.Name, f.Name, f.Type, f.Choices.Values)
			}
			if f.Choices.Ordered && (f.Type != fieldtype.Choice || len(f.Choices.Values) > 10) {
				t.Errorf("%s.%s: one digit ranks %v", e.Name, f.Name, f.Choices.Values)
			}
			if f.Default != "" && f.Type == fieldtype.Choice && !slices.Contains(f.Choices.Values, f.Default) {
				t.Errorf("%s.%s: default %s is none of %v", e.Name, f.Name, f.Default, f.Choices.Values)
			}
		}
		if unique := e.Field(e.Keys.Unique); e.Keys.Unique != "" && unique.ReadOnly {
			t.Errorf("%s cannot be sent by its unique %s", e.Name, e.Keys.Unique)
		}
	}
}

func TestReferences(t *testing.T) {
	s := testSchema(t)
	var got []string
	for _, ref := range s.ReferencesTo(s.ByName("company")) {
		got = append(got, ref.From.Name+"."+ref.Field.Name)
		if ref.From.Target(ref.Field) != s.ByName("company") || ref.Field.Path()+"_id" != ref.Field.Name {
			t.Errorf("%s.%s does not lead to company", ref.From.Name, ref.Field.Name)
		}
	}
	for _, want := range []string{"contact.company_id", "deal.company_id", "activity.company_id", "company.parent_id"} {
		if !slices.Contains(got, want) || slices.Contains(got, "activity.contact_company_id") {
			t.Errorf("%v, want %s and none that follows another", got, want)
		}
	}
	if s.ByPath("companies") != s.ByName("company") || s.ByPath("audit") != s.ByName("change") || s.ByPrefix("co_1") != s.ByName("company") || s.ByName("nobody") != nil || s.ByPrefix("x_1") != nil {
		t.Error("an entity is not found under its names")
	}
}

func TestCodes(t *testing.T) {
	statuses := []int{400, 401, 403, 404, 405, 409, 410, 412, 413, 415, 429, 500, 503}
	seen := map[crm.Code]bool{}
	name := regexp.MustCompile(`^[a-z]+(_[a-z]+)*$`)
	for i, row := range crm.Codes {
		again := row.Code == crm.InvalidCode && row.Status == crm.WrongStepUp // the one code with two statuses
		if seen[row.Code] != again || !name.MatchString(string(row.Code)) || row.Doc == "" || strings.Contains(row.Doc, "\n") {
			t.Errorf("%q is not a full row of its own: %+v", row.Code, row)
		}
		seen[row.Code] = true
		if !slices.Contains(statuses, row.Status) || row.Code.Status() != row.Status && !again {
			t.Errorf("%s has status %d", row.Code, row.Status)
		}
		if i > 0 && row.Status < crm.Codes[i-1].Status {
			t.Errorf("%s stands out of order", row.Code)
		}
	}
	for code, status := range map[crm.Code]int{crm.InvalidEmail: 400, crm.InvalidCode: 401, crm.PlanLimitReached: 403, crm.ReferenceNotFound: 409, crm.VersionConflict: 412, "made_up": 500} {
		if code.Status() != status {
			t.Errorf("%s has status %d, want %d", code, code.Status(), status)
		}
	}
}
