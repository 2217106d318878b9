package server_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"crmkit/crm"
	"crmkit/crm/fieldtype"
	"crmkit/server"
)

// secret is in every value of the first workspace. No answer to the second may have it.
const secret = "zebra-7731"

// bodyFor returns a body that the route accepts.
func bodyFor(row server.RouteRow) string {
	switch call := row.Method + " " + row.Path; {
	case call == "POST /auth/request":
		return `{"email":"mallory@evil.example"}`
	case call == "POST /auth/verify":
		return `{"email":"mallory@evil.example","code":"000000"}`
	case strings.HasSuffix(call, "/tokens"):
		return `{"token_name":"mine"}`
	case strings.HasSuffix(call, "/role"):
		return `{"role":"member"}`
	case strings.HasSuffix(call, "/invites"):
		return `{"email":"mallory@evil.example"}`
	case row.Method == "PUT":
		return full(row.Entity, "mine", nil)
	case row.Entity != nil && (row.Method == "POST" || row.Method == "PATCH"):
		for _, name := range row.Entity.Names(func(f *crm.Field) bool { return f.Required && f.Type == fieldtype.Text }) {
			return `{"` + name + `":"mine"}`
		}
	}
	return ""
}

// full returns a body for the entity in which every text field has the text, and references have
// the known ids.
func full(e *crm.Entity, text string, ids map[string]string) string {
	var parts []string
	for i := range e.Fields {
		f := &e.Fields[i]
		value := map[crm.Type]string{fieldtype.Text: `"` + text + `"`, fieldtype.Email: `"` + text + `@x.com"`, fieldtype.Domain: `"` + text + `.com"`,
			fieldtype.Tags: `["` + text + `"]`, fieldtype.Object: `{"k":"` + text + `"}`,
			fieldtype.Emails: `["` + text + `@y.com"]`, fieldtype.Domains: `["` + text + `.org"]`, fieldtype.Phones: `["` + text + ` 5550100"]`,
			fieldtype.Name: `"` + text + `"`, fieldtype.Word: `"search=` + text + `"`, // the query of a view
			fieldtype.Stages:      `[{"name":"` + text + `"}]`,
			fieldtype.ExternalIDs: `["hubspot:` + text + `"]`, fieldtype.Address: `{"city":"` + text + `"}`}[f.Type]
		switch {
		case f.Type == fieldtype.Name && e.Name == "field": // whose name is that of a key
			value = `"` + strings.ReplaceAll(text, "-", "_") + `"`
		case f.Name == e.Reminder.Field:
			value = `"now"`
		case f.Type == fieldtype.Choice && f.Required:
			value = `"` + f.Choices.Values[0] + `"`
		case f.IsReference() && ids[f.Ref] != "":
			value = `"` + ids[f.Ref] + `"`
		}
		if value != "" && !f.ReadOnly && !f.IsUser && slices.Index(e.Parents.ExactlyOne, f.Name) < 1 {
			parts = append(parts, `"`+f.Name+`":`+value)
		}
	}
	return "{" + strings.Join(parts, ",") + "}"
}

// fillTenant makes a record of every kind and returns their ids by entity name.
func fillTenant(r *rig) map[string]string {
	r.t.Helper()
	ids := map[string]string{}
	for _, e := range r.store.Schema.Records() {
		ids[e.Name] = r.filled(e, full(e, secret, ids))["id"].(string)
	}
	ids["change"] = r.json(200, "GET", "/audit", "")["items"].([]any)[0].(map[string]any)["id"].(string)
	ids["token"] = r.json(200, "GET", "/tokens", "")["items"].([]any)[0].(map[string]any)["id"].(string)
	ids["workspace"] = r.json(200, "GET", "/workspaces", "")["items"].([]any)[0].(map[string]any)["id"].(string)
	team := "/workspaces/" + ids["workspace"]
	r.want(200, "PATCH", team, `{"name":"`+secret+`"}`)
	ids["invite"] = r.json(201, "POST", team+"/invites", `{"email":"`+secret+`@y.com"}`)["id"].(string)
	ids["member"] = r.json(200, "GET", team+"/members?status=active", "")["items"].([]any)[0].(map[string]any)["id"].(string)
	return ids
}

// TestTenantsAreIsolated calls every route of the table as a user of another workspace, with the
// ids of the first in every spelling, and without a token.
func TestTenantsAreIsolated(t *testing.T) {
	r := newRig(t)
	ids := fillTenant(r.as("jane@acme.com"))
	before := snapshot(r)
	jane := r.header.Clone()
	for n := 2; fits(r, n, ids); n++ { // five bits of an id depend on the workspace
		r.as(fmt.Sprintf("settler%d@x.com", n))
	}
	r.as("mallory@evil.example")
	tried := 0
	for _, row := range r.server().Rows() {
		for _, path := range spellings(row.Path, above(r, row.Path), ids) {
			tried++
			a := r.call(row.Method, path, bodyFor(row))
			if strings.Contains(a.body, secret) {
				t.Errorf("%s %s shows another workspace's data:\n%s", row.Method, path, a.body)
			}
			if want := foreign(row.Path); want != 0 && a.status != want {
				t.Errorf("%s %s: status %d, want %d\n%s", row.Method, path, a.status, want, a.body)
			}
			token := r.header.Get("Authorization")
			r.header.Del("Authorization")
			if a := r.call(row.Method, path, bodyFor(row)); !row.Public && a.status != 401 {
				t.Errorf("%s %s without a token: status %d, want 401", row.Method, path, a.status)
			}
			r.header.Set("Authorization", token)
		}
	}
	if tried < 40 {
		t.Fatalf("only %d requests were tried", tried)
	}
	r.header = jane
	if after := snapshot(r); after != before {
		t.Errorf("the first workspace changed:\n%s\nwas\n%s", after, before)
	}
}

