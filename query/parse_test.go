package query_test

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"crmkit/crm"
	"crmkit/query"
)

func TestParseQuery(t *testing.T) {
	env := testEnv(t)
	parse := func(plural, raw string) *query.Query {
		t.Helper()
		params, _ := url.ParseQuery(raw)
		q, fault := query.Parse(entityOf(env, plural), params, env)
		if fault != nil {
			t.Fatalf("%s: %v", raw, fault)
		}
		return q
	}
	for _, test := range []struct {
		plural, raw string
		limit       int
		cut         string
		total       query.Total
		plain       bool
		fields      string
	}{
		{"contacts", "", 50, "", query.TotalCapped, true, ""},
		{"contacts", "limit=200", 200, "", query.TotalCapped, true, ""},
		{"contacts", "limit=201", 200, "201", query.TotalCapped, true, ""},
		{"activities", "limit=501", 500, "501", query.TotalCapped, true, ""},
		{"changes", "limit=500", 500, "", query.TotalCapped, true, ""},
		{"contacts", "limit=99999999999999999999", 200, "99999999999999999999", query.TotalCapped, true, ""},
		{"contacts", "total=exact&stage=lead", 50, "", query.TotalExact, false, ""},
		{"contacts", "total=none&search=x", 50, "", query.TotalNone, false, ""},
		{"contacts", "fields=name,stage&sort=name&format=json", 50, "", query.TotalCapped, true, "name stage"},
		{"contacts", "fields=name, name,,company.name,custom.a,custom,id", 50, "", query.TotalCapped, true, "name company.name custom.a custom id"},
		{"changes", "fields=from.stage,to", 50, "", query.TotalCapped, true, "from.stage to"},
	} {
		q := parse(test.plural, test.raw)
		if q.Limit != test.limit || q.RequestedLimit != test.cut || q.Total != test.total || q.Unfiltered != test.plain || strings.Join(q.Fields, " ") != test.fields {
			t.Errorf("%s?%s: limit %d cut %s total %d plain %v fields %q", test.plural, test.raw, q.Limit, q.RequestedLimit, q.Total, q.Unfiltered, q.Fields)
		}
	}
}

// TestCursorAfterUnsetSortValue checks that pages continue after a row without a sort value:
// entries made at sign-in have no token.
func TestCursorAfterUnsetSortValue(t *testing.T) {
	env := testEnv(t)
	e := env.Schema.ByName("change")
	q, fault := query.Parse(e, url.Values{"sort": {"token_id"}}, env)
	if fault != nil {
		t.Fatal(fault)
	}
	rec := crm.NewRecord(e)
	rec.Key = 7
	q, fault = query.Parse(e, url.Values{"sort": {"token_id"}, "cursor": {q.Cursor(rec)}}, env)
	if fault != nil || len(q.Ranges()) == 0 {
		t.Errorf("nothing remains behind an entry without token: %v", fault)
	}
}

// TestSearchPaths checks that each search path of the schema is an alternative in the condition.
func TestSearchPaths(t *testing.T) {
	env := testEnv(t)
	for _, e := range env.Schema.Entities {
		if len(e.Search) == 0 {
			continue
		}
		q, fault := query.Parse(e, url.Values{"search": {"7"}}, env)
		if fault != nil || strings.Count(q.Condition(), "text_contains(") != len(e.Search) {
			t.Errorf("%s searches %v by %v, %v", e.Name, e.Search, q, fault)
		}
	}
}

// TestReminderFiltersCompile checks that the conditions of reminders are valid filters.
func TestReminderFiltersCompile(t *testing.T) {
	env := testEnv(t)
	for _, e := range env.Schema.Entities {
		params, err := url.ParseQuery(e.Reminder.If)
		if err != nil {
			t.Errorf("%s: %v", e.Name, err)
		}
		if _, fault := query.Parse(e, params, env); fault != nil {
			t.Errorf("%s: %v", e.Name, fault)
		}
	}
}

