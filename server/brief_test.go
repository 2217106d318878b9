package server_test

import (
	"fmt"
	"strings"
	"testing"

	"crmkit/crm/norm"
)

// briefed is what is known of somebody before a call, and what an expert would want to hear.
type briefed struct {
	contact string   // members of the contact
	writes  []string // further writes: "path body", with $c for the contact and $co for its company
	facts   []string // that the brief must have
}

// accounts are of twelve kinds that differ in what matters.
var accounts = []briefed{
	{`"name":"Ana Reyes","title":"CFO","stage":"negotiation","notes":"Signs every contract herself."`,
		[]string{`/deals {"title":"Platform 2027","amount":"120000 EUR","stage":"negotiation","close_at":"+9d","contact_id":"$c"}`}, []string{"CFO", "Signs every contract herself.", "Platform 2027", "120000.00 EUR", "2026-06-19"}},
	{`"name":"Ben Okafor","stage":"lead","owner":"jane@acme.com"`, []string{`/contacts/$c/tasks {"title":"Send the security paper","due_at":"-3d","assignee":"jane@acme.com"}`}, []string{"Send the security paper", "2026-06-07", "assignee=jane@acme.com"}},
	{`"name":"Carla Neri","stage":"customer","follow_up_at":"+1d","follow_up_note":"Ask about the new site in Turin"`, nil, []string{"Ask about the new site in Turin", "2026-06-11"}},
	{`"name":"Dana Cole","stage":"customer"`, []string{`/tickets {"subject":"Export fails since Monday","priority":"high","requester_id":"$c"}`}, []string{"Export fails since Monday", "priority=high", "status=open"}},
	{`"name":"Erik Holm"`, []string{`/contacts/$c/activities {"kind":"call","body":"Budget is approved, but only until the end of June.","occurred_at":"-1d"}`, `/contacts/$c/activities {"kind":"email","body":"First contact.","occurred_at":"-40d"}`},
		[]string{"Budget is approved, but only until the end of June.", "First contact.", "kind=call"}},
	{`"name":"Fatma Demir","tags":["vip"],"custom":{"contract_ends":"2026-12-31"}`, nil, []string{"vip", "contract_ends=2026-12-31"}},
	{`"name":"Gus Lind","phone":"+46 70 123 45 67"`, []string{`/contacts {"name":"Lind, Gus","phone":"0046 70 1234567"}`}, []string{"+46 70 123 45 67", `name="Lind, Gus" possible_duplicate=`}},
	{`"name":"Hana Sato"`, []string{`/deals {"title":"Pilot","amount":"9000 EUR","stage":"proposal","contact_id":"$c"}`, `/deals {"title":"Rollout","amount":"90000 EUR","stage":"lead","contact_id":"$c"}`}, []string{"Pilot", "Rollout", "90000.00 EUR"}},
	{`"name":"Ivo Petrov"`, []string{`/contacts/$c/activities {"kind":"meeting","body":` + norm.QuoteJSON("They will switch suppliers. "+strings.Repeat("We spoke about many things at length. ", 60)) + `}`}, []string{"They will switch suppliers.", "kind=meeting"}},
	{`"name":"Jo Park","owner":"sam@acme.com","email":"jo@park.example"`, nil, []string{"owner=sam@acme.com", "jo@park.example"}},
	{`"name":"Kim Vos"`, []string{`/contacts/$c/tasks {"title":"Call about the invoice"}`, `/contacts/$c/tasks {"title":"Visit in July","due_at":"2026-07-05"}`}, []string{"Call about the invoice", "Visit in July", "2026-07-05"}},
	{`"name":"Lea Brandt","title":"Head of IT","notes":"Does not take calls on Fridays."`, []string{`/contacts/$c/activities {"kind":"note","body":"Compares us with Initech."}`}, []string{"Head of IT", "Does not take calls on Fridays.", "Compares us with Initech."}},
}

// TestBriefsHoldWhatMatters makes twelve accounts beside much else, and looks for each fact in a brief of 400 tokens.
func TestBriefsHoldWhatMatters(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	for i, a := range accounts {
		co := r.json(201, "POST", "/companies", fmt.Sprintf(`{"name":"Company %d","domain":"company%d.example"}`, i, i))["id"].(string)
		c := r.json(201, "POST", "/contacts", `{`+a.contact+`,"company_id":"`+co+`"}`)["id"].(string)
		for _, write := range a.writes {
			path, body, _ := strings.Cut(strings.ReplaceAll(strings.ReplaceAll(write, "$co", co), "$c", c), " ")
			r.want(201, "POST", path, body)
		}
		text := r.want(200, "GET", "/contacts/"+c+"/brief?budget=400", "")
		for _, fact := range append(a.facts, fmt.Sprintf("Company %d", i)) {
			if !strings.Contains(text, fact) {
				t.Errorf("the brief lacks %q:\n%s", fact, text)
			}
		}
		if n := tokensOf(t, text); n > 400 {
			t.Errorf("%d tokens:\n%s", n, text)
		}
	}
}

