package server_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"crmkit/store/storetest/kit"
)

// pastQuestion is a GET that is asked when something was, and later about that time.
type pastQuestion struct {
	path, query string
	cursor      string // the place
	answer      string
}

// pageOf returns what an answer says without what may differ: remarks, the cursor of the next page, and the hints of errors.
func (w *undoWorld) pageOf(path, query string) (text, next string) {
	w.t.Helper()
	a := w.call("GET", path+"?"+query, "", "Accept", "application/json")
	if a.status == 404 {
		return "404", ""
	}
	if a.status != 200 {
		w.t.Fatalf("GET %s?%s: %d %s\nafter %s", path, query, a.status, a.body, w.last)
	}
	var object map[string]json.RawMessage
	if err := json.Unmarshal([]byte(a.body), &object); err != nil {
		w.t.Fatal(err)
	}
	_ = json.Unmarshal(object["next_cursor"], &next)
	delete(object, "next_cursor")
	delete(object, "remarks")
	whole, err := json.Marshal(object)
	if err != nil {
		w.t.Fatal(err)
	}
	lines := strings.Split(w.want(200, "GET", path+"?"+query, ""), "\n")
	lines = slices.DeleteFunc(lines, func(line string) bool { return strings.HasPrefix(line, "#") })
	return strings.ReplaceAll(string(whole), "},{", "},\n{") + "\n" + strings.Join(lines, "\n") + fmt.Sprintf("\nmore: %t", next != ""), next
}

// answerTo returns the answer to a question, with at most three pages; at is the parameter, or empty.
func (w *undoWorld) answerTo(q pastQuestion, at string) string {
	w.t.Helper()
	query := q.query + at
	text, next := w.pageOf(q.path, query)
	for range 3 {
		if next == "" {
			break
		}
		var page string
		page, next = w.pageOf(q.path, query+"&cursor="+url.QueryEscape(next))
		text += "\n" + page
	}
	return text
}

// pastFilters are conditions on a kind, without those that name a record.
func (w *undoWorld) pastFilters(plural string) []string {
	n := func(most int) int { return w.random.IntN(most) }
	all := []string{"updated_at=gte:2026-06-10T09:00:30Z", fmt.Sprintf("version=gt:%d", n(3)), "created_by=me", fmt.Sprintf("external_ids=crm:%d", n(60)), "external_ids=not:null",
		fmt.Sprintf("id=ne:%s", w.idOf(plural)), "id=in:" + w.idOf(plural) + "," + w.idOf(plural)}
	custom := []string{fmt.Sprintf("custom.seats=%d", n(5)), "custom.seats=gt:2", "custom.a=x", "custom.b=ne:y", "custom.z=not:null", "custom.a=like:x", "custom=is:null"}
	tags := []string{"tags=eu", "tags=vip,eu", "tags=ne:vip", "tags=is:null", "tags=like:v"}
	kept := []string{fmt.Sprintf("activities=gte:%d", 1+n(2)), "last_activity=not:null", "on_behalf_of=me", "on_behalf_of=bob@acme.com", "on_behalf_of=not:null", "last_activity=lt:2026-06-08"}
	company := []string{"company=" + w.idOf("companies"), "company.name=like:acme", fmt.Sprintf("company.domain=d%d.test", n(40)), "company.tags=eu", "company.custom.seats=3", "company.activities=gt:0",
		"company.other_domains=not:null", "company=is:null", "company.tags=ne:vip", fmt.Sprintf("company.external_ids=crm:%d", n(60))}
	contact := []string{"contact=" + w.idOf("contacts"), fmt.Sprintf("contact.email=p%d@acme.test", n(40)), "contact.company.name=like:acme", "contact.stage=not:null", "contact.company=" + w.idOf("companies"), "contact.tags=eu"}
	switch plural {
	case "companies":
		return slices.Concat(all, custom, tags, kept, []string{fmt.Sprintf("domain=d%d.test", n(40)), "address.city=Ulm", "campaign=" + w.idOf("campaigns"), "campaign.status=active", fmt.Sprintf("domain=o%d.test", n(40)), "name=like:acme"})
	case "contacts":
		return slices.Concat(all, custom, tags, kept, company, []string{fmt.Sprintf("email=p%d@acme.test", n(40)), fmt.Sprintf("email=q%d@acme.test", n(40)), fmt.Sprintf("stage=s%d", n(40)), "campaign=" + w.idOf("campaigns"), "campaign.name=like:wave", "follow_up_at=not:null", fmt.Sprintf("phone=+49 30 12345%d", n(40)), "outreach=gt:0"})
	case "deals":
		return slices.Concat(all, custom, tags, kept, company, contact, []string{"status=won", "contact.role=r3", "contact=" + w.idOf("contacts"), "contacts=gt:1", "amount_cents=gt:40", "closed_at=not:null", "stage=won"})
	case "tickets":
		return slices.Concat(all, custom, tags, kept, company, []string{"status=solved", "priority=gte:high", "requester=" + w.idOf("contacts"), "requester.company.name=like:acme"})
	case "tasks":
		return slices.Concat(all, custom, company, contact, []string{"done=yes", "deal.title=like:seats", "ticket=" + w.idOf("tickets"), "deal.contact.name=like:ann"})
	case "campaigns":
		return slices.Concat(all, custom, []string{"status=active", "contacts=gt:0", "contact=" + w.idOf("contacts"), "company.name=like:acme", "contact.company=" + w.idOf("companies")})
	case "deal_contacts":
		return slices.Concat(all, contact, []string{"deal.status=won", "role=r3", "deal=" + w.idOf("deals")})
	case "campaign_members":
		return slices.Concat(all, contact, []string{"campaign.status=active", "reason=r3", "company.name=like:acme"})
	}
	return slices.Concat(all, contact, []string{"kind=call", "company=" + w.idOf("companies"), "company.name=like:acme", "deal=" + w.idOf("deals"), "ticket.status=open", "contact_company_id=not:null", "on_behalf_of=not:null"})
}

