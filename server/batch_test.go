package server_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"crmkit/crm"
	"crmkit/crm/catalog"
	"crmkit/store"
)

// contactsBatch returns a batch that creates n contacts with a prefix.
func contactsBatch(prefix string, n int) string {
	lines := make([]string, n)
	for i := range lines {
		lines[i] = fmt.Sprintf(`{"method":"POST","path":"/contacts","body":{"name":"%s %d","email":"%[1]s%[2]d@acme.com"}}`, prefix, i)
	}
	return "[" + strings.Join(lines, ",") + "]"
}

// whole returns all that a batch could change: records, log and usage.
func whole(r *rig) string {
	return exported(r) + r.want(200, "GET", "/audit?limit=500", "") + r.want(200, "GET", "/whoami", "")
}

// TestBatchWithAFailureSavesNothing lets each line of a batch fail, before and after it has written
// something.
func TestBatchWithAFailureSavesNothing(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	lines := []string{
		`{"method":"POST","path":"/companies","body":{"name":"Acme","domain":"acme.com"},"as":"co"}`,
		`{"method":"POST","path":"/contacts","body":{"name":"Ann","email":"ann@acme.com","company_id":"$co"},"as":"ann"}`,
		`{"method":"POST","path":"/campaigns","body":{"name":"Autumn"},"as":"autumn"}`,
		`{"method":"POST","path":"/campaigns/$autumn/members","body":{"contact_id":"$ann"}}`,
		`{"method":"POST","path":"/contacts/$ann/activities","body":{"kind":"call","body":"Hello"}}`,
		`{"method":"PATCH","path":"/contacts/$ann","body":{"stage":"lead"}}`,
	}
	missing := r.id("campaign", 99)
	failing := []string{
		`{"method":"POST","path":"/contacts","body":{"name":""},"as":"%s"}`,
		`{"method":"POST","path":"/contacts?campaign=` + missing + `","body":{"name":"Bob","email":"bob@acme.com"},"as":"%s"}`, // fails after the contact is made
		`{"method":"PATCH","path":"/contacts/` + r.id("contact", 99) + `","body":{"name":"Bob"},"as":"%s"}`,
	}
	before := whole(r)
	for i := range lines {
		for _, fails := range failing {
			list := slices.Clone(lines)
			list[i] = fmt.Sprintf(fails, []string{"co", "ann", "autumn", "x", "y", "z"}[i])
			a := r.call("POST", "/batch", "["+strings.Join(list, ",")+"]")
			if a.status < 400 || !strings.Contains(a.body, fmt.Sprintf("\n%d ERROR ", i+1)) || !strings.Contains(a.body, "nothing was saved, because line") {
				t.Errorf("line %d: %d %s", i+1, a.status, a.body)
			}
			if after := whole(r); after != before {
				t.Fatalf("line %d failed with %s, and something was saved:\n%s", i+1, a.body, diff(before, after))
			}
		}
	}
	if text := r.want(200, "POST", "/batch", "["+strings.Join(lines, ",")+"]"); !endsWith(text, "\n# 6 done\n") {
		t.Error(text)
	}
}

// TestBatchIsCappedAsAWhole checks that a cap that only the last line exceeds saves nothing, and takes
// nothing of the plan.
func TestBatchIsCappedAsAWhole(t *testing.T) {
	r := newRigWith(t, store.Options{Plans: catalog.Plans{{Name: "small", Caps: []catalog.Cap{{Resource: "contacts", Max: 3}}}}, Plan: "small"}).as("jane@acme.com")
	a := r.call("POST", "/batch", contactsBatch("a", 4))
	if a.status != 403 || !strings.HasPrefix(a.body, "ERROR plan_limit_reached\n") || !strings.Contains(a.body, "\n4 ERROR plan_limit_reached ") || !strings.Contains(a.body, "# no error, but not saved: lines 1-3\n") {
		t.Errorf("%d %s", a.status, a.body)
	}
	if text := r.want(200, "GET", "/whoami", ""); !strings.Contains(text, "contacts: 0 / 3") {
		t.Error(text)
	}
	if text := r.want(200, "POST", "/batch?atomic=0", contactsBatch("b", 4)); !endsWith(text, "\n# 3 done, 1 failed\n") {
		t.Error(text)
	}
	if text := r.want(200, "GET", "/whoami", ""); !strings.Contains(text, "contacts: 3 / 3") {
		t.Error(text)
	}
}

