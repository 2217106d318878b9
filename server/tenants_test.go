package server_test

import (
	"strings"
	"testing"

	"crmkit/crm"
)

// secret marks everything the first workspace stores; no answer to the second
// may hold it.
const secret = "zebra-7731"

// body fits every route that takes one.
func bodyFor(row string) string {
	switch {
	case strings.HasPrefix(row, "POST /auth/request"):
		return `{"email":"mallory@evil.example"}`
	case strings.HasPrefix(row, "POST /auth/verify"):
		return `{"email":"mallory@evil.example","code":"000000"}`
	case strings.HasSuffix(row, "/tokens"):
		return `{"token_name":"mine"}`
	case strings.HasSuffix(row, "/role"):
		return `{"role":"member"}`
	case strings.HasSuffix(row, "/invites"):
		return `{"email":"mallory@evil.example"}`
	case strings.HasSuffix(row, "workspaces"), strings.HasPrefix(row, "PATCH /workspaces"):
		return `{"name":"mine"}`
	case strings.HasSuffix(row, "/activities"):
		return `{"body":"mine"}`
	case strings.HasPrefix(row, "POST /deals"):
		return `{"title":"mine"}`
	case strings.HasPrefix(row, "POST"), strings.HasPrefix(row, "PATCH"):
		return `{"notes":"mine"}`
	}
	return ""
}

// fillTenant makes a record of every kind and returns their ids by entity name.
func fillTenant(r *rig) map[string]string {
	r.t.Helper()
	ids := map[string]string{}
	id := func(kind, path, body string) {
		ids[kind] = r.json(201, "POST", path, body)["id"].(string)
	}
	id("company", "/companies", `{"name":"`+secret+`","domain":"`+secret+`.com","tags":["`+secret+`"]}`)
	id("contact", "/contacts", `{"name":"`+secret+`","email":"`+secret+`@x.com","company_id":"`+ids["company"]+`","follow_up_at":"now","custom":{"k":"`+secret+`"}}`)
	id("deal", "/deals", `{"title":"`+secret+`","contact_id":"`+ids["contact"]+`","follow_up_at":"now"}`)
	id("activity", "/contacts/"+ids["contact"]+"/activities", `{"body":"`+secret+`"}`)
	ids["change"] = r.json(200, "GET", "/audit", "")["items"].([]any)[0].(map[string]any)["id"].(string)
	ids["token"] = r.json(200, "GET", "/tokens", "")["items"].([]any)[0].(map[string]any)["id"].(string)
	ids["workspace"] = r.json(200, "GET", "/workspaces", "")["items"].([]any)[0].(map[string]any)["id"].(string)
	team := "/workspaces/" + ids["workspace"]
	r.want(200, "PATCH", team, `{"name":"`+secret+`"}`)
	ids["invite"] = r.json(201, "POST", team+"/invites", `{"email":"`+secret+`@y.com"}`)["id"].(string)
	ids["member"] = r.json(200, "GET", team+"/members?status=active", "")["items"].([]any)[0].(map[string]any)["id"].(string)
	return ids
}

// TestTenantsAreApart calls every route of the table as another workspace's
// user, with the ids of the first, in every spelling; and without a token.
func TestTenantsAreApart(t *testing.T) {
	r := newRig(t)
	ids := fillTenant(r.as("jane@acme.com"))
	before := snapshot(r)
	jane := r.header.Clone()
	r.as("mallory@evil.example")
	tried := 0
	for _, row := range r.server().Rows() {
		for _, path := range spellings(row.Path, above(r, row.Path), ids) {
			tried++
			a := r.call(row.Method, path, bodyFor(row.Method+" "+row.Path))
			if strings.Contains(a.body, secret) {
				t.Errorf("%s %s shows another workspace's data:\n%s", row.Method, path, a.body)
			}
			if want := foreign(row.Path); want != 0 && a.status != want {
				t.Errorf("%s %s: status %d, want %d\n%s", row.Method, path, a.status, want, a.body)
			}
			token := r.header.Get("Authorization")
			r.header.Del("Authorization")
			if a := r.call(row.Method, path, bodyFor(row.Method+" "+row.Path)); !row.Public && a.status != 401 {
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

// foreign returns the status with which a path answers ids of another workspace.
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
	path = strings.NewReplacer("{userId}", ids["member"], "{inviteId}", ids["invite"]).Replace(path)
	return []string{
		strings.ReplaceAll(path, "{id}", id),
		strings.ReplaceAll(path, "{id}", e.Name+"/"+id),
		strings.Replace(path, "/"+e.Route()+"/{id}", "/"+e.Name+"/"+id, 1),
	}
}

// snapshot returns all that a workspace's user sees of its records.
func snapshot(r *rig) string {
	r.t.Helper()
	var b strings.Builder
	for _, path := range []string{"/contacts", "/companies", "/deals", "/activities", "/audit", "/reminders", "/workspaces"} {
		b.WriteString(r.want(200, "GET", path+"?format=json", ""))
	}
	return b.String()
}

// TestForeignIdsInBodiesAndFilters tries another workspace's ids where a value
// is an id.
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