// TestBriefsSayWhatIsLeftOut checks the remark about rows beyond those of a brief, and what others changed.
func TestBriefsSayWhatIsLeftOut(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	c := r.json(201, "POST", "/contacts", `{"name":"Ana","stage":"lead"}`)["id"].(string)
	for i := range 9 {
		r.want(201, "POST", "/contacts/"+c+"/tasks", fmt.Sprintf(`{"title":"Task %d","due_at":"+%dd"}`, i, i))
	}
	text := r.want(200, "GET", "/contacts/"+c+"/brief", "")
	want := "# left out: 4 tasks: GET /tasks?contact=" + c + "&done_at=is:null&sort=due_at\n"
	if !strings.Contains(text, want) || strings.Contains(text, "changed") {
		t.Errorf("got\n%s\nwant %s", text, want)
	}
	if list := r.want(200, "GET", "/tasks?contact="+c+"&done_at=is:null&sort=due_at", ""); !strings.Contains(list, "# 9 of 9 tasks") {
		t.Error(list)
	}
	r.as("jane@acme.com").want(200, "PATCH", "/contacts/"+c, `{"stage":"own change"}`)
	space := workspaceOf(r)
	r.want(201, "POST", "/workspaces/"+space+"/invites", `{"email":"bob@acme.com"}`)
	jane := r.header.Get("Authorization")
	r.as("bob@acme.com")
	bob := r.json(201, "POST", "/workspaces/"+space+"/tokens", `{"token_name":"b"}`)["token"].(string)
	r.want(200, "PATCH", "/contacts/"+c, `{"stage":"won"}`, "Authorization", "Bearer "+bob)
	r.header.Set("Authorization", jane)
	text = r.want(200, "GET", "/contacts/"+c+"/brief", "")
	if !strings.Contains(text, "changed at=") || !strings.Contains(text, "by=bob@acme.com") || !strings.Contains(text, "to.stage=won") || strings.Contains(text, "to.stage=\"own change\"") {
		t.Errorf("the change of another is missing, or there is one of the reader:\n%s", text)
	}
	r.want(200, "POST", "/changes/seen", `{"cursor":"`+cursorOf.FindStringSubmatch(r.want(200, "GET", "/changes?since=now", ""))[1]+`"}`)
	if text = r.want(200, "GET", "/contacts/"+c+"/brief", ""); strings.Contains(text, "changed ") {
		t.Errorf("what was seen is shown again:\n%s", text)
	}
}

// TestBriefsShowTheLastChanges has another change a record more often than a brief shows, and asks for it by a tool too,
// whose answers may be longer than a brief.
func TestBriefsShowTheLastChanges(t *testing.T) {
	r, bob := undoTeamWith(t, smallSteps)
	c := r.json(201, "POST", "/contacts", `{"name":"Ana"}`)["id"].(string)
	for i := range 12 {
		bob.want(200, "PATCH", "/contacts/"+c, fmt.Sprintf(`{"stage":"t%d"}`, i))
	}
	r.want(201, "POST", "/contacts/"+c+"/activities", `{"kind":"call","body":"`+strings.Repeat("They asked for a discount. ", 400)+`"}`)
	if text, failed := r.request("GET", "/contacts/"+c+"/brief"); failed || tokensOf(t, text) > 1000 {
		t.Errorf("a tool gets %d tokens", tokensOf(t, text))
	}
	if text, failed := r.request("GET", "/contacts/"+c+"/brief?budget=5000"); failed || tokensOf(t, text) < 1500 {
		t.Errorf("a tool that asks for more gets %d tokens", tokensOf(t, text))
	}
	text := r.want(200, "GET", "/contacts/"+c+"/brief?budget=5000", "")
	if strings.Contains(text, "to.stage=t6") || !strings.Contains(text, "to.stage=t11") || !strings.Contains(text, "# 12 changes by others in the last 7 days\n") {
		t.Error(text)
	}
}