// TestBatchIsRepeatedByItsKey sends batches many times at once, each with its key.
func TestBatchIsRepeatedByItsKey(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	body := func(n int) string {
		return fmt.Sprintf(`[{"method":"POST","path":"/deals","body":{"title":"deal %d"},"as":"d"},{"method":"POST","path":"/deals/$d/activities","body":{"kind":"note","body":"x"}}]`, n)
	}
	answers := make([]answer, 40)
	together(len(answers), func(i int) {
		answers[i] = r.call("POST", "/batch", body(i%4), "Idempotency-Key", fmt.Sprint("key-", i%4))
	})
	different := map[string]bool{}
	for _, a := range answers {
		different[strings.TrimSuffix(a.body, "# replayed\n")] = true
		if a.status != 200 {
			t.Errorf("%d %s", a.status, a.body)
		}
	}
	if list := r.want(200, "GET", "/activities?total=exact", ""); !strings.Contains(list, "# 4 of 4 activities\n") || len(different) != 4 {
		t.Errorf("%d different answers, and\n%s", len(different), list)
	}
	r.want(409, "POST", "/batch", body(1), "Idempotency-Key", "key-0")
	r.want(409, "POST", "/batch?atomic=0", body(0), "Idempotency-Key", "key-0")
	wrong := `[{"method":"POST","path":"/deals","body":{"title":""}}]`
	r.want(400, "POST", "/batch", wrong, "Idempotency-Key", "free")
	if a := r.call("POST", "/batch", body(9), "Idempotency-Key", "free"); a.status != 200 || strings.Contains(a.body, "replayed") {
		t.Errorf("a batch that was refused used up its key: %d %s", a.status, a.body)
	}
}

// TestLargeBatchIsRepeatedWithItsIds checks that a stored answer has the records of every line, also if
// what changed is too large to be stored.
func TestLargeBatchIsRepeatedWithItsIds(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	lines := make([]string, 500)
	for i := range lines {
		lines[i] = fmt.Sprintf(`{"method":"PATCH","path":"/deals/%s","body":{"notes":"%s"}}`, r.id("deal", 1), strings.Repeat(string(rune('a'+i%20)), 200))
	}
	r.want(201, "POST", "/deals", `{"title":"x"}`)
	body := "[" + strings.Join(lines, ",") + "]"
	first := r.want(200, "POST", "/batch", body, "Idempotency-Key", "large")
	again := r.want(200, "POST", "/batch", body, "Idempotency-Key", "large")
	handle := "deal/" + r.id("deal", 1)
	if !strings.Contains(first, "500 updated "+handle+" notes ") || !strings.Contains(again, "\n500 updated "+handle+"\n# 500 done\n") || !strings.Contains(again, "# replayed\n") {
		t.Errorf("%.300s\n…%s", again, again[max(0, len(again)-300):])
	}
	if version := r.json(200, "GET", "/deals/"+r.id("deal", 1), "")["version"]; fmt.Sprint(version) != "501" {
		t.Errorf("it is at version %v", version)
	}
}

