package dumptest

import (
	"fmt"

	"crmkit/crm"
)

func (s *sample) campaign(r record) {
	r.named("name", "Campaign %d")
	r.texts("description", "People who asked for prices.", "status", oneOf(r.i, "active", "paused", "done"))
	r.custom()
	r.list("external_ids", "hubspot:%d")
	for i := range s.others() {
		if s.campaignOf(i+1) == r.i {
			field := oneOf(i+1, "companies", "contacts")
			r.Set(field, crm.Number(r.Value(field).Int+1))
		}
	}
}

func (s *sample) field(r record) {
	r.named("name", "field_%d")
	r.texts("kind", "contact", "required", "no", "unique", "no", "doc", "a key that no record of the sample has")
	if r.i%2 == 0 {
		r.texts("type", "reference", "ref", "company")
		return
	}
	r.texts("type", "choice")
	r.Set("options", crm.Labels([]string{"small", "large"}))
}

// pipeline has the stages of the deals of the sample.
func (s *sample) pipeline(r record) {
	r.texts("name", "sales", "kind", "deal", "default", "yes",
		"stages", `[{"name":"lead","probability":10},{"name":"qualified"},{"name":"proposal","stale_after":"14d"},{"name":"negotiation"},{"name":"customer"}]`)
}

func (s *sample) view(r record) {
	r.named("name", "view-%d")
	r.texts("kind", "contact", "query", "stage=lead&last_outreach=lt:-30d", "doc", "leads that nobody called")
}

func (s *sample) campaigns() int64              { return max(1, s.contacts/1000) }
func (s *sample) campaignOf(member int64) int64 { return 1 + member%s.campaigns() }

// member joins a contact or a company, in turn.
func (s *sample) member(r record) {
	campaign := s.campaignOf(r.i)
	r.refer("campaign_id", campaign, fmt.Sprint("Campaign ", campaign))
	if r.i%2 == 1 {
		r.refer("contact_id", s.contact(r.i), nameOf(s.contact(r.i)))
	} else {
		r.refer("company_id", s.company(r.i), companyName(s.company(r.i)))
	}
	r.named("reason", "asked for offer %d")
	r.list("external_ids", "hubspot:%d")
}

func companyName(i int64) string { return fmt.Sprintf("Company %d Ltd", i) }

func (s *sample) fillCompany(r record) {
	r.texts("name", companyName(r.i), "owner", jane)
	r.named("domain", "company%d.example")
	if r.i%5 == 2 {
		r.refer("parent_id", r.i-1, companyName(r.i-1))
	}
	r.tags()
	r.custom()
	if r.i%10 == 1 {
		r.list("other_domains", "company%d.test")
		r.list("external_ids", "hubspot:%d")
		r.address()
		r.texts("notes", "Pays late.")
	}
	s.roll(r)
}

// address sets an address with all its parts.
func (r record) address() {
	r.Set("address", crm.Members([]crm.Member{{Name: "street", JSON: fmt.Sprintf(`"Main Street %d"`, r.i)}, {Name: "city", JSON: `"Berlin"`}, {Name: "region", JSON: `"BE"`},
		{Name: "postal_code", JSON: `"10115"`}, {Name: "country", JSON: `"DE"`}}))
}

// nameOf returns one of 400 names.
func nameOf(i int64) string {
	return oneOf(i, "Anna", "Boris", "Clara", "David", "Elena", "Fritz", "Greta", "Hugo", "Irene", "Jonas", "Karin", "Lukas", "Maria", "Nils", "Olga", "Peter", "Quinn", "Rosa", "Stefan", "Tanja") + " " +
		oneOf(i/20, "Ander", "Berg", "Carl", "Dahl") + oneOf(i/80, "son", "mann", "berg", "feld", "wood")
}

// stage returns a stage that has nothing to do with the status.
func stage(i int64) string {
	return oneOf(i, "lead", "qualified", "proposal", "negotiation", "customer")
}

