package query_test

import (
	"flag"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"crmkit/crm"
	"crmkit/crm/catalog"
	"crmkit/crm/fieldtype"
	"crmkit/crm/norm"
	"crmkit/query"
)

var update = flag.Bool("update", false, "rewrite testdata/sql.txt")

// testEnv returns an Env of workspace 1 on a Wednesday morning.
func testEnv(t testing.TB) query.Env {
	t.Helper()
	s, err := catalog.Schema()
	if err != nil {
		t.Fatal(err)
	}
	return query.Env{Schema: s, Now: time.Date(2026, 6, 10, 9, 30, 15, 0, time.UTC), Workspace: 1, Secret: []byte("secret")}
}

// entityOf returns the entity with the plural name, or nil.
func entityOf(env query.Env, plural string) *crm.Entity {
	for _, e := range env.Schema.Entities {
		if e.Plural == plural {
			return e
		}
	}
	return nil
}

// TestSQL replays testdata/sql.txt, which has requests with the SQL of each below it. "after
// name=Jane" at the end of a request continues after a row with this value, number 7 of workspace
// 1; "after unset" continues after a row without a sort value.
func TestSQL(t *testing.T) {
	const file = "testdata/sql.txt"
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	blocks := strings.Split(strings.TrimSuffix(string(data), "\n"), "\n\n")
	requests := 0
	for i, block := range blocks {
		request, want, _ := strings.Cut(block, "\n")
		if !strings.HasPrefix(request, "> ") {
			continue
		}
		requests++
		got := compiled(t, strings.TrimPrefix(request, "> "))
		if got != want && !*update {
			t.Errorf("%s\ngot\n%s\nwant\n%s", request, got, want)
		}
		blocks[i] = request + "\n" + got
	}
	if requests < 100 {
		t.Errorf("%s holds only %d requests", file, requests)
	}
	if *update {
		if err := os.WriteFile(file, []byte(strings.Join(blocks, "\n\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// compiled returns the ranges and arguments of a request, or its error.
func compiled(t *testing.T, request string) string {
	t.Helper()
	env := testEnv(t)
	request, after, continued := strings.Cut(request, " after ")
	path, raw, _ := strings.Cut(strings.TrimPrefix(request, "/"), "?")
	params, err := url.ParseQuery(raw)
	if err != nil {
		t.Fatalf("%s: %v", request, err)
	}
	e := entityOf(env, path)
	if e == nil {
		t.Fatalf("%s: no such list", request)
	}
	q, fault := query.Parse(e, params, env)
	if fault == nil && continued {
		params.Set("cursor", q.Cursor(lastRow(t, env, q, after)))
		q, fault = query.Parse(e, params, env)
	}
	if fault != nil {
		return faultText(fault)
	}
	var b strings.Builder
	for _, page := range q.Ranges() {
		fmt.Fprintf(&b, "WHERE %s\nORDER BY %s\n", page.Where, page.Order)
		appendArgs(&b, page.Args)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// appendArgs numbers the arguments as the SQL does: $1 is the scope.
func appendArgs(b *strings.Builder, args []any) {
	for i, arg := range args {
		if text, ok := arg.(string); ok {
			arg = strconv.QuoteToGraphic(text)
		}
		fmt.Fprintf(b, "  $%d = %v\n", i+2, arg)
	}
}

func faultText(fault *crm.Error) string {
	text := fmt.Sprintf("%d %s field=%s\n%s", fault.Code.Status(), fault.Code, norm.Quote(fault.Field), norm.OneLine(fault.Hint))
	if fault.DidYouMean != "" {
		text += "\ndid_you_mean=" + fault.DidYouMean
	}
	return text
}

// lastRow returns the record number 7 of workspace 1 with one field set, as in name=Jane.
func lastRow(t *testing.T, env query.Env, q *query.Query, after string) crm.Record {
	t.Helper()
	rec := crm.NewRecord(q.Entity)
	rec.Key = crm.RecordKey(env.Workspace, 7)
	name, text, given := strings.Cut(after, "=")
	if !given {
		return rec
	}
	n, _ := strconv.ParseInt(text, 10, 64)
	switch f := q.Entity.Field(name); f.Type {
	case fieldtype.Integer:
		rec.Set(name, crm.Number(n))
	case fieldtype.Reference:
		rec.Set(name, crm.Key(crm.RecordKey(env.Workspace, n)))
	default:
		v, err := env.Normal(f, text)
		if err != nil {
			t.Fatal(err)
		}
		rec.Set(name, v)
	}
	return rec
}

// TestItems checks how in: splits a list, by the arguments of the compiled filter.
func TestItems(t *testing.T) {
	env := testEnv(t)
	for value, want := range map[string][]string{
		`a`:              {"a"},
		`a,b`:            {"a", "b"},
		`a, b`:           {"a", "b"},
		`"a,b",c`:        {"a,b", "c"},
		`c,"a,b"`:        {"c", "a,b"},
		`"say ""hi""",x`: {`say "hi"`, "x"},
		`a"b,c`:          {`a"b`, "c"},
		`""""`:           {`"`},
		`a:b`:            {"a:b"},
		`"a`:             nil,
		`"a"b`:           nil,
		`a,,b`:           nil,
		`a,`:             nil,
		`,`:              nil,
		``:               nil,
		`""`:             nil,
		`"`:              nil,
	} {
		q, err := query.Parse(env.Schema.ByName("contact"), url.Values{"stage": {"in:" + value}}, env)
		switch {
		case err != nil && want != nil:
			t.Errorf("%s: %v", value, err)
		case err == nil && fmt.Sprintf("%q", q.Args) != fmt.Sprintf("%q", want):
			t.Errorf("%s: %q, want %q", value, q.Args, want)
		case err != nil && (err.Code != crm.InvalidValue || err.Field != "stage"):
			t.Errorf("%s: %v", value, err)
		}
	}
	many := strings.Repeat("a,", 199)
	for value, ok := range map[string]bool{many + "a": true, many + "a,a": false} {
		if _, err := query.Parse(env.Schema.ByName("contact"), url.Values{"stage": {"in:" + value}}, env); ok != (err == nil) {
			t.Errorf("%d items: %v", strings.Count(value, ",")+1, err)
		}
	}
}