// TestBatchHasTheRightsOfItsCalls checks scope and role of each line.
func TestBatchHasTheRightsOfItsCalls(t *testing.T) {
	r := newRig(t)
	ann := r.mint("ann@acme.com")
	r.seat(ann, "bob@acme.com", crm.RoleMember)
	bob := r.mint("bob@acme.com")
	token := func(of person, workspace, scope string) string {
		a := r.send(of.token, "POST", "/workspaces/"+workspace+"/tokens", `{"token_name":"x","scope":"`+scope+`"}`)
		return a.text("token")
	}
	made := r.send(ann.token, "POST", "/batch", `[{"method":"POST","path":"/contacts","body":{"name":"Eve"},"as":"eve"},{"method":"POST","path":"/contacts/$eve/activities","body":{"kind":"note","body":"by Ann"}},
		{"method":"POST","path":"/campaigns","body":{"name":"Autumn"},"as":"a"},{"method":"POST","path":"/campaigns/$a/members","body":{"contact_id":"$eve"}}]`)
	if made.status != 200 {
		t.Fatal(made.body)
	}
	remove := `[{"method":"DELETE","path":"/campaigns/` + r.id("campaign", 1) + `/members/` + r.id("contact", 1) + `"}]`
	change := `[{"method":"PATCH","path":"/activities/` + r.id("activity", 1) + `","body":{"body":"by Bob"}}]`
	reads, writes, bobs := token(ann, ann.WorkspaceID, "read"), token(ann, ann.WorkspaceID, "write"), token(bob, ann.WorkspaceID, "full")
	for _, c := range []struct{ token, body, want string }{
		{reads, change, "403 scope_required"}, {writes, remove, "403 scope_required"}, {bobs, change, "403 admin_required"},
		{writes, change, "200"}, {bobs, remove, "200"},
	} {
		if a := r.send(c.token, "POST", "/batch", c.body); strings.TrimSpace(fmt.Sprint(a.status, " ", a.text("error"))) != c.want {
			t.Errorf("%s: %d %s, want %s", c.body, a.status, a.body, c.want)
		}
	}
	other := r.mint("eve@acme.com")
	if a := r.send(other.token, "POST", "/batch", change); a.status != 404 || !strings.Contains(a.body, "not an id of this workspace") {
		t.Errorf("from another workspace: %d %s", a.status, a.body)
	}
}

// TestBatchIsOneChange checks that a batch is one transaction and one group of the log.
func TestBatchIsOneChange(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	r.want(200, "POST", "/batch", contactsBatch("a", 1)) // makes the origin of the entries
	commits := 0
	r.watch(func(b store.Batch) { commits += b.Writes })
	r.want(200, "POST", "/batch", contactsBatch("b", 50))
	r.want(400, "POST", "/batch?atomic=0", `[{"method":"POST","path":"/deals","body":{}}]`)
	var groups, entries int64
	err := r.store.Read(t.Context(), func(v *store.ReadTx) error {
		return v.Row(t.Context(), "SELECT COUNT(DISTINCT COALESCE(change_group, key % 1099511627776)), COUNT(*) FROM log WHERE action = 'create'", nil, &groups, &entries)
	})
	if err != nil || groups != 2 || entries != 51 || commits != 2 {
		t.Errorf("%d groups of %d entries in %d writes, %v", groups, entries, commits, err)
	}
}

// TestBatchesAtOnce sends batches about the same records at once, also to several servers.
func TestBatchesAtOnce(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	together(20, func(i int) {
		body := fmt.Sprintf(`[{"method":"POST","path":"/companies","body":{"name":"Acme","domain":"acme.com"},"as":"co"},{"method":"POST","path":"/contacts","body":{"name":"Ann","email":"a%d@acme.com","company_id":"$co"},"as":"a"},
			{"method":"PATCH","path":"/companies/$co","body":{"custom":{"k%[1]d":1}}},{"method":"POST","path":"/contacts/$a/activities","body":{"kind":"call","body":"x"}}]`, i)
		if a := r.call("POST", "/batch", body); a.status != 200 {
			t.Errorf("%d %s", a.status, a.body)
		}
	})
	company := r.json(200, "GET", "/companies/"+r.id("company", 1), "")
	if custom, _ := company["custom"].(map[string]any); len(custom) != 20 || fmt.Sprint(company["activities"]) != "20" || fmt.Sprint(r.json(200, "GET", "/companies", "")["total"]) != "1" {
		t.Errorf("%v", company)
	}
}