func TestConditions(t *testing.T) {
	env := testEnv(t)
	params, _ := url.ParseQuery("stage=propsal&tags=vip,eu&custom.a=42&name=x&company.owner=y&search=zz&sort=name&limit=3&cursor=AAAA&follow_up_at=gt:now")
	parts, _, fault := query.Conditions(env.Schema.ByName("contact"), params, env)
	if fault != nil {
		t.Fatal(fault)
	}
	var got []string
	for _, p := range parts {
		if p.ValuesSQL != "" && (!strings.Contains(p.ValuesSQL, "LIMIT 8") || !strings.Contains(p.DistinctSQL, "LIMIT") || !strings.Contains(p.ValuesSQL, "$1")) {
			t.Errorf("%s is not bounded or scoped: %s", p.Param, p.ValuesSQL)
		}
		if p.Question.Limit != 1 || len(p.Question.Where) != 1 {
			t.Errorf("%s is asked with %v, limit %d", p.Param, p.Question.Where, p.Question.Limit)
		}
		got = append(got, fmt.Sprint(p.Param, " ", p.ValuesSQL != "", " ", p.Text))
	}
	want := []string{"company.owner true false", "custom.a true false", "stage true false", "tags true false", "follow_up_at false false"}
	if !slices.Equal(got, want) {
		t.Errorf("parts %q, want %q", got, want)
	}
}

// marked is not a name of the schema, so it can be recognised in SQL text.
const marked = `zq'"`

// FuzzParse sends any parameters, values and keys carrying the mark: no panic,
// one-line hints, and no text of the client in SQL.
func FuzzParse(f *testing.F) {
	for _, seed := range [][3]string{
		{"contacts", "stage=lead&sort=-name&limit=5", "stage"}, {"deals", "amount_cents=gte:100&contact.company.domain=acme.com", "custom.x"}, {"contacts", "tags=in:a,\"b,c\"&search=x y", "company.custom.k"},
		{"activities", "contact=c_07j0&occurred_at=gte:-7d", "deal.title"}, {"changes", "by=a@x.com&fields=from.stage", "target"}, {"tokens", "id=tok_1", "name"}, {"companies", "domain=like:a%25&custom.a.b=ne:1e9", "tags"},
		{"contacts", "cursor=AAAA", "sort"}, {"contacts", "fields=custom.a,company.name", "fields"},
		{"tasks", "done=no&priority=gte:low&assignee=me", "done"}, {"contacts", "campaign=cmp_07j0&campaign.status=active&phone=like:49", "campaign.name"}, {"campaigns", "contact.company=is:null", "contact"},
	} {
		f.Add(seed[0], seed[1], seed[2])
	}
	env := testEnv(f)
	f.Fuzz(func(t *testing.T, plural, raw, name string) {
		params, err := url.ParseQuery(raw)
		e := entityOf(env, plural)
		if err != nil || e == nil {
			return
		}
		tryParse(t, env, e, params)
		for _, value := range []string{marked, "like:" + marked, "in:a," + marked, "gt:" + marked, "ne:" + marked} {
			params[name] = []string{value}
			tryParse(t, env, e, params)
			delete(params, name)
		}
		params[name+marked] = []string{"1"}
		tryParse(t, env, e, params)
	})
}

// sqlText matches the characters of the SQL that the compiler writes.
var sqlText = regexp.MustCompile(`^[A-Za-z0-9_ .,()'$<>=*+\\]*$`)

func tryParse(t *testing.T, env query.Env, e *crm.Entity, params url.Values) {
	t.Helper()
	q, fault := query.Parse(e, params, env)
	if fault != nil {
		if fault.Code.Status() != 400 || fault.Hint == "" || strings.ContainsAny(fault.Hint, "\r\n") || len(fault.Hint) > 4000 {
			t.Fatalf("%v: %v", params, fault)
		}
		return
	}
	texts := []string{q.Condition()}
	for _, page := range q.Ranges() {
		texts = append(texts, page.Where, page.Order.String())
	}
	for _, l := range q.IndexPaths {
		texts = append(texts, l.Keys())
	}
	parts, _, _ := query.Conditions(e, params, env)
	for _, p := range parts {
		texts = append(texts, p.ValuesSQL, p.DistinctSQL)
	}
	for _, text := range texts {
		if strings.Contains(text, "zq") || !sqlText.MatchString(text) || strings.Contains(text, "--") {
			t.Fatalf("%v reached SQL text: %s", params, text)
		}
		if strings.Count(text, "'")%2 != 0 {
			t.Fatalf("%v: an open quote in %s", params, text)
		}
	}
	for _, page := range q.Ranges() {
		for i := range page.Args {
			if !strings.Contains(page.Where+" ", "$"+strconv.Itoa(i+2)) {
				t.Fatalf("%v: no place for argument %d in %s", params, i+2, page.Where)
			}
		}
		if strings.Contains(page.Where, "$"+strconv.Itoa(len(page.Args)+2)) {
			t.Fatalf("%v: %d arguments for %s", params, len(page.Args), page.Where)
		}
	}
}
