package render_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/render"
)

// contact returns the contact number 7 of workspace 1.
func contact(t interface{ Fatalf(string, ...any) }) crm.Record {
	e := schema(t).ByName("contact")
	rec := crm.NewRecord(e)
	rec.Key = crm.RecordKey(1, 7)
	rec.ID = crm.RecordID(e.Prefix, rec.Key)
	rec.Set("name", crm.Str("Jane Doe"))
	rec.Set("version", crm.Number(3))
	return rec
}

func both(doc *render.Response) (text, json string) {
	return string(doc.Append(nil, render.Text)), string(doc.Append(nil, render.JSON))
}

func TestTimes(t *testing.T) {
	for _, test := range []struct{ at, minute, day, seconds string }{
		{"2026-06-10T09:00:00Z", "2026-06-10T09:00Z", "2026-06-10", "2026-06-10T09:00:00Z"},
		{"2026-06-10T23:59:59Z", "2026-06-10T23:59Z", "2026-06-10", "2026-06-10T23:59:59Z"},
		{"2026-06-10T01:00:05+02:00", "2026-06-09T23:00Z", "2026-06-09", "2026-06-09T23:00:05Z"},
		{"1970-01-01T00:00:00Z", "1970-01-01T00:00Z", "1970-01-01", "1970-01-01T00:00:00Z"},
		{"1969-12-31T23:59:59Z", "1969-12-31T23:59Z", "1969-12-31", "1969-12-31T23:59:59Z"},
		{"1900-02-28T05:06:07Z", "1900-02-28T05:06Z", "1900-02-28", "1900-02-28T05:06:07Z"},
		{"0001-01-01T00:00:00Z", "0001-01-01T00:00Z", "0001-01-01", "0001-01-01T00:00:00Z"},
		{"0999-12-31T10:10:10Z", "0999-12-31T10:10Z", "0999-12-31", "0999-12-31T10:10:10Z"},
		{"9999-12-31T23:59:59Z", "9999-12-31T23:59Z", "9999-12-31", "9999-12-31T23:59:59Z"},
	} {
		at, err := time.Parse(time.RFC3339, test.at)
		if err != nil {
			t.Fatal(err)
		}
		rec := contact(t)
		rec.Set("follow_up_at", crm.Millis(at.UnixMilli()))
		rec.Set("updated_at", crm.Millis(at.UnixMilli()))
		line := render.Record(rec, []string{"follow_up_at", "updated_at"})
		one, object := both(&render.Response{Line: &line})
		list, _ := both(&render.Response{Items: []render.Item{line}, Page: &render.Page{Noun: "contact", Plural: "contacts"}})
		if want := rec.Handle() + " follow_up_at=" + test.minute + " updated_at=" + test.minute + "\n"; one != want {
			t.Errorf("%s: %q, want %q", test.at, one, want)
		}
		if want := rec.Handle() + " follow_up_at=" + test.minute + " updated_at=" + test.day + "\n# 1 contact\n"; list != want {
			t.Errorf("%s: %q, want %q", test.at, list, want)
		}
		if want := `"follow_up_at":"` + test.seconds + `","updated_at":"` + test.seconds + `"}`; !strings.HasSuffix(object, want+"\n") {
			t.Errorf("%s: %s, want %s", test.at, object, want)
		}
	}
}