// TestBatchOfOneIsItsCall checks that the status and code of a batch of one are those of the call.
func TestBatchOfOneIsItsCall(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	r.want(201, "POST", "/contacts", `{"name":"Ann","email":"ann@acme.com"}`)
	r.want(201, "POST", "/contacts", `{"name":"Bob","email":"bob@acme.com"}`)
	bob := "/contacts/" + r.id("contact", 2)
	for _, c := range [][3]string{{"PATCH", bob, `{"email":"ann@acme.com"}`}, {"PATCH", bob, `{"name":"B","version":7}`}, {"PATCH", bob, `{"nmae":"B"}`}, {"PATCH", bob + "9", `{}`},
		{"POST", "/contact", `{}`}, {"PUT", "/contacts", `{}`}, {"POST", "/deals?x=1", `{"title":"x"}`}, {"POST", "/deals", ``}, {"POST", "/deals", `{"title":"x","contact_id":"` + r.id("contact", 9) + `"}`}} {
		line := map[string]any{"method": c[0], "path": c[1], "body": c[2]}
		one, batch := r.call(c[0], c[1], c[2], "Accept", "application/json"), r.call("POST", "/batch", string(must(json.Marshal([]any{line}))), "Accept", "application/json")
		want, got := decoded(t, one.body), decoded(t, batch.body)
		first := got["lines"].([]any)[0].(map[string]any)
		delete(first, "line")
		if c[0] != "PUT" && (one.status != batch.status || fmt.Sprint(first) != fmt.Sprint(want)) || got["error"] != want["error"] {
			t.Errorf("%v: %d %s\n%d %s", c, one.status, one.body, batch.status, batch.body)
		}
	}
}

// TestBatchOverMCP sends batches with the tools.
func TestBatchOverMCP(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	lines := []any{
		map[string]any{"method": "POST", "path": "/companies", "body": map[string]any{"name": "Acme"}, "as": "co"},
		map[string]any{"method": "POST", "path": "/contacts", "body": map[string]any{"name": "Ann", "company_id": "$co"}},
	}
	for path, tool := range map[string]string{"/mcp": "request", "/mcp/tools": "write"} {
		text, failed := r.tool(path, tool, map[string]any{"method": "POST", "path": "/batch", "body": lines})
		if failed || !strings.Contains(text, "1 created company/") || !endsWith(text, "\n# 2 done\n") {
			t.Errorf("%s: %s", tool, text)
		}
		text, failed = r.tool(path, tool, map[string]any{"method": "POST", "path": "/batch", "body": append(lines, map[string]any{"method": "POST", "path": "/workspaces/x/tokens"})})
		if !failed || !strings.Contains(text, "3 ERROR invalid_value POST /workspaces/{id}/tokens cannot be a line of a batch") {
			t.Errorf("%s: %s", tool, text)
		}
	}
}

// TestBatchIsBounded checks the limits of a batch.
func TestBatchIsBounded(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	if text := r.want(200, "POST", "/batch", contactsBatch("a", 500)); !endsWith(text, "\n# 500 done\n") {
		t.Error(text[max(0, len(text)-200):])
	}
	r.want(400, "POST", "/batch", contactsBatch("b", 501))
	r.want(413, "POST", "/batch", "["+strings.Repeat(" ", 1<<20)+"]")
	if list := r.want(200, "GET", "/contacts?limit=1&total=exact", ""); !strings.Contains(list, " of 500 contacts") {
		t.Error(list)
	}
}

