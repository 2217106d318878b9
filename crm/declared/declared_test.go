package declared_test

import (
	"strings"
	"testing"
	"time"

	"crmkit/crm"
	"crmkit/crm/catalog"
	"crmkit/crm/declared"
	"crmkit/crm/norm"
)

func schema(t testing.TB) *crm.Schema {
	t.Helper()
	s, err := catalog.Schema()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// reader reads values in the first workspace, in a zone in which the day is another one than in UTC.
func reader(t testing.TB) crm.Reader {
	s := schema(t)
	return crm.Reader{Clock: norm.Clock{Now: time.Date(2026, 6, 10, 23, 30, 0, 0, time.UTC), Zone: time.FixedZone("", 3600)}, Schema: s, Workspace: 1, Entity: s.ByName("company")}
}

// one returns a field of each type.
func one(kind string) *declared.Field {
	f := &declared.Field{Name: "x", Type: kind}
	switch kind {
	case declared.Choice:
		f.Options = []string{"EMEA", "amer", "apac"}
	case declared.Reference:
		f.Ref = "contact"
	}
	return f
}

func TestValuesHaveOneForm(t *testing.T) {
	contact := crm.RecordID("c", crm.RecordKey(1, 7))
	for _, c := range []struct{ kind, sent, want string }{
		{"text", `" a  b "`, `"a  b"`}, {"text", `"` + strings.Repeat("é", 200) + `"`, `"` + strings.Repeat("é", 200) + `"`},
		{"number", "12.50", "12.5"}, {"number", `"12.50"`, "12.5"}, {"number", "1e3", "1000"}, {"number", "-0.0", "0"}, {"number", "1.5e-3", "0.0015"},
		{"number", "123456789012345678.123456", "123456789012345678.123456"}, {"number", "-7", "-7"},
		{"date", `"2026-06-10"`, `"2026-06-10"`}, {"date", `"today"`, `"2026-06-11"`}, {"date", `"2026-06-10T23:30:00Z"`, `"2026-06-11"`}, {"date", `"30.07.2026"`, `"2026-07-30"`},
		{"time", `"2026-06-10T09:00"`, `"2026-06-10T08:00:00Z"`}, {"time", `"now"`, `"2026-06-10T23:30:00Z"`},
		{"choice", `"emea"`, `"EMEA"`}, {"tags", `["a","b","a"]`, `["a","b"]`}, {"tags", `"a, b"`, `["a","b"]`}, {"tags", `[]`, ""},
		{"flag", "true", "true"}, {"flag", `"false"`, "false"}, {"email", `"Jane@ACME.com"`, `"jane@acme.com"`},
		{"url", `"HTTPS://Acme.com/About?x=Y"`, `"https://acme.com/About?x=Y"`}, {"url", `"acme.com"`, `"https://acme.com"`},
		{"reference", `"contact/` + contact + `"`, `"` + contact + `"`},
		{"text", `""`, ""}, {"number", "null", ""}, {"date", `" "`, ""},
	} {
		m := one(c.kind).Members()[0]
		got, err := m.Read(reader(t), c.sent)
		if err != nil || got != c.want {
			t.Errorf("%s %s: %s, %v; want %s", c.kind, c.sent, got, err, c.want)
		}
	}
}

func TestValuesAreRefused(t *testing.T) {
	other := crm.RecordID("c", crm.RecordKey(2, 7))
	for _, c := range []struct{ kind, sent, hint string }{
		{"text", "12", "JSON string"}, {"text", `"` + strings.Repeat("x", 201) + `"`, "at most 200"},
		{"number", `"a"`, "not a number"}, {"number", "0.1234567", "6 after"}, {"number", "1e99", "18 before"}, {"number", "1e999999999", "18 before"}, {"number", "true", "not a number"},
		{"date", "20260610", "not a date"}, {"date", `"2026-02-30"`, "not a date"}, {"time", `"soon"`, "not a time"}, {"time", `{"shift":"+7d"}`, "whole value"},
		{"choice", `"emae"`, `Send {"custom":{"x":"EMEA"}}`}, {"choice", `"latam"`, "EMEA, amer, apac"}, {"tags", "7", "takes a list"}, {"tags", `{"add":["a"]}`, "whole value"},
		{"flag", `"yes"`, "true or false"}, {"email", `"jane"`, "e-mail"}, {"url", `"ftp://acme.com"`, "address of a page"}, {"url", `"https://"`, "address of a page"}, {"url", `"javascript:alert(1)"`, "address of a page"},
		{"reference", `"` + other + `"`, "workspace"}, {"reference", "7", "id of a contact"},
	} {
		m := one(c.kind).Members()[0]
		got, err := m.Read(reader(t), c.sent)
		if err == nil || !strings.Contains(err.Hint, c.hint) || err.Field == "" {
			t.Errorf("%s %s: %q, %v; want a hint with %q", c.kind, c.sent, got, err, c.hint)
		}
	}
}

// apply changes the members of a company by the rules of some fields.
func apply(t testing.TB, fields []*declared.Field, was, is []crm.Member) (string, *crm.Error) {
	t.Helper()
	e := schema(t).ByName("company")
	before, after := crm.NewRecord(e), crm.NewRecord(e)
	if was != nil {
		before.Set(crm.FieldVersion, crm.Number(1))
		before.Set("custom", crm.Members(was))
	}
	after.Set("custom", crm.Members(is))
	v, err := declared.NewKind(schema(t), e, fields).Apply(before.Values, after.Values, reader(t))
	return string(norm.AppendObject(nil, v.Members())), err
}

func TestKindApplies(t *testing.T) {
	region := &declared.Field{Name: "region", Type: "choice", Options: []string{"emea", "amer"}, Required: true}
	arr := &declared.Field{Name: "arr", Type: "money"}
	fields := []*declared.Field{region, arr}
	m := func(pairs ...string) (list []crm.Member) {
		for i := 0; i < len(pairs); i += 2 {
			list = append(list, crm.Member{Name: pairs[i], JSON: pairs[i+1]})
		}
		return list
	}
	for _, c := range []struct {
		was, is []crm.Member
		want    string
		field   string
	}{
		{nil, m("region", `"EMEA"`, "zz", "1"), `{"region":"emea","zz":1}`, ""},
		{nil, m("zz", "1"), "", "custom.region"},
		{m("zz", "1"), m("zz", "2"), `{"zz":2}`, ""}, // a record from before stays without it
		{m("region", `"old"`), m("region", `"old"`, "zz", "1"), `{"region":"old","zz":1}`, ""},
		{m("region", `"old"`), m("zz", "1"), "", "custom.region"},
		{m("region", `"emea"`), m("region", `"x"`), "", "custom.region"},
		{nil, m("arr", `"12.50 EUR"`, "region", `"emea"`), `{"arr_cents":1250,"arr_currency":"EUR","region":"emea"}`, ""},
		{nil, m("arr_cents", "5", "region", `"emea"`), `{"arr_cents":5,"arr_currency":"USD","region":"emea"}`, ""},
		{nil, m("arr_currency", `"eur"`, "region", `"emea"`), "", "custom.arr_cents"},
		{nil, m("arr", `"1 EUR"`, "arr_cents", "7", "region", `"emea"`), "", "custom.arr_cents"},
		{nil, m("arr", `"1 EUR"`, "arr_cents", "100", "region", `"emea"`), `{"arr_cents":100,"arr_currency":"EUR","region":"emea"}`, ""},
		{m("arr_cents", "5", "arr_currency", `"EUR"`, "region", `"emea"`), m("arr_currency", `"EUR"`, "region", `"emea"`), `{"region":"emea"}`, ""},
		{m("arr_cents", "5", "arr_currency", `"EUR"`, "region", `"emea"`), m("arr", `"7 JPY"`, "arr_cents", "5", "arr_currency", `"EUR"`, "region", `"emea"`), `{"arr_cents":7,"arr_currency":"JPY","region":"emea"}`, ""},
		{nil, m("arr", "12", "region", `"emea"`), "", "custom.arr"},
	} {
		got, err := apply(t, fields, c.was, c.is)
		if c.field != "" && (err == nil || err.Field != c.field) || c.field == "" && (err != nil || got != c.want) {
			t.Errorf("%v -> %v: %s, %v; want %s%s", c.was, c.is, got, err, c.want, c.field)
		}
	}
}

func TestDeclarationsAreChecked(t *testing.T) {
	s := schema(t)
	for _, c := range []struct {
		field declared.Field
		on    string
	}{
		{declared.Field{Name: "region", Type: "text"}, ""},
		{declared.Field{Name: "region", Type: "wat"}, "type"}, {declared.Field{Name: "Region", Type: "text"}, "name"}, {declared.Field{Name: "a.b", Type: "text"}, "name"},
		{declared.Field{Name: "owner", Type: "text"}, "name"}, {declared.Field{Name: "limit", Type: "text"}, "name"}, {declared.Field{Name: "deals", Type: "text"}, "name"}, {declared.Field{Name: "campaign", Type: "text"}, "name"},
		{declared.Field{Name: "x", Type: "choice"}, "options"}, {declared.Field{Name: "x", Type: "choice", Options: []string{"a", "A"}}, "options"}, {declared.Field{Name: "x", Type: "text", Options: []string{"a"}}, "options"},
		{declared.Field{Name: "x", Type: "reference"}, "ref"}, {declared.Field{Name: "x", Type: "reference", Ref: "token"}, "ref"}, {declared.Field{Name: "x", Type: "text", Ref: "contact"}, "ref"},
		{declared.Field{Name: "x", Type: "flag", Unique: true}, "unique"}, {declared.Field{Name: "x", Type: "number", Unique: true}, ""},
	} {
		err := c.field.Check(s, s.ByName("company"))
		if c.on == "" && err != nil || c.on != "" && (err == nil || err.Field != c.on) {
			t.Errorf("%+v: %v, want an error on %q", c.field, err, c.on)
		}
	}
	if err := one("text").Check(s, s.ByName("token")); err == nil || err.Field != "kind" {
		t.Errorf("a field of tokens: %v", err)
	}
}

// FuzzRead reads any JSON as any type: what is accepted has a form that is read as itself, and is JSON.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{`"a"`, "12.50", "1e-3", `["a"]`, "true", `"2026-06-10"`, `"jane@acme.com"`, `"acme.com/x"`, `{"a":1}`, `"+7d"`, `"1.250,50 EUR"`} {
		f.Add(seed)
	}
	r := reader(f)
	f.Fuzz(func(t *testing.T, sent string) {
		members, err := norm.ReadObject([]byte(`{"x":` + sent + `}`))
		if err != nil || len(members) != 1 {
			return
		}
		for _, kind := range declared.Types() {
			for _, m := range one(kind).Members() {
				first, fault := m.Read(r, members[0].JSON)
				if fault != nil || first == "" {
					if fault != nil && (fault.Field != m.Name || fault.Hint == "") {
						t.Errorf("%s %s: the error is on %q: %v", kind, sent, fault.Field, fault)
					}
					continue
				}
				if again, err := m.Read(r, first); err != nil || again != first {
					t.Errorf("%s %s is stored as %s, which is read as %s, %v", kind, sent, first, again, err)
				}
				if read, err := norm.ReadObject([]byte(`{"x":` + first + `}`)); err != nil || read[0].JSON != first {
					t.Errorf("%s %s is stored as %s, which is not JSON as it is stored: %v", kind, sent, first, err)
				}
			}
		}
	})
}
