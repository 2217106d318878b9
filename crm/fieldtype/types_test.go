package fieldtype_test

import (
	"fmt"
	"testing"

	"crmkit/crm"
	"crmkit/crm/catalog"
	"crmkit/crm/fieldtype"
)

// typeTest has the results of a type for JSON of a body, of a lenient client, and of a cell.
type typeTest struct {
	is      crm.Type
	field   crm.Field // without name, type and doc
	reads   map[string]string
	refuses []string
	lenient map[string]string
	cells   map[string]string
	schema  string
}

// typeTests has a row for each type that clients can send.
var typeTests = []typeTest{
	{is: fieldtype.Text, schema: "string", reads: map[string]string{`" Jane "`: `Jane`}, refuses: []string{`1`, `[]`}, cells: map[string]string{`"a;b"`: `"a;b"`, `"a ::: b"`: `"a"`}},
	{is: fieldtype.Word, schema: "string", reads: map[string]string{`"UTC"`: `UTC`}, refuses: []string{`true`}},
	{is: fieldtype.Name, schema: "string", reads: map[string]string{`"Gone-Cold_2"`: `gone-cold_2`, `"Überfällig"`: `überfällig`}, refuses: []string{`"gone cold"`, `"a/b"`, `"a,b"`, `"a?"`, `1`}},
	{is: fieldtype.Email, schema: "string", reads: map[string]string{`"Jane@ACME.com"`: `jane@acme.com`}, refuses: []string{`"jane"`, `"Jane <jane@acme.com>"`}, cells: map[string]string{`"a@b.co; c@d.co"`: `"a@b.co"`}},
	{is: fieldtype.Domain, schema: "string", reads: map[string]string{`"https://www.Acme.com/x"`: `acme.com`}, refuses: []string{`"acme"`, `"1.2.3.4"`}, cells: map[string]string{`"a.com,b.com"`: `"a.com"`}},
	{is: fieldtype.Choice, schema: "string", field: crm.Field{Choices: crm.OneOf("low", "high")}, reads: map[string]string{`"HIGH"`: `high`}, refuses: []string{`"middle"`}},
	{is: fieldtype.Currency, schema: "string", reads: map[string]string{`"usd"`: `USD`}, refuses: []string{`"dollar"`}},
	{is: fieldtype.Phone, schema: "string", reads: map[string]string{`"+49 170"`: `+49 170`}, refuses: []string{`49170`}, lenient: map[string]string{`49170`: `"49170"`, `"49"`: `"49"`, `-1`: `-1`}},
	{is: fieldtype.Integer, schema: "integer", reads: map[string]string{`-12`: `-12`}, refuses: []string{`"12"`, `1.5`, `9007199254740992`}, lenient: map[string]string{`"-12"`: `-12`, `"x"`: `"x"`}, cells: map[string]string{`"1,250.50"`: `125050`, `12`: `1200`}},
	{is: fieldtype.Time, schema: "string", reads: map[string]string{`"2026-06-10T09:00:30.9Z"`: `1781082030000`}, refuses: []string{`"soon"`, `1781082030`, `"03/04/2026"`}, lenient: map[string]string{`"30.07.2026"`: `"2026-07-30"`, `"12 Mar 2025"`: `"2025-03-12"`, `"03/04/2026"`: `"03/04/2026"`, `"2026-06-10T09:00Z"`: `"2026-06-10T09:00Z"`, `"+3d"`: `"+3d"`}, cells: map[string]string{`"2026-06-10 09:00"`: `"2026-06-10T09:00"`}},
	{is: fieldtype.Tags, schema: "array", reads: map[string]string{`["a","b","a"]`: `[a b]`, `{"add":["c"]}`: `[c]`}, refuses: []string{`"a"`, `["a,b"]`, `{"put":[]}`, `[1]`}, lenient: map[string]string{`"a, b"`: `["a","b"]`, `"[\"a\"]"`: `["a"]`}, cells: map[string]string{`"* a;b,a"`: `["a","b"]`, `"\"VIP\",\"Blog, weekly\""`: `["VIP","Blog weekly"]`, `"\"a\"\"b\""`: `["a\"b"]`, `"\"a\" b"`: `["\"a\" b"]`, `"x:y,\"a b\", 'c, 6\""`: `["x:y","a b","'c","6\""]`, `"a, \"b"`: `["a","\"b"]`, `"\"\",a"`: `["a"]`}},
	{is: fieldtype.Emails, schema: "array", reads: map[string]string{`["A@b.co","a@B.co"]`: `[a@b.co]`, `{"add":["a@b.co"]}`: `[a@b.co]`}, refuses: []string{`["a"]`, `"a@b.co"`, `[1]`}, lenient: map[string]string{`"a@b.co, c@d.co"`: `["a@b.co","c@d.co"]`}, cells: map[string]string{`"a@b.co; c@d.co"`: `{"add":["a@b.co","c@d.co"]}`}},
	{is: fieldtype.Phones, schema: "array", reads: map[string]string{`["+49 170 1","0049-1701"]`: `[+49 170 1]`}, refuses: []string{`["1,2"]`, `[1]`}, lenient: map[string]string{`4917012`: `["4917012"]`}, cells: map[string]string{`"1 ::: 2"`: `{"add":["1","2"]}`}},
	{is: fieldtype.Domains, schema: "array", reads: map[string]string{`["https://www.Acme.com/x"]`: `[acme.com]`}, refuses: []string{`["acme"]`}, cells: map[string]string{`"a.com,b.com"`: `{"add":["a.com","b.com"]}`}},
	{is: fieldtype.ExternalIDs, schema: "array", reads: map[string]string{`["HubSpot: 151","salesforce:003xA","salesforce:003xa"]`: `[hubspot:151 salesforce:003xA salesforce:003xa]`}, refuses: []string{`["151"]`, `["a b:1"]`, `["hubspot:"]`, `["a:1,2"]`}, lenient: map[string]string{`"hubspot:1"`: `["hubspot:1"]`}, cells: map[string]string{`"hubspot:1,crm:2"`: `{"add":["hubspot:1","crm:2"]}`}},
	{is: fieldtype.Address, schema: "object", reads: map[string]string{`{"city":" Bonn ","postal_code":53111,"region":""}`: `[{city "Bonn"} {postal_code "53111"}]`}, refuses: []string{`"Bonn"`, `{"zip":"1"}`, `{"city":[]}`}, lenient: map[string]string{`"{\"city\":\"Bonn\"}"`: `{"city":"Bonn"}`}, cells: map[string]string{`"1 Main St"`: `{"street":"1 Main St"}`}},
	{is: fieldtype.Object, schema: "object", reads: map[string]string{`{"a":1,"b":null}`: `[{a 1}]`}, refuses: []string{`"a"`, `{"":1}`}, lenient: map[string]string{`"{\"a\":1}"`: `{"a":1}`, `"{"`: `"{"`}, cells: map[string]string{`"{\"a\":1}"`: `{"a":1}`}},
	{is: fieldtype.Stages, schema: "string", reads: map[string]string{`[{"name":"lead","probability":10},{"name":"ok","is":"won"}]`: `[{"name":"lead","probability":10},{"name":"ok","is":"won"}]`, `"[{\"name\":\"a\",\"was\":\"b\"}]"`: `[{"name":"a","was":["b"]}]`},
		refuses: []string{`[]`, `"a"`, `[{"name":""}]`, `[{"name":"a"},{"name":"A"}]`, `[{"name":"won"}]`, `[{"name":"a","probability":101}]`, `[{"name":"a","stale_after":"x"}]`, `[{"name":"a","x":1}]`, `[{"name":"a"},{"name":"b","was":"a"}]`}},
	{is: fieldtype.Flag, schema: "boolean", reads: map[string]string{`true`: `1`, `false`: `0`}, refuses: []string{`"true"`, `1`}, lenient: map[string]string{`"true"`: `true`, `"yes"`: `"yes"`}, cells: map[string]string{`"Yes"`: `true`, `"0"`: `false`}},
	{is: fieldtype.Switch, schema: "boolean", field: crm.Field{Choices: fieldtype.SwitchWords}, reads: map[string]string{`true`: `yes`, `"No"`: `no`, `"false"`: `no`}, refuses: []string{`1`, `"maybe"`, `[]`}, cells: map[string]string{`"yes"`: `"yes"`}},
	{is: fieldtype.Options, schema: "array", reads: map[string]string{`["b","a","b"]`: `[b a]`}, refuses: []string{`"a"`, `["a,b"]`}, lenient: map[string]string{`"b, a"`: `["b","a"]`}, cells: map[string]string{`"b,a"`: `["b","a"]`}},
	{is: fieldtype.Amount, schema: "string", field: crm.Field{Derivation: &crm.AmountOf{Number: "cents", Currency: "currency"}}, reads: map[string]string{`"1250.00 USD"`: `125000`}, refuses: []string{`1250`, `"1250"`, `"1,200 EUR"`},
		lenient: map[string]string{`"EUR 75,000.00"`: `"75000.00 EUR"`, `"€1.200,50"`: `"1200.50 EUR"`, `"(1,200.00) USD"`: `"-1200.00 USD"`, `"1,200 EUR"`: `"1,200 EUR"`, `"75,000.00"`: `"75,000.00"`, `"1250 USD"`: `"1250 USD"`,
			`"1.250,- €"`: `"1250.00 EUR"`, `"CHF 50.-"`: `"50.00 CHF"`, `"50.- CHF"`: `"50.00 CHF"`, `"50- CHF"`: `"50- CHF"`, `"-5 CHF"`: `"-5 CHF"`, `"５０ EUR"`: `"50.00 EUR"`}},
}