// TestBatchChangesAreBounded checks that the records that follow from a line count, and that a record with
// many references cannot be deleted in a batch.
func TestBatchChangesAreBounded(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	var deletes []string
	for i, n := range []int{150, 150, 150, 150, 150, 150, 150, 201} {
		r.want(201, "POST", "/contacts", fmt.Sprintf(`{"name":"Ann %d"}`, i))
		contact := r.id("contact", int64(i+1))
		line := `{"method":"POST","path":"/contacts/` + contact + `/activities","body":{"kind":"note","body":"x"}}`
		r.want(200, "POST", "/batch", "["+strings.Repeat(line+",", n-1)+line+"]")
		deletes = append(deletes, `{"method":"DELETE","path":"/contacts/`+contact+`"}`)
	}
	before := whole(r)
	for _, c := range []struct {
		from, to int
		want     string
	}{
		{0, 7, "\n7 ERROR invalid_value with this line the batch changes more than the maximum of 1000 records"},
		{7, 8, "\n1 ERROR invalid_value so many records refer to contact/" + r.id("contact", 8)},
	} {
		body := "[" + strings.Join(deletes[c.from:c.to], ",") + "]"
		for _, path := range []string{"/batch", "/batch?dry_run=1"} {
			if a := r.call("POST", path, body); a.status != 400 || !strings.Contains(a.body, c.want) {
				t.Errorf("%s: %d %s", path, a.status, a.body)
			}
		}
	}
	if after := whole(r); after != before {
		t.Errorf("something was saved:\n%s", diff(before, after))
	}
	body := "[" + strings.Join(deletes[:6], ",") + "]"
	token := decoded(t, r.want(409, "POST", "/batch", body, "Accept", "application/json"))["confirm"].(string)
	if text := r.want(200, "POST", "/batch?confirm="+token, body); !strings.Contains(text, "# 6: also deleted: 150 activities\n# 6 done\n") {
		t.Error(text)
	}
}

// TestBatchAnswersFitOpenAPI validates answers to batches with the schemas of the document.
func TestBatchAnswersFitOpenAPI(t *testing.T) {
	r := newRig(t)
	doc := loadAPI(t, r)
	r.as("jane@acme.com")
	good := doc.Paths.Value("/batch").Post.Responses.Status(200).Value.Content["application/json"].Schema.Value
	bad := doc.Components.Schemas["Error"].Value
	line := func(body string) string {
		return `[{"method":"POST","path":"/deals","body":` + body + `,"as":"d"},{"method":"POST","path":"/deals/$d/tasks","body":{"title":"x"}}]`
	}
	for _, c := range []struct {
		path, body string
		schema     *openapi3.Schema
	}{
		{"/batch", line(`{"title":"x"}`), good}, {"/batch?dry_run=1", line(`{"title":"x"}`), good}, {"/batch", line(`{}`), bad},
		{"/batch?atomic=0", strings.TrimSuffix(line(`{}`), "]") + `,{"method":"POST","path":"/deals","body":{"title":"y"}}]`, good},
	} {
		var value any
		if err := json.Unmarshal([]byte(r.call("POST", c.path, c.body, "Accept", "application/json").body), &value); err != nil {
			t.Fatal(err)
		}
		if err := c.schema.VisitJSON(value); err != nil {
			t.Errorf("%s %s: %v", c.path, c.body, err)
		}
	}
}

