package draft_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"crmkit/crm"
	"crmkit/crm/catalog"
	"crmkit/crm/norm"
	"crmkit/query"
	"crmkit/server/draft"
	"crmkit/store"
)

// decode decodes a body of a kind as jane@acme.com at noon of 2026-06-10.
func decode(t *testing.T, kind, body string) (store.Draft, *crm.Error) {
	t.Helper()
	e, env := kindOf(t, kind)
	members, err := norm.ReadObject([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return draft.Decode(e, members, env)
}

func kindOf(t *testing.T, kind string) (*crm.Entity, query.Env) {
	t.Helper()
	schema, err := catalog.Schema()
	if err != nil {
		t.Fatal(err)
	}
	actor := crm.Actor{Email: "jane@acme.com", Workspace: 1, Zone: time.UTC}
	return schema.ByName(kind), query.For(schema, actor, time.Date(2026, 6, 10, 12, 0, 0, 0, time.UTC), []byte("secret"))
}

// TestDecode checks the inputs that bodies become.
func TestDecode(t *testing.T) {
	company := crm.RecordID("co", crm.RecordKey(1, 2))
	for _, c := range []struct{ kind, body, want string }{
		{"contact", `{"name":"Jane","email":"Jane@ACME.com"}`, "name=Jane email=jane@acme.com"},
		{"contact", `{"name":"","stage":null}`, "name= stage="},
		{"contact", `{"company_id":"company/` + company + `"}`, fmt.Sprintf("company_id=%d", crm.RecordKey(1, 2))},
		{"contact", `{"owner":"me"}`, "owner=jane@acme.com"},
		{"contact", `{"id":"c_1","created_at":"2026-01-01"}`, "id:check created_at:check"},
		{"contact", `{"company":{"name":"Acme"}}`, "company_id:check"},
		{"contact", `{"result":"created","overdue":true,"name":"Jane"}`, "name=Jane"},
		{"deal", `{"title":"12 seats","amount_cents":500}`, "title=12 seats amount_cents=500"},
	} {
		d, fault := decode(t, c.kind, c.body)
		if fault != nil {
			t.Errorf("%s: %v", c.body, fault)
			continue
		}
		var got []string
		for _, in := range d.Inputs {
			value := "=" + strings.Trim(fmt.Sprint(in.Value.Text), `"`)
			switch {
			case in.Mode == crm.CheckOnly:
				value = ":check"
			case in.Value.Int != 0:
				value = fmt.Sprintf("=%d", in.Value.Int)
			}
			got = append(got, in.Field.Name+value)
		}
		if strings.Join(got, " ") != c.want || d.Entity.Name != c.kind {
			t.Errorf("%s: %v, want %s", c.body, got, c.want)
		}
	}
}

// TestDecodeVersion checks that version makes a write conditional instead of being an input.
func TestDecodeVersion(t *testing.T) {
	d, fault := decode(t, "contact", `{"version":7,"name":"Jane"}`)
	if fault != nil || d.Version != 7 || len(d.Inputs) != 1 {
		t.Errorf("%+v %v", d, fault)
	}
	for _, version := range []string{"0", "-1", "1.5", `"7"`, "null", "true"} {
		if _, fault := decode(t, "contact", `{"version":`+version+`}`); fault == nil || fault.Code != crm.InvalidValue || fault.Field != "version" {
			t.Errorf("version %s: %v", version, fault)
		}
	}
}

// TestDecodeRefuses checks the code, the field and the suggestion of errors.
func TestDecodeRefuses(t *testing.T) {
	for _, c := range []struct {
		kind, body string
		code       crm.Code
		field      string
		suggestion string
		hint       string
	}{
		{"contact", `{"nmae":"x"}`, crm.UnknownField, "nmae", "name", ""},
		{"contact", `{"mobile":"1"}`, crm.UnknownField, "mobile", "phone", "Did you mean phone"},
		{"contact", `{"seats":12}`, crm.UnknownField, "seats", "", `{"custom":{"seats":…}}`},
		{"contact", `{"custom.seats":12}`, crm.UnknownField, "custom.seats", "", `{"custom":{"seats":…}}`},
		{"contact", `{"last_contacted":"now"}`, crm.UnknownField, "last_contacted", "", "POST /contacts/{id}/activities"},
		{"contact", `{"email":"nobody"}`, crm.InvalidEmail, "email", "", ""},
		{"contact", `{"company_id":"c_1"}`, crm.ReferenceNotFound, "company_id", "", ""},
		{"task", `{"priority":"urgent"}`, crm.InvalidValue, "priority", "", "high"},
		{"deal", `{"amount_cents":"12.50"}`, crm.InvalidValue, "amount_cents", "", ""},
	} {
		_, fault := decode(t, c.kind, c.body)
		if fault == nil || fault.Code != c.code || fault.Field != c.field || fault.DidYouMean != c.suggestion || !strings.Contains(fault.Hint, c.hint) {
			t.Errorf("%s: %+v", c.body, fault)
		}
	}
}

// TestRef checks that a reference may be an id or a handle of the right kind.
func TestRef(t *testing.T) {
	e, env := kindOf(t, "contact")
	f := e.Field("company_id")
	key := crm.RecordKey(1, 3)
	id := crm.RecordID("co", key)
	for _, text := range []string{id, "company/" + id} {
		in, fault := draft.Ref(e, f, text, env)
		if fault != nil || in.Field != f || in.Value.Int != key {
			t.Errorf("%s: %+v %v", text, in, fault)
		}
	}
	for _, text := range []string{crm.RecordID("c", key), "contact/" + id, crm.RecordID("co", crm.RecordKey(2, 3)), "x", ""} {
		if in, fault := draft.Ref(e, f, text, env); fault == nil {
			t.Errorf("%q: %+v", text, in)
		}
	}
}