// fits reports whether any of the ids could be of the workspace with the number.
func fits(r *rig, workspace int, ids map[string]string) bool {
	for _, e := range r.store.Schema.Records() {
		if _, fault := crm.ParseID(e, int64(workspace), ids[e.Name]); fault == crm.IDOK {
			return true
		}
	}
	return false
}

// foreign returns the status of answers to a path with ids of another workspace.
func foreign(path string) int {
	switch {
	case strings.HasPrefix(path, "/workspaces/{id}"):
		return 403
	case strings.Contains(path, "{id}"):
		return 404
	}
	return 0
}

// above returns the entity a path with {id} is about.
func above(r *rig, path string) *crm.Entity {
	for _, e := range r.store.Schema.Entities {
		if strings.HasPrefix(path, "/"+e.Route()+"/{id}") {
			return e
		}
	}
	return nil
}

// spellings returns the path with the first workspace's id as id and as handle.
func spellings(path string, e *crm.Entity, ids map[string]string) []string {
	if e == nil {
		return []string{strings.ReplaceAll(path, "{topic}", "query")}
	}
	id := ids[e.Name]
	linked := "company"
	if strings.HasPrefix(path, "/deals/") {
		linked = "contact"
	}
	path = strings.NewReplacer("{userId}", ids["member"], "{inviteId}", ids["invite"], "{memberId}", ids[linked]).Replace(path)
	return []string{
		strings.ReplaceAll(path, "{id}", id),
		strings.ReplaceAll(path, "{id}", e.Name+"/"+id),
		strings.Replace(path, "/"+e.Route()+"/{id}", "/"+e.Name+"/"+id, 1),
	}
}

// snapshot returns all records of a workspace as its user sees them.
func snapshot(r *rig) string {
	r.t.Helper()
	var b strings.Builder
	for _, path := range []string{"/contacts", "/companies", "/deals", "/activities", "/audit", "/reminders", "/workspaces"} {
		b.WriteString(r.want(200, "GET", path+"?format=json", ""))
	}
	return b.String()
}

// TestForeignIdsInBodiesAndFilters sends ids of another workspace as values of references.
func TestForeignIdsInBodiesAndFilters(t *testing.T) {
	r := newRig(t)
	ids := fillTenant(r.as("jane@acme.com"))
	r.as("mallory@evil.example")
	r.want(201, "POST", "/contacts", `{"name":"mine"}`)
	team := "/workspaces/" + r.json(200, "GET", "/whoami", "")["workspace_id"].(string)
	own := r.json(200, "GET", "/contacts", "")["items"].([]any)[0].(map[string]any)["id"].(string)
	for _, c := range []struct {
		method, path, body string
		status             int
	}{
		{"POST", "/contacts", `{"name":"x","company_id":"` + ids["company"] + `"}`, 409},
		{"POST", "/contacts", `{"name":"x","company_id":"company/` + ids["company"] + `"}`, 409},
		{"PATCH", "/contacts/" + own, `{"company_id":"` + ids["company"] + `"}`, 409},
		{"POST", "/deals", `{"title":"x","contact_id":"` + ids["contact"] + `"}`, 409},
		{"POST", "/contacts/" + own + "/activities", `{"body":"x","deal_id":"` + ids["deal"] + `"}`, 409},
		{"GET", "/contacts?company_id=" + ids["company"], "", 400},
		{"GET", "/contacts?id=" + ids["contact"], "", 400},
		{"GET", "/activities?contact=" + ids["contact"], "", 400},
		{"GET", "/contacts?search=" + secret, "", 200},
		{"GET", "/contacts?company.name=" + secret, "", 200},
		{"GET", "/contacts?custom.k=" + secret, "", 200},
		{"GET", "/companies?tags=" + secret, "", 200},
		{"GET", "/audit?target=contact/" + ids["contact"], "", 200},
		{"GET", "/tokens?id=" + ids["token"], "", 200},
		{"GET", "/workspaces?id=" + ids["workspace"], "", 200},
		{"GET", team + "/members/" + ids["member"], "", 404},
		{"DELETE", team + "/members/" + ids["member"], "", 404},
		{"POST", team + "/members/" + ids["member"] + "/role", `{"role":"member"}`, 404},
		{"DELETE", team + "/invites/" + ids["invite"], "", 404},
		{"GET", team + "/members?id=" + ids["member"], "", 200},
		{"GET", team + "/invites?email=" + secret + "@y.com", "", 200},
		{"POST", "/auth/verify", `{"email":"mallory@evil.example","code":"000000","workspace_id":"` + ids["workspace"] + `"}`, 401},
	} {
		a := r.call(c.method, c.path, c.body)
		if a.status != c.status {
			t.Errorf("%s %s: status %d, want %d\n%s", c.method, c.path, a.status, c.status, a.body)
		}
		if c.status == 200 && strings.Contains(a.body, "/c") && !strings.Contains(a.body, "# 0 ") {
			t.Errorf("%s %s finds something:\n%s", c.method, c.path, a.body)
		}
	}
}