func TestCut(t *testing.T) {
	word := strings.Repeat("x", 50)
	for _, test := range []struct{ value, want string }{
		{strings.Repeat("x", 200), strings.Repeat("x", 200)},
		{strings.Repeat("ü", 200), strings.Repeat("ü", 200)},
		{strings.Repeat("x", 201), `"` + strings.Repeat("x", 200) + `…(+1 chars)"`},
		{strings.Repeat("ü", 1440), `"` + strings.Repeat("ü", 200) + `…(+1240 chars)"`},
		{strings.Repeat(word+" ", 5), `"` + word + " " + word + " " + word + `…(+103 chars)"`},
		{strings.Repeat("x", 200) + " y", `"` + strings.Repeat("x", 200) + `…(+2 chars)"`},
		{strings.Repeat("x", 30) + " " + strings.Repeat("y", 300), `"` + strings.Repeat("x", 30) + " " + strings.Repeat("y", 169) + `…(+131 chars)"`},
		{strings.Repeat("\n", 201), `"` + strings.Repeat(`\n`, 200) + `…(+1 chars)"`},
	} {
		rec := contact(t)
		rec.Set("name", crm.Str(test.value))
		line := render.Record(rec, []string{"name"})
		list, object := both(&render.Response{Items: []render.Item{line}, Page: &render.Page{Noun: "contact", Plural: "contacts"}})
		if want := rec.Handle() + " name=" + test.want + "\n# 1 contact\n"; list != want {
			t.Errorf("%.40q: %s\nwant %s", test.value, list, want)
		}
		one, _ := both(&render.Response{Line: &line})
		if strings.Contains(one, "chars)") || strings.Contains(object, "chars)") {
			t.Errorf("%.40q is cut outside text lists: %s %s", test.value, one, object)
		}
	}
}

// TestCutProperty checks the cut of random texts.
func TestCutProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOfN(rapid.StringMatching(`[a-zü日\n"]{1,120}`), 40, 60).Draw(t, "words")
		rec := contact(t)
		rec.Set("name", crm.Str(strings.Join(words, " ")+strings.Repeat("z", 200)))
		doc := &render.Response{Items: []render.Item{render.Record(rec, []string{"name"})}, Page: &render.Page{Plural: "contacts"}}
		lines := textLines(t, string(doc.Append(nil, render.Text)))
		_, pairs, err := readLine(lines[0])
		if err != nil || len(pairs) != 1 {
			t.Fatalf("%q: %v", lines[0], err)
		}
		checkCut(t, rec.Value("name").Text, pairs[0].value)
	})
}

func checkError(t interface{ Fatalf(string, ...any) }, hint, field string) {
	fault := crm.Errorf(crm.InvalidValue, "%s", hint).On(field)
	fault.Allowed, fault.DidYouMean = []string{field, hint}, hint
	text, object := both(&render.Response{Error: fault})
	lines := textLines(t, text)
	if len(lines) != 2 || lines[0] != "ERROR invalid_value" || !strings.HasPrefix(lines[1], "HINT  ") {
		t.Fatalf("%q", text)
	}
	var got struct {
		Error, Hint, Field string
		Allowed            []string
		DidYouMean         string `json:"did_you_mean"`
	}
	if err := json.Unmarshal([]byte(object), &got); err != nil || strings.Count(object, "\n") != 1 {
		t.Fatalf("%s: %v", object, err)
	}
	if got.Error != "invalid_value" || got.Hint != hint || got.Field != field || got.Allowed[1] != hint || got.DidYouMean != hint {
		t.Fatalf("%s says %+v", object, got)
	}
}

func checkReceipt(t interface{ Fatalf(string, ...any) }, from, to string) {
	line := render.Record(contact(t), nil)
	doc := &render.Response{Line: &line, Result: "updated", Changed: []render.Change{
		{Name: "notes", From: crm.Str(from), To: crm.Str(to)},
		{Name: "tags", From: crm.Labels([]string{from, to})},
		{Name: "custom.a", To: crm.Members([]crm.Member{{Name: "a", JSON: string(norm.AppendQuoted(nil, to))}})},
	}}
	text, object := both(doc)
	if lines := textLines(t, text); len(lines) != 2 || !strings.HasPrefix(lines[1], "# updated: notes ") {
		t.Fatalf("%q", text)
	}
	if _, err := norm.ReadObject([]byte(object)); err != nil || !strings.HasSuffix(object, `"result":"updated"}`+"\n") {
		t.Fatalf("%s: %v", object, err)
	}
}

func TestErrorsAndReceipts(t *testing.T) {
	for i, text := range hostile {
		other := hostile[len(hostile)-1-i]
		checkError(t, text, other)
		checkReceipt(t, text, other)
	}
}