func TestTypesReadBodies(t *testing.T) {
	for _, test := range typeTests {
		f := &test.field
		f.Name, f.Type, f.Doc = "value", test.is, "a value"
		for json, want := range test.reads {
			if in, err := test.is.Decode(reader(), f, json); err != nil || shown(in.Value) != want {
				t.Errorf("%s: %s is read as %s, %v, want %s", test.is, json, shown(in.Value), err, want)
			}
		}
		for _, json := range test.refuses {
			if in, err := test.is.Decode(reader(), f, json); err == nil {
				t.Errorf("%s: %s is read as %s", test.is, json, shown(in.Value))
			}
		}
		for json, want := range test.lenient {
			if got := test.is.Lenient(json); got != want {
				t.Errorf("%s: %s is taken as %s, want %s", test.is, json, got, want)
			}
		}
	}
}

func TestTypesReadCells(t *testing.T) {
	for _, test := range typeTests {
		f := &test.field
		f.Name, f.Type, f.Doc = "value", test.is, "a value"
		for json, want := range test.cells {
			if cell, err := test.is.DecodeCell(f, crm.Cell{JSON: json}); err != nil || cell.JSON != want {
				t.Errorf("%s: the cell %s is read as %s, %v, want %s", test.is, json, cell.JSON, err, want)
			}
		}
		if got := test.is.Schema(f).Type; got != test.schema {
			t.Errorf("%s is described as %s, want %s", test.is, got, test.schema)
		}
	}
}

