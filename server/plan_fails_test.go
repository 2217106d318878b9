package server_test

import (
	"strings"
	"testing"
)

// TestConfirmationsThatFailNow plans writes that a write of another user makes impossible. Each is plan_stale, with the
// error and who caused it, without a new token; and as soon as that is taken back the old token does it.
func TestConfirmationsThatFailNow(t *testing.T) {
	for _, test := range []struct{ what, method, path, body, meanwhile, says string }{
		{"its record is deleted", "PATCH", "/contacts/$contact", `{"stage":"lead"}`, "DELETE /contacts/$contact", "it fails now with not_found: there is no contact $contact: jane@acme.com deleted it on "},
		{"its e-mail is taken", "PATCH", "/contacts/$contact", `{"email":"new@acme.com"}`, `POST /contacts {"name":"Ann","email":"new@acme.com"}`, "it fails now with already_exists: "},
		{"its reference is deleted", "POST", "/deals", `{"title":"Seats","contact_id":"$contact"}`, "DELETE /contacts/$contact", "it fails now with reference_not_found: contact_id: there is no contact $contact"},
		{"what it deletes is deleted", "DELETE", "/contacts/$contact", "", "DELETE /contacts/$contact", "it fails now with not_found: "},
		{"a record to merge is deleted", "POST", "/contacts/$other/merge", `{"from":["$contact"]}`, "DELETE /contacts/$contact", "it fails now with not_found: "},
		{"a contact to link is deleted", "POST", "/campaigns/$campaign/members", `{"contacts":["$contact"]}`, "DELETE /contacts/$contact", "it fails now with reference_not_found: "},
		{"the campaign is deleted", "POST", "/campaigns/$campaign/members", `{"filter":"stage=is:null"}`, "DELETE /campaigns/$campaign", "it fails now with not_found: there is no campaign $campaign: jane@acme.com deleted it on "},
		{"a record of many cannot be written", "PATCH", "/deals?all=1&atomic=1", `{"amount_cents":{"multiply":2}}`, `PATCH /deals/$deal {"amount_cents":9007199254740991}`, "it fails now with invalid_value: deal/$deal: amount_cents would be "},
		{"its version is another one", "PATCH", "/contacts/$contact", `{"stage":"lead","version":1}`, `PATCH /contacts/$contact {"title":"CTO"}`, "it fails now with version_conflict: contact/$contact is at version 2, not 1"},
	} {
		t.Run(test.what, func(t *testing.T) {
			onServers(t, func(t *testing.T, r *rig) {
				r.as("jane@acme.com")
				ids := r.scene()
				path, body := ids.Replace(test.path), ids.Replace(test.body)
				sign := map[bool]string{true: "&", false: "?"}[strings.Contains(path, "?")]
				token := r.planned(test.method, path+sign+"dry_run=1", body)
				r.do(ids.Replace(test.meanwhile))
				text := r.want(409, test.method, path+sign+"confirm="+token, body)
				if !strings.HasPrefix(text, "ERROR plan_stale\nHINT  the plan does not hold any more, "+ids.Replace(test.says)) || strings.Contains(text, "confirm: ") || !strings.Contains(text, "There is no new token") {
					t.Error(text)
				}
				if strings.HasPrefix(test.meanwhile, "DELETE") && !strings.Contains(text, " jane@acme.com deleted ") {
					t.Errorf("nobody is named: %s", text)
				}
			})
		})
	}
}

// scene makes a contact, another one, a deal and a campaign, and returns what puts their ids into texts.
func (r *rig) scene() *strings.Replacer {
	id := func(path, body string) string { return r.json(201, "POST", path, body)["id"].(string) }
	return strings.NewReplacer("$contact", id("/contacts", `{"name":"Joe"}`), "$other", id("/contacts", `{"name":"Jane"}`),
		"$deal", id("/deals", `{"title":"12 seats","amount_cents":100}`), "$campaign", id("/campaigns", `{"name":"Spring"}`))
}

// do does a write like "PATCH /contacts/c_1 {…}", a delete with its confirmation.
func (r *rig) do(write string) {
	r.t.Helper()
	method, rest, _ := strings.Cut(write, " ")
	path, body, _ := strings.Cut(rest, " ")
	a := r.call(method, path, body)
	if token := tokenIs.FindStringSubmatch(a.body); a.status == 409 && token != nil {
		a = r.call(method, path+"?confirm="+token[1], body)
	}
	if a.status >= 300 {
		r.t.Fatalf("%s: %d %s", write, a.status, a.body)
	}
}

// TestBatchesThatFailNow confirms a batch of which a line fails by now: nothing is saved, and the answer has the
// line. With atomic=0 the other lines are another plan, with a token.
func TestBatchesThatFailNow(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	ids := r.scene()
	body := ids.Replace(`[{"method":"POST","path":"/companies","body":{"name":"Acme"}},{"method":"PATCH","path":"/contacts/$contact","body":{"stage":"lead"}}]`)
	whole, each := r.planned("POST", "/batch?dry_run=1", body), r.planned("POST", "/batch?atomic=0&dry_run=1", body)
	r.do(ids.Replace("DELETE /contacts/$contact"))
	text := r.want(409, "POST", "/batch?confirm="+whole, body)
	if !strings.HasPrefix(text, "ERROR plan_stale\nHINT  the plan does not hold any more, it fails now with not_found: nothing was saved, because line 2 fails; the reason is below.") ||
		!strings.Contains(text, "\n2 ERROR not_found there is no contact ") {
		t.Error(text)
	}
	text = r.want(409, "POST", "/batch?atomic=0&confirm="+each, body)
	if !strings.HasPrefix(text, "ERROR plan_stale\nHINT  the plan does not hold any more: line 2 fails now with not_found. ") {
		t.Error(text)
	}
	if text = r.want(200, "POST", "/batch?atomic=0&confirm="+tokenIs.FindStringSubmatch(text)[1], body); !endsWith(text, "# 1 done, 1 failed\n") {
		t.Error(text)
	}
}

// TestSpentTokensOutliveTheirRecords asks for the answer to a confirmation whose record was deleted since.
func TestSpentTokensOutliveTheirRecords(t *testing.T) {
	onServers(t, func(t *testing.T, r *rig) {
		r.as("jane@acme.com")
		ids := r.scene()
		path, body := ids.Replace("/campaigns/$campaign/members"), `{"filter":"stage=is:null"}`
		token := r.planned("POST", path+"?dry_run=1", body)
		done := r.want(200, "POST", path+"?confirm="+token, body)
		r.do(ids.Replace("DELETE /campaigns/$campaign"))
		if again := r.want(200, "POST", path+"?confirm="+token, body); again != done+"# already done\n" {
			t.Error(again)
		}
	})
}
