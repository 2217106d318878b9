package query_test

import (
	"maps"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"crmkit/crm"
	"crmkit/query"
)

// resume parses the parameters with a cursor.
func resume(env query.Env, e *crm.Entity, raw, cursor string) (*query.Query, *crm.Error) {
	params, err := url.ParseQuery(raw)
	if err != nil {
		return nil, crm.Errorf(crm.InvalidFilter, "%s", err)
	}
	params = maps.Clone(params)
	params.Set("cursor", cursor)
	return query.Parse(e, params, env)
}

// begin parses the parameters and returns the cursor after a row with the number 7.
func begin(t testing.TB, env query.Env, raw string) (*crm.Entity, string) {
	t.Helper()
	params, _ := url.ParseQuery(raw)
	e := env.Schema.ByName("contact")
	q, fault := query.Parse(e, params, env)
	if fault != nil {
		t.Fatal(fault)
	}
	rec := crm.NewRecord(e)
	rec.Key = crm.RecordKey(env.Workspace, 7)
	rec.Set("name", crm.Str("Jane \"Łódź\"\n"))
	rec.Set("created_at", crm.Millis(-5))
	return e, q.Cursor(rec)
}

func TestCursorBinding(t *testing.T) {
	env := testEnv(t)
	const asked = "stage=lead&stage=ne:new&search=a&sort=name"
	e, cursor := begin(t, env, asked+"&limit=10")
	for _, raw := range []string{asked, asked + "&limit=1", asked + "&fields=name,stage", asked + "&total=none", asked + "&format=json", "sort=name&search=a&stage=lead&stage=ne:new"} {
		q, fault := resume(env, e, raw, cursor)
		if fault != nil {
			t.Errorf("%s: %v", raw, fault)
			continue
		}
		if page := q.Ranges()[0]; !reflect.DeepEqual(page.Args[len(page.Args)-2:], []any{`jane "lodz"`, crm.RecordKey(1, 7)}) {
			t.Errorf("%s goes on behind %v", raw, page.Args)
		}
	}
	for _, raw := range []string{
		"", "stage=lead&stage=ne:new&search=a", asked + "&owner=x", "stage=lead&search=a&sort=name", "stage=lead&stage=ne:old&search=a&sort=name", "stage=ne:new&stage=lead&search=a&sort=name",
		"stage=lead&stage=ne:new&search=b&sort=name", "stage=lead&stage=ne:new&search=a&sort=-name", "stage=lead&stage=ne:new&search=a&sort=phone", "owner=lead&owner=ne:new&search=a&sort=name",
	} {
		if _, fault := resume(env, e, raw, cursor); fault == nil || fault.Code != crm.InvalidCursor || fault.Field != "cursor" {
			t.Errorf("%q: %v", raw, fault)
		}
	}
	if _, fault := resume(env, env.Schema.ByName("company"), "sort=name", mustBegin(t, env, "sort=name")); fault == nil || fault.Code != crm.InvalidCursor {
		t.Errorf("a cursor of contacts on companies: %v", fault)
	}
}

func mustBegin(t testing.TB, env query.Env, raw string) string {
	_, cursor := begin(t, env, raw)
	return cursor
}

func TestCursorOfAnotherWorkspaceIsRefused(t *testing.T) {
	env := testEnv(t)
	e, cursor := begin(t, env, "")
	other, renewed := env, env
	other.Workspace = 2
	renewed.Secret = []byte("another")
	for name, env := range map[string]query.Env{"workspace": other, "secret": renewed} {
		if _, fault := resume(env, e, "", cursor); fault == nil || fault.Code != crm.InvalidCursor {
			t.Errorf("a cursor of another %s: %v", name, fault)
		}
	}
	if _, fault := resume(env, e, "", cursor); fault != nil {
		t.Errorf("the cursor itself: %v", fault)
	}
}

// TestCursorTampered replaces every character by every other, and cuts and
// lengthens the cursor.
func TestCursorTampered(t *testing.T) {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/= \n\x00"
	env := testEnv(t)
	e, cursor := begin(t, env, "sort=name")
	refused := func(text string) {
		if _, fault := resume(env, e, "sort=name", text); fault == nil || fault.Code != crm.InvalidCursor {
			t.Errorf("%q is taken for %q: %v", text, cursor, fault)
		}
	}
	for i := range cursor {
		for _, letter := range []byte(letters) {
			if letter != cursor[i] {
				refused(cursor[:i] + string(letter) + cursor[i+1:])
			}
		}
		refused(cursor[:i] + cursor[i+1:])
		if i > 0 {
			refused(cursor[:i])
		}
	}
	for _, text := range []string{cursor + "A", cursor + "=", "A" + cursor, cursor + cursor, " ", "next", "1"} {
		refused(text)
	}
}

// breaks removes the line breaks that base64 decoding ignores.
var breaks = strings.NewReplacer("\r", "", "\n", "")

func FuzzCursor(f *testing.F) {
	env := testEnv(f)
	e, cursor := begin(f, env, "sort=name")
	for _, seed := range []string{cursor, cursor[1:], "AAAA", "", "-1", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", mustBegin(f, env, "")} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		q, fault := resume(env, e, "sort=name", text)
		if fault == nil && text != "" && breaks.Replace(text) != cursor {
			t.Fatalf("%q is taken: %+v", text, q.Ranges())
		}
	})
}