// TestIDsOfUnsavedBatchesAreNotShown has a line fail, and others succeed, because of records that lines
// before would make: the ids of these are in no answer, since other records may get them.
func TestIDsOfUnsavedBatchesAreNotShown(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	mine := `{"method":"POST","path":"/contacts","body":{"name":"Ann Example","email":"ann@acme.com"}%s}`
	bob := r.want(201, "POST", "/contacts", `{"name":"Bob","email":"bob@corp.com"}`)
	id := strings.TrimPrefix(strings.Fields(bob)[0], "contact/")
	taken := `{"method":"PATCH","path":"/contacts/` + id + `","body":{"email":"ann@acme.com"}}`
	alike := `{"method":"POST","path":"/contacts","body":{"name":"Ann Example","email":"ann.example@acme.com"}}`
	for as, name := range map[string]string{`,"as":"ann"`: "$ann", "": "(line 1)"} {
		body := "[" + fmt.Sprintf(mine, as) + "," + taken + "," + alike + "]"
		belongs := "2 ERROR already_exists email=ann@acme.com belongs to contact/" + name + ". Update that record with PATCH /contacts/" + name + ", or send another email.\n"
		for path, status := range map[string]int{"/batch": 409, "/batch?atomic=0&dry_run=1": 200} {
			text := r.want(status, "POST", path, body)
			asJSON := r.want(status, "POST", path+strings.ReplaceAll("?format=json", "?", map[bool]string{true: "&", false: "?"}[strings.Contains(path, "?")]), body)
			if !strings.Contains(text, belongs) {
				t.Errorf("%s: %s\nwant %s", path, text, belongs)
			}
			if status == 200 && !strings.Contains(text, "# 3: looks like contact/"+name) {
				t.Errorf("%s does not say that contact 3 looks like contact 1: %s", path, text)
			}
			for _, shown := range []string{text, asJSON} {
				if next := r.id("contact", 2); strings.Contains(shown, next) || strings.Contains(shown, r.id("contact", 3)) {
					t.Errorf("%s shows an id that no record has: %s", path, shown)
				}
			}
		}
	}
}

// TestBatchesShowARecordOnce sends a batch whose lines all fail with a version conflict. The answer has a
// record once, and the first 20 of many.
func TestBatchesShowARecordOnce(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	var lines []string
	for range 30 {
		id := r.json(201, "POST", "/contacts", `{"name":"Ann","notes":"`+strings.Repeat("n", 1000)+`"}`)["id"].(string)
		for range 2 {
			lines = append(lines, `{"method":"PATCH","path":"/contacts/`+id+`","body":{"stage":"q","version":99}}`)
		}
	}
	for _, query := range []string{"", "?atomic=0", "?format=json", "?dry_run=1"} {
		got := r.want(412, "POST", "/batch"+query, "["+strings.Join(lines, ",")+"]")
		if n := strings.Count(got, strings.Repeat("n", 1000)); n != 20 {
			t.Errorf("%q: the notes of %d records are shown", query, n)
		}
		if below, read := strings.Count(got, "Decide on the record below"), strings.Count(got, "Read it, decide, then repeat with its version"); below != 20 || read != 40 {
			t.Errorf("%q: %d lines show a record, %d say how to read it", query, below, read)
		}
	}
}

// TestBatchesHaveNoVersion sends If-Match with a batch, which has lines of many records.
func TestBatchesHaveNoVersion(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	got := r.want(400, "POST", "/batch", `[{"method":"POST","path":"/contacts","body":{"name":"Ann"}}]`, "If-Match", "3")
	if list := r.want(200, "GET", "/contacts", ""); !strings.Contains(got, `"body":{"version":7}`) || strings.Contains(list, "Ann") {
		t.Errorf("%s\n%s", got, list)
	}
}

// TestCustomKeysHaveNoChanges sends what changes the value of a number or a list to a key of custom, whose
// value would be replaced by it.
func TestCustomKeysHaveNoChanges(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	id := r.json(201, "POST", "/contacts", `{"name":"Ann","custom":{"seats":12,"place":{"add":1,"row":2}}}`)["id"].(string)
	for _, change := range []string{`{"multiply":2}`, `{"add":-1}`, `{"shift":"+7d"}`} {
		got := r.want(400, "PATCH", "/contacts/"+id, `{"custom":{"seats":`+change+`}}`)
		if !strings.Contains(got, "custom.seats: ") || !strings.Contains(got, "send the new value") {
			t.Errorf("%s: %s", change, got)
		}
	}
	if got := r.want(200, "GET", "/contacts/"+id, ""); !strings.Contains(got, "custom.seats=12") {
		t.Errorf("%s", got)
	}
}