func TestErrorWithRecord(t *testing.T) {
	rec := contact(t)
	rec.Set("name", crm.Str("x\nERROR y"))
	fault := crm.Errorf(crm.ConfirmationRequired, "ask the user")
	fault.Confirm, fault.Record = "tok123", &rec
	text, object := both(&render.Response{Error: fault})
	if want := "ERROR confirmation_required\nHINT  ask the user\nconfirm: tok123\ncontact/c_07j0 name=\"x\\nERROR y\" version=3\n"; text != want {
		t.Errorf("%q, want %q", text, want)
	}
	if got, _ := decode(object).(map[string]any); got["confirm"] != "tok123" || got["record"].(map[string]any)["name"] != "x\nERROR y" {
		t.Errorf("%s", object)
	}
}

func TestReceipt(t *testing.T) {
	line := render.Item{Head: "contact/c_07j0"}
	for _, test := range []struct {
		result  string
		changes []render.Change
		want    string
	}{
		{"created", nil, "# created\n"},
		{"unchanged", nil, "# unchanged\n"},
		{"deleted", nil, ""},
		{"updated", []render.Change{{Name: "stage", From: crm.Str("lead"), To: crm.Str("customer")}}, "# updated: stage lead -> customer\n"},
		{"updated", []render.Change{{Name: "name", From: crm.Str("A B"), To: crm.Str("C")}, {Name: "owner", To: crm.Str("x")}}, "# updated: name \"A B\" -> C; owner (unset) -> x\n"},
		{"updated", []render.Change{{Name: "company_id", From: crm.Key(1), FromID: "co_1", To: crm.Value{}}}, "# updated: company_id co_1 -> (unset)\n"},
		{"updated", []render.Change{{Name: "notes", To: crm.Str(strings.Repeat("x", 90))}}, "# updated: notes (unset) -> " + strings.Repeat("x", 80) + "…\n"},
		{"updated", []render.Change{{Name: "amount_cents", From: crm.Number(-5), To: crm.Number(7)}}, "# updated: amount_cents -5 -> 7\n"},
	} {
		text, _ := both(&render.Response{Line: &line, Result: test.result, Changed: test.changes})
		if text != "contact/c_07j0\n"+test.want {
			t.Errorf("%q, want %q", text, test.want)
		}
	}
}

func TestPage(t *testing.T) {
	for _, test := range []struct {
		page       render.Page
		text, json string
	}{
		{render.Page{Counted: true, Exact: true}, "# 0 deals\n", `"total":0,"total_exact":true,"next_cursor":null`},
		{render.Page{Counted: true, Exact: true, Total: 1234, Next: "abc"}, "# 0 of 1234 deals\n# next: abc\n", `"total":1234,"total_exact":true,"next_cursor":"abc"`},
		{render.Page{Counted: true, Total: 10_000}, "# 0 of 10000+ deals\n", `"total":10000,"total_exact":false,"next_cursor":null`},
		{render.Page{}, "# 0 deals\n", `"total":null,"total_exact":false,"next_cursor":null`},
	} {
		test.page.Noun, test.page.Plural = "deal", "deals"
		text, object := both(&render.Response{Page: &test.page})
		if text != test.text || object != `{"items":[],`+test.json+"}\n" {
			t.Errorf("%q %s", text, object)
		}
	}
}

// TestPick checks that the fields of fields= are shown in its order, each once.
func TestPick(t *testing.T) {
	rec := contact(t)
	rec.Set("notes", crm.Str("n"))
	rec.Set("company_id", crm.Key(crm.RecordKey(1, 7)))
	rec.Labels[rec.Entity.Index("company_id")] = "Acme"
	rec.Set("custom", crm.Members([]crm.Member{{Name: "a", JSON: "1.0"}, {Name: "b c", JSON: `"x"`}}))
	for _, test := range []struct{ pick, text, json string }{
		{"notes,name", "notes=n name=\"Jane Doe\"", `"notes":"n","name":"Jane Doe"`},
		{"id,handle,name", "name=\"Jane Doe\"", `"name":"Jane Doe"`},
		{"company_id", "company_id=co_07d9", `"company_id":"co_07d9"`},
		{"company.name", "company.name=Acme", `"company":{"name":"Acme"}`},
		{"stage,custom.a", "custom.a=1.0", `"stage":null,"custom":{"a":1.0}`},
		{`custom."b c"`, `custom."b c"=x`, `"custom":{"b c":"x"}`},
		{"custom.a,custom.b c,custom.a", `custom.a=1.0 custom."b c"=x`, `"custom":{"a":1.0,"b c":"x"}`},
		{"custom,custom.a", `custom.a=1.0 custom."b c"=x`, `"custom":{"a":1.0,"b c":"x"}`},
	} {
		line := render.Record(rec, strings.Split(test.pick, ","))
		text, object := both(&render.Response{Line: &line})
		if want := "contact/c_07j0 " + test.text + "\n"; text != want {
			t.Errorf("%s: %s want %s", test.pick, text, want)
		}
		if want := `{"id":"c_07j0","handle":"contact/c_07j0",` + test.json + "}\n"; object != want {
			t.Errorf("%s: %s want %s", test.pick, object, want)
		}
	}
}

