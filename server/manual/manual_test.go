package manual_test

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"crmkit/crm"
	"crmkit/crm/catalog"
	"crmkit/server/manual"
)

const base = "https://crm.example.com"

// newManual returns the manual of a server with the records of the catalog and these routes.
func newManual(t testing.TB, routes ...manual.Route) *manual.Manual {
	t.Helper()
	schema, err := catalog.Schema()
	if err != nil {
		t.Fatal(err)
	}
	m, err := manual.New(manual.Options{Schema: schema, Routes: routes, Version: "1.2.3", ImportMax: 2 << 30, IdleDays: 90, Scope: "crm"})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// pages are the names of all pages.
func pages() []string {
	return append([]string{manual.Start, manual.Help, manual.LLMs}, manual.Topics...)
}

// TestPagesAreComplete checks for both audiences that a page has text, names the address of
// the server and leaves no placeholder.
func TestPagesAreComplete(t *testing.T) {
	m := newManual(t)
	for _, audience := range []manual.Audience{manual.Anybody, manual.SignedIn} {
		for _, name := range pages() {
			text := m.Page(name, audience, base)
			if len(text) < 300 || strings.Contains(text, "@BASE@") || strings.Contains(text, "{{") || strings.Contains(text, "<no value>") {
				t.Errorf("%s for %d:\n%s", name, audience, text)
			}
			if len(text) > 16<<10 {
				t.Errorf("%s has %d bytes, more than a model should read at once", name, len(text))
			}
		}
	}
}

// TestSignInIsForAnybody checks that the manual explains how to get a token to readers who
// may have none, and to no others.
func TestSignInIsForAnybody(t *testing.T) {
	m := newManual(t)
	anybody, signedIn := m.Page(manual.Help, manual.Anybody, base), m.Page(manual.Help, manual.SignedIn, base)
	for _, text := range []string{"SIGN IN", "/auth/verify", "Authorization: Bearer <token>"} {
		if !strings.Contains(anybody, text) || strings.Contains(signedIn, text) {
			t.Errorf("%q: %v for anybody, %v for clients that have signed in", text, strings.Contains(anybody, text), strings.Contains(signedIn, text))
		}
	}
	for _, heading := range []string{"FORMAT", "FIELDS", "WRITE", "LIST", "WORKSPACES AND TEAMS", "PATHS", "EXAMPLES", "ERRORS"} {
		if !strings.Contains(signedIn, "\n"+heading) {
			t.Errorf("clients that have signed in miss the section %s", heading)
		}
	}
	if i, j := len(anybody), len(signedIn); j >= i-400 {
		t.Errorf("%d bytes for anybody, %d for clients that have signed in", i, j)
	}
}

// TestTopicsExist checks that each topic is listed in the manual and in the list for models, and
// that every page which a text names is there.
func TestTopicsExist(t *testing.T) {
	m := newManual(t)
	for _, topic := range manual.Topics {
		text, fault := m.Topic(topic, manual.Anybody, base)
		if fault != nil || text != m.Page(topic, manual.Anybody, base) {
			t.Errorf("%s: %v", topic, fault)
		}
		if link := "(" + base + "/help/" + topic + ")"; !strings.Contains(m.Page(manual.LLMs, manual.Anybody, base), link) {
			t.Errorf("the list for models lacks %s", link)
		}
	}
	named := regexp.MustCompile(`/help/([a-z-]+)`)
	for _, name := range pages() {
		for _, found := range named.FindAllStringSubmatch(m.Page(name, manual.Anybody, base), -1) {
			if !slices.Contains(manual.Topics, found[1]) {
				t.Errorf("%s names %s, which is no topic", name, found[0])
			}
		}
	}
	_, fault := m.Topic("qurey", manual.Anybody, base)
	if fault == nil || fault.Code != crm.NotFound || fault.DidYouMean != "query" || !slices.Equal(fault.Allowed, manual.Topics) {
		t.Errorf("an unknown topic: %+v", fault)
	}
}

// TestRoutesArePrinted checks that a documented route is in the manual and in the OpenAPI
// document, and an undocumented one in neither.
func TestRoutesArePrinted(t *testing.T) {
	m := newManual(t,
		manual.Route{Method: "GET", Pattern: "/things/{id}", Group: "things", Doc: "one of them"},
		manual.Route{Method: "DELETE", Pattern: "/things/{id}", Group: "things", Doc: "delete it"},
		manual.Route{Method: "GET", Pattern: "/others/{id}", Group: "things", Doc: "one of them"},
		manual.Route{Method: "DELETE", Pattern: "/others/{id}", Group: "things", Doc: "delete it"},
		manual.Route{Method: "GET", Pattern: "/hidden"})
	want := "\n/things/{id} /others/{id}  GET one of them; DELETE delete it\n"
	if text := m.Page(manual.Help, manual.Anybody, base); !strings.Contains(text, want) || strings.Contains(text, "/hidden") {
		t.Errorf("the manual lacks %q, or has /hidden:\n%s", want, text)
	}
	paths := openAPI(t, m)["paths"].(map[string]any)
	if len(paths) != 2 || len(paths["/things/{id}"].(map[string]any)) != 2 {
		t.Errorf("OpenAPI has the paths %v", paths)
	}
}

// openAPI returns the OpenAPI document as an object.
func openAPI(t *testing.T, m *manual.Manual) (object map[string]any) {
	t.Helper()
	text, err := m.OpenAPI(base, nil)
	if err == nil {
		err = json.Unmarshal([]byte(text), &object)
	}
	if err != nil {
		t.Fatal(err)
	}
	return object
}

// TestReferencesOfOpenAPI follows every reference of the OpenAPI document.
func TestReferencesOfOpenAPI(t *testing.T) {
	schema, err := catalog.Schema()
	if err != nil {
		t.Fatal(err)
	}
	contact := schema.ByName("contact")
	m := newManual(t,
		manual.Route{Method: "GET", Pattern: "/contacts", Doc: "list", Entity: contact, Lists: true, Params: []string{"search", "limit"}},
		manual.Route{Method: "POST", Pattern: "/contacts", Doc: "create", Entity: contact, Body: manual.FieldsBody, Creates: true, MaxKey: 200},
		manual.Route{Method: "POST", Pattern: "/import/contacts", Doc: "rows", Entity: contact, Body: manual.RowsBody, Stream: []string{"text/plain"}})
	document := openAPI(t, m)
	schemas := document["components"].(map[string]any)["schemas"].(map[string]any)
	text, _ := m.OpenAPI(base, nil)
	found := regexp.MustCompile(`"\$ref":"#/components/schemas/(\w+)"`).FindAllStringSubmatch(text, -1)
	for _, ref := range found {
		if schemas[ref[1]] == nil {
			t.Errorf("there is no schema %s", ref[1])
		}
	}
	if len(found) < 5 || strings.Contains(text, "@BASE@") {
		t.Errorf("%d references in %.200s", len(found), text)
	}
}
