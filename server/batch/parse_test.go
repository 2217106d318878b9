package batch

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"crmkit/crm"
	"crmkit/crm/catalog"
	"crmkit/server/web"
)

func TestParse(t *testing.T) {
	const one = `{"method":"post","path":"/contacts","body":{"name":"Ann"},"as":"$ann"}`
	want := line{call: web.Call{Method: "POST", Target: "/contacts", Body: `{"name":"Ann"}`, Checked: true}, as: "ann"}
	for _, c := range []struct {
		body string
		want []line
	}{
		{"[" + one + "]", []line{want}},
		{" [ " + one + " , " + one + " ]\n", []line{want, want}},
		{one, []line{want}},
		{"{\n \"method\": \"POST\",\n \"path\": \"/contacts\"\n}", []line{{call: web.Call{Method: "POST", Target: "/contacts"}}}},
		{one + "\n\n" + one + "\r\n", []line{want, want}},
		{`[{"method":"PATCH","path":"/deals/d_1","body":"{\"stage\":\"won\"}","as":null}]`, []line{{call: web.Call{Method: "PATCH", Target: "/deals/d_1", Body: `{"stage":"won"}`, Checked: true}}}},
		{`[{"\u006dethod":"DELETE","path":"/a\u0024b","body":null}]`, []line{{call: web.Call{Method: "DELETE", Target: "/a$b"}}}},
	} {
		got, fault := parse([]byte(c.body))
		if fault != nil || !slices.EqualFunc(got, c.want, func(a, b line) bool { return b.call.Checked == (b.call.Body != "") && a.call == b.call && a.as == b.as }) {
			t.Errorf("%s: %+v, %v", c.body, got, fault)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, c := range []struct {
		body string
		code crm.Code
		says string
	}{
		{"", crm.BadJSON, "empty"},
		{"[]", crm.MissingField, "no lines"},
		{"\ufeff[]", crm.BadJSON, "byte order mark"},
		{"[\"\xff\"]", crm.BadJSON, "UTF-8"},
		{"name,email", crm.BadJSON, "must be a JSON array"},
		{"[{}", crm.BadJSON, "not valid JSON at byte 3"},
		{`[{}],"":[{}]`, crm.BadJSON, "not valid JSON at byte 5"},
		{`[]},{"":[]`, crm.BadJSON, "not valid JSON at byte 3"},
		{`[{"method":"POST","path":"/a"},[]]`, crm.BadJSON, "line 2: it is [], not a JSON object"},
		{`[{"method":"POST","path":"/a"},{"path":1,"path":2}]`, crm.BadJSON, "line 2: the key path appears twice"},
		{`[{"method":"POST","path":"/a","body":{"a":"\u0000"}}]`, crm.BadJSON, "line 1: a string holds the NUL"},
		{"{\"method\":\"POST\",\"path\":\"/a\"}\n{", crm.BadJSON, "line 2: not valid JSON"},
		{`[{"path":"/a"}]`, crm.MissingField, "line 1: method is required"},
		{`[{"method":"POST"}]`, crm.MissingField, "line 1: path is required"},
		{`[{"method":"POST","path":"/a"},{"method":1,"path":"/a"}]`, crm.InvalidValue, "line 2: method is a string, not 1"},
		{`[{"method":"POST","path":"/a","bdy":{}}]`, crm.UnknownField, "Did you mean body?"},
		{`{"requests":[{"method":"POST","path":"/a"}]}`, crm.UnknownField, "The body is the array of lines itself"},
		{`[{"method":"POST","path":"/a","body":[]}]`, crm.InvalidValue, "body is the JSON object of the call"},
		{`[{"method":"POST","path":"/a","body":3}]`, crm.InvalidValue, "body is the JSON object of the call"},
		{`[{"method":"POST","path":"/a","as":"1a"}]`, crm.InvalidValue, "a name has a letter"},
		{`[{"method":"POST","path":"/a","as":"` + strings.Repeat("a", maxName+1) + `"}]`, crm.InvalidValue, "at most 40"},
		{`[{"method":"DELETE","path":"/a","as":"a"}]`, crm.InvalidValue, "a DELETE leaves none"},
	} {
		_, fault := parse([]byte(c.body))
		if fault == nil || fault.Code != c.code || !strings.Contains(fault.Hint, c.says) {
			t.Errorf("%s: %v, want %s with %q", c.body, fault, c.code, c.says)
		}
	}
}

// TestLongBatchesAreRefused checks the limit for both forms, and that what is behind it is not
// read.
func TestLongBatchesAreRefused(t *testing.T) {
	const one = `{"method":"POST","path":"/contacts"}`
	for sep, around := range map[string][2]string{",": {"[", "]"}, "\n": {"", ""}} {
		body := func(n int, rest string) []byte {
			return []byte(around[0] + strings.Repeat(one+sep, n-1) + one + rest + around[1])
		}
		if lines, fault := parse(body(MaxLines, "")); fault != nil || len(lines) != MaxLines {
			t.Errorf("%d lines, %v", len(lines), fault)
		}
		if _, fault := parse(body(MaxLines, sep+"{}"+sep+"{}")); fault == nil || !strings.Contains(fault.Hint, "more than the maximum of 500 lines") {
			t.Errorf("one line too many: %v", fault)
		}
	}
}

// testSchema is the schema of the product.
func testSchema(t testing.TB) *crm.Schema {
	t.Helper()
	schema, err := catalog.Schema()
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// routesOf finds a route for each path that begins with a kind of the schema.
func routesOf(schema *crm.Schema) func(web.Call) *web.Route {
	return func(c web.Call) *web.Route {
		u, fault := web.ParseTarget(c.Method, c.Target)
		if fault != nil {
			return nil
		}
		segments := strings.Split(u.Path[1:], "/")
		e := schema.ByPath(segments[len(segments)-1])
		if len(segments) == 2 {
			e = schema.ByPath(segments[0])
		}
		if e == nil {
			return nil
		}
		return &web.Route{Entity: e, AsLine: true}
	}
}

func TestLink(t *testing.T) {
	schema := testSchema(t)
	const company = `{"method":"POST","path":"/companies","body":{"name":"Acme"},"as":"co"},`
	for _, c := range []struct{ rest, call string }{
		{`{"method":"POST","path":"/contacts","body":{"name":"$co","company_id":"$co","tags":["$AAPL"]}}`, `POST /contacts {"name":"$co","company_id":"ID","tags":["$AAPL"]}`},
		{`{"method":"POST","path":"/contacts","body":{"company_id":"company/$co"}}`, `POST /contacts {"company_id":"company/ID"}`},
		{`{"method":"POST","path":"/contacts","body":"{\"company_id\":\"\\u0024co\"}"}`, `POST /contacts {"company_id":"ID"}`},
		{`{"method":"PATCH","path":"/companies/$co","body":{"name":"$ 5"}}`, `PATCH /companies/ID {"name":"$ 5"}`},
		{`{"method":"POST","path":"/companies/%24co/activities"}`, `POST /companies/ID/activities `},
		{`{"method":"POST","path":"/company/$co/tasks"}`, `POST /company/ID/tasks `},
		{`{"method":"POST","path":"/contacts?campaign=$co&reason=$co&x=%zz"}`, `POST /contacts?campaign=ID&reason=$co&x=%zz `},
		{`{"method":"POST","path":"/nowhere","body":{"company_id":"$co"}}`, `POST /nowhere {"company_id":"$co"}`},
	} {
		lines, fault := parse([]byte("[" + company + c.rest + "]"))
		if fault == nil {
			fault = link(lines, schema, routesOf(schema))
		}
		if fault != nil {
			t.Errorf("%s: %v", c.rest, fault)
			continue
		}
		call, fault := lines[1].resolve(schema, func(string) (string, *crm.Error) { return "ID", nil })
		if got := call.Method + " " + call.Target + " " + call.Body; fault != nil || got != c.call {
			t.Errorf("%s became %s, %v", c.rest, got, fault)
		}
		if uses := len(lines[1].needs) == 1; uses != strings.Contains(c.call, "ID") {
			t.Errorf("%s: it needs %v", c.rest, lines[1].needs)
		}
	}
}

func TestLinkRefuses(t *testing.T) {
	schema := testSchema(t)
	made := func(name string) string { return `{"method":"POST","path":"/companies","as":"` + name + `"}` }
	using := func(name string) string {
		return `{"method":"POST","path":"/contacts","body":{"company_id":"$` + name + `"}}`
	}
	for _, c := range []struct {
		lines []string
		says  string
	}{
		{[]string{made("co"), made("co")}, "line 2: line 1 has the name co already"},
		{[]string{using("co")}, "line 1: no line before makes $co; the line that makes"},
		{[]string{using("co"), made("co")}, "line 1: $co is the record of line 2; a name is made before it is used"},
		{[]string{made("acme"), made("other"), using("acmee")}, "line 3: no line before makes $acmee; there are: $acme $other. Did you mean $acme?"},
		{[]string{made("co"), using("")}, `line 2: no line before makes $""`},
		{[]string{made("co"), `{"method":"POST","path":"/companies/$com/tasks"}`}, "Did you mean $co?"},
		{[]string{`{"method":"PATCH","path":"/companies/$co","as":"co"}`}, "line 1: $co is the record of line 1"},
	} {
		lines, fault := parse([]byte("[" + strings.Join(c.lines, ",") + "]"))
		if fault == nil {
			fault = link(lines, schema, routesOf(schema))
		}
		if fault == nil || fault.Code != crm.InvalidValue || !strings.Contains(fault.Hint, c.says) {
			t.Errorf("%s: %v, want %q", c.lines, fault, c.says)
		}
	}
}

func TestNumbered(t *testing.T) {
	for want, lines := range map[string][]int{"line 2": {2}, "lines 1, 3": {1, 3}, "lines 1-2": {1, 2}, "lines 1-3, 5, 7-8": {1, 2, 3, 5, 7, 8}} {
		if got := numbered(lines); got != want {
			t.Errorf("%v are %q", lines, got)
		}
	}
}

// FuzzParse checks that a batch that is accepted has the lines that encoding/json reads, that a
// line needs only lines before it, and that names are replaced where ids are expected only.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		`[{"method":"POST","path":"/companies","as":"a"},{"method":"POST","path":"/contacts?campaign=$a","body":{"company_id":"$a","name":"$a"}}]`,
		"{\"method\":\"POST\",\"path\":\"/companies\",\"as\":\"a\"}\n{\"method\":\"PATCH\",\"path\":\"/companies/$a\"}",
		`[{"method":"POST","path":"/companies/%24a/x","body":"{\"a\":\"$b\"}"}]`, `[{"a":1,"a":2}]`, `{"\ud800":1}`, `[[]]`, `[{}],"":[{}]`,
	} {
		f.Add([]byte(seed))
	}
	schema := testSchema(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		lines, fault := parse(data)
		if fault == nil {
			fault = link(lines, schema, routesOf(schema))
		}
		if fault != nil {
			if len(fault.Hint) > 3000 || strings.ContainsAny(fault.Hint, "\r\n") {
				t.Fatalf("the error does not fit a hint: %q", fault.Hint)
			}
			return
		}
		var want []map[string]any
		if json.Unmarshal(data, &want) == nil && len(want) != len(lines) {
			t.Fatalf("%d lines of %d", len(lines), len(want))
		}
		for i, l := range lines {
			if len(l.needs) > 0 && l.needs[len(l.needs)-1] >= i {
				t.Fatalf("line %d needs %v", i, l.needs)
			}
			checkResolved(t, l, schema)
		}
	})
}

// checkResolved checks that a line without names stays as it is, and that one with names has the
// ids.
func checkResolved(t *testing.T, l line, schema *crm.Schema) {
	t.Helper()
	used := 0
	call, fault := l.resolve(schema, func(string) (string, *crm.Error) {
		used++
		return "c_01", nil
	})
	if fault != nil || len(l.needs) == 0 && (call != l.call || used > 0) || len(l.needs) > used {
		t.Fatalf("%+v became %+v, %v", l, call, fault)
	}
	if used > 0 && !strings.Contains(fmt.Sprint(call), "c_01") {
		t.Fatalf("%+v became %+v", l, call)
	}
	if _, err := url.Parse(call.Target); err == nil && strings.Count(call.Target, "?") != strings.Count(l.call.Target, "?") {
		t.Fatalf("%q became %q", l.call.Target, call.Target)
	}
}