// TestPickObjectAfterItsKey picks one key and then the whole object: no line and no JSON object
// may have a name twice.
func TestPickObjectAfterItsKey(t *testing.T) {
	rec := contact(t)
	rec.Set("custom", crm.Members([]crm.Member{{Name: "a", JSON: "1"}, {Name: "b", JSON: "2"}}))
	line := render.Record(rec, []string{"custom.a", "custom"})
	text, object := both(&render.Response{Line: &line})
	if text != "contact/c_07j0 custom.a=1 custom.b=2\n" {
		t.Errorf("%s", text)
	}
	if _, err := norm.ReadObject([]byte(object)); err != nil {
		t.Errorf("%s: %v", object, err)
	}
}

func TestOtherAnswers(t *testing.T) {
	sent := &render.Item{Head: "otp_sent", HeadKey: "status", Fields: []render.Field{{Name: "email", Value: crm.Str("a@x.com")}, {Name: "secret", Value: crm.Str("s"), JSON: true}, {Name: "current", Value: crm.Bool(false)}, {Name: "new", Value: crm.Bool(true)}}}
	usage := render.Item{Head: "contacts", HeadKey: "resource", Progress: true, Fields: []render.Field{{Name: "used", Value: crm.Number(12)}, {Name: "limit"}}}
	for _, test := range []struct {
		doc        render.Response
		text, json string
	}{
		{render.Response{Line: sent}, "otp_sent email=a@x.com new=yes\n", `{"status":"otp_sent","email":"a@x.com","secret":"s","current":false,"new":true}` + "\n"},
		{render.Response{Line: sent, Name: "usage", Items: []render.Item{usage}}, "otp_sent email=a@x.com new=yes\ncontacts: 12 / unlimited\n",
			`{"status":"otp_sent","email":"a@x.com","secret":"s","current":false,"new":true,"usage":[{"resource":"contacts","used":12,"limit":null}]}` + "\n"},
		{render.Response{Raw: &render.Raw{Type: "text/plain", Name: "manual", Body: "a <b>\nc\n"}}, "a <b>\nc\n", `{"manual":"a <b>\nc\n"}` + "\n"},
		{render.Response{Raw: &render.Raw{Type: "application/json", Body: `{"a":1}`}}, `{"a":1}`, `{"a":1}`},
		{render.Response{Line: &render.Item{Head: "ok"}, Hints: []string{"h\n# x"}, Remarks: []string{"r \u202e"}}, "ok\n# h\\u000a# x\n# r \\u202e\n", `{"remarks":["r \u202e"]}` + "\n"},
	} {
		if text, object := both(&test.doc); text != test.text || object != test.json {
			t.Errorf("%q\n%s", text, object)
		}
	}
}

func TestMediaType(t *testing.T) {
	manual, openapi, plain := render.Response{Raw: &render.Raw{Type: "text/x", Name: "manual"}}, render.Response{Raw: &render.Raw{Type: "application/x+json"}}, render.Response{}
	for _, test := range []struct {
		doc    render.Response
		format render.Format
		want   string
	}{
		{plain, render.Text, "text/plain; charset=utf-8"}, {plain, render.JSON, "application/json"},
		{manual, render.Text, "text/x"}, {manual, render.JSON, "application/json"},
		{openapi, render.Text, "application/x+json"}, {openapi, render.JSON, "application/x+json"},
	} {
		if got := test.doc.Type(test.format); got != test.want {
			t.Errorf("%q, want %q", got, test.want)
		}
	}
}