func (s *sample) fillContact(r record) {
	r.texts("name", nameOf(r.i), "stage", stage(r.i), "owner", jane)
	r.named("email", "person%d@company.example")
	r.named("phone", "+1 555 %d")
	r.refer("company_id", s.company(r.i), companyName(s.company(r.i)))
	if s.hasDeal(r.i) {
		r.Set("deals", crm.Number(1))
	}
	r.tags()
	r.custom()
	if r.i%10 == 1 {
		r.list("other_emails", "person%d@home.example")
		r.list("other_phones", "+1 556 %d")
		r.list("external_ids", "hubspot:%d")
		r.address()
		r.texts("title", "Head of Sales", "notes", "Met at the fair.", "follow_up_note", "send the offer")
		r.time("follow_up_at", 86_400)
		r.texts("pipeline", "people")
		r.time("stage_since", -86_400)
	}
	s.roll(r)
}

func (s *sample) deal(r record) {
	status := oneOf(r.i, "open", "won", "lost")
	r.named("title", "Deal %d")
	r.texts("currency", oneOf(r.i, "EUR", "USD", "JPY"), "stage", stage(r.i), "status", status, "owner", jane, "notes", "Budget is approved.")
	r.Set("amount_cents", crm.Number(1000*r.i))
	r.time("close_at", 86_400*(r.i%30))
	r.texts("pipeline", "sales")
	r.time("stage_since", -86_400*(r.i%20))
	if status != "open" {
		r.time("closed_at", 86_400*(r.i%20))
	}
	if status == "lost" {
		r.texts("lost_reason", "too expensive")
	}
	if status == "open" {
		r.texts("follow_up_note", "ask for the order")
		r.time("follow_up_at", 86_400)
	}
	s.person(r, "contact_id")
	r.Set("contacts", crm.Number(1))
	r.tags()
	r.custom()
	r.list("external_ids", "hubspot:%d")
	s.roll(r)
}

// dealContact joins a deal and its main contact.
func (s *sample) dealContact(r record) {
	r.refer("deal_id", r.i, fmt.Sprint("Deal ", r.i))
	r.refer("contact_id", s.contact(r.i), nameOf(s.contact(r.i)))
	r.texts("role", oneOf(r.i, "champion", "decision maker", "user"))
	r.list("external_ids", "hubspot:%d")
}

// hasDeal reports whether the contact with a number is on a deal: no two deals have the same main contact.
func (s *sample) hasDeal(contact int64) bool {
	for _, i := range []int64{1, (contact - 1) / 99} {
		if i > 0 && i <= s.others() && s.contact(i) == contact {
			return true
		}
	}
	return false
}

// person sets the references to a contact and to the company of that contact.
func (s *sample) person(r record, field string) {
	contact := s.contact(r.i)
	r.refer(field, contact, nameOf(contact))
	r.refer("company_id", s.company(contact), companyName(s.company(contact)))
}

func (s *sample) ticket(r record) {
	r.named("subject", "Question %d")
	status := oneOf(r.i, "open", "pending", "solved", "closed")
	if status == "solved" || status == "closed" {
		r.time("solved_at", 60*r.i)
	}
	r.texts("content", "How do I export?", "status", status, "priority", oneOf(r.i, "low", "normal", "high"), "assignee", jane)
	s.person(r, "requester_id")
	r.tags()
	r.custom()
	r.list("external_ids", "hubspot:%d")
	s.roll(r)
}

func (s *sample) task(r record) {
	r.named("title", "Task %d")
	r.texts("assignee", jane, "priority", oneOf(r.i, "low", "normal", "high"), "notes", "By phone.")
	r.time("due_at", 3600*r.i)
	if r.i%2 == 1 {
		r.time("done_at", 60*r.i)
	}
	switch r.i % 4 {
	case 0:
		s.person(r, "contact_id")
	case 1:
		r.refer("deal_id", r.i, fmt.Sprint("Deal ", r.i))
	case 2:
		r.refer("ticket_id", r.i, fmt.Sprint("Question ", r.i))
	}
	r.custom()
	r.list("external_ids", "hubspot:%d")
}