// TestTypeNamesAreUnique checks that types have different names in the manual, and that the
// schema of the product uses each of them.
func TestTypeNamesAreUnique(t *testing.T) {
	schema, err := catalog.Schema()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]crm.Type{}
	for _, e := range schema.Entities {
		for _, f := range e.Fields {
			if other, known := seen[f.Type.String()]; known && other != f.Type {
				t.Errorf("two types are called %s", f.Type)
			}
			seen[f.Type.String()] = f.Type
		}
	}
	for _, test := range typeTests {
		if seen[test.is.String()] != test.is {
			t.Errorf("no field is of the type %s", test.is)
		}
	}
	if len(seen) != len(typeTests)+8 { // references, ids, handles, and what follows from a stage, which need a record
		t.Errorf("%d types are used, %d are tested", len(seen), len(typeTests)+8)
	}
}

// TestComputedTypesShowTheRecord checks the values that follow from other fields of a record.
func TestComputedTypesShowTheRecord(t *testing.T) {
	schema, err := catalog.Schema()
	if err != nil {
		t.Fatal(err)
	}
	deal, task := crm.NewRecord(schema.ByName("deal")), crm.NewRecord(schema.ByName("task"))
	deal.ID = "d_1"
	deal.Set("amount_cents", crm.Number(125000))
	deal.Set("currency", crm.Str("USD"))
	task.Set("done_at", crm.Millis(1000))
	for name, want := range map[string]string{"id": "d_1", "handle": "deal/d_1", "amount": "1250.00 USD"} {
		f := deal.Entity.Field(name)
		v := f.Type.Show(deal, deal.Entity.Index(name))
		if v.Text != want || !f.Type.Matches(reader(), f, v, `"`+want+`"`) || f.Type.Matches(reader(), f, v, `"other"`) {
			t.Errorf("%s is shown as %q, want %q", name, v.Text, want)
		}
	}
	if v := fieldtype.Flag.Show(task, task.Entity.Index("done")); v.Int != 1 {
		t.Error("a flag is not set where its time is")
	}
}

func reader() crm.Reader { return crm.Reader{} }

// shown returns a value as a text that test tables can contain.
func shown(v crm.Value) string {
	switch v.Kind {
	case crm.TextKind:
		return v.Text
	case crm.ListKind:
		return fmt.Sprint(v.List())
	case crm.ObjectKind:
		return fmt.Sprint(v.Members())
	}
	return fmt.Sprint(v.Int)
}