// pastSorts are orders of a kind.
var pastSorts = map[string][]string{"companies": {"name", "-activities", "domain", "-last_activity"}, "contacts": {"name", "-email", "stage", "-last_outreach", "company_id", "follow_up_at"},
	"deals": {"-amount_cents", "stage", "closed_at", "title"}, "tickets": {"-priority", "subject", "solved_at"}, "tasks": {"due_at", "-done_at", "title"}, "campaigns": {"-contacts", "name"},
	"campaign_members": {"contact_id", "campaign_id"}, "deal_contacts": {"contact_id", "role"}, "activities": {"occurred_at", "kind", "-contact_id"}}

// question returns a random question.
func (w *undoWorld) question() (q pastQuestion) {
	plural := undoKinds[w.random.IntN(len(undoKinds))]
	if w.random.IntN(4) == 0 {
		return pastQuestion{path: w.path(plural), query: "times=ms"}
	}
	q.path = "/" + plural
	if w.random.IntN(6) == 0 {
		q.path = w.path("contacts") + "/activities"
		plural = "activities"
	}
	q.query = fmt.Sprintf("times=ms&limit=%d", []int{1, 3, 7, 200}[w.random.IntN(4)])
	if sorts := append([]string{"-created_at", "id", "-id", "-updated_at", "version"}, pastSorts[plural]...); w.random.IntN(3) > 0 {
		q.query += "&sort=" + sorts[w.random.IntN(len(sorts))]
	}
	q.query += w.word("", "", "&total=exact", "&total=none")
	for range w.random.IntN(3) {
		filters := slices.DeleteFunc(w.pastFilters(plural), func(filter string) bool { return strings.Contains(filter, "none") }) // a kind without records
		name, value, _ := strings.Cut(filters[w.random.IntN(len(filters))], "=")
		q.query += "&" + name + "=" + url.QueryEscape(value)
	}
	return q
}

// TestThePast makes random writes of all kinds, undoes some, and asks random questions between them. Later each is asked
// again about the place where the log was then, and has the same answer.
func TestThePast(t *testing.T) {
	seed := kit.Seed(t)
	w := newUndoWorld(newRig(t).as("jane@acme.com"), seed)
	for range 30 {
		w.create()
	}
	var asked []pastQuestion
	for range 40 {
		group := w.write()
		if w.random.IntN(4) == 0 {
			group = w.restored()
		}
		if group != "" && w.random.IntN(6) == 0 {
			w.undo(group)
		}
		if err := w.store.Settle(t.Context()); err != nil {
			t.Fatal(err)
		}
		cursor := w.json(200, "GET", "/changes?since=now", "")["cursor"].(string)
		for range 10 {
			q := w.question()
			q.cursor, q.answer = cursor, w.answerTo(q, "")
			asked = append(asked, q)
		}
	}
	for _, q := range asked {
		if is := w.answerTo(q, "&at="+q.cursor); is != q.answer {
			t.Fatalf("GET %s?%s at %s\n%s", q.path, q.query, q.cursor, diff(q.answer, is))
		}
	}
}
