package dumptest

import (
	"fmt"

	"crmkit/crm"
)

// boss is a user for whom others log activities.
const boss = "boss@acme.com"

// activityKind returns what the i-th activity was.
func activityKind(i int64) string { return oneOf(i, "note", "call", "email", "meeting") }

// isForBoss reports whether the i-th activity was done on behalf of another user.
func isForBoss(i int64) bool { return i%3 == 0 }

// activityOf returns the records that the i-th activity belongs to: a deal, a ticket, or a contact
// and through it the company of the contact.
func (s *sample) activityOf(i int64) []about {
	switch i % 5 {
	case 0:
		return []about{{"deal", i}}
	case 1:
		return []about{{"ticket", i}}
	case 2:
		return []about{{"company", s.company(i)}}
	}
	return []about{{"contact", s.contact(i)}, {"company", s.company(s.contact(i))}}
}

// about is a record by its kind and number.
type about struct {
	kind   string
	number int64
}

// rollup is what a record keeps of its activities. The times are seconds after the first one.
type rollup struct {
	activities, last       int64
	outreach, lastOutreach int64
	forBoss                bool
}

// rollUp adds the i-th activity to the rollups of its records.
func (s *sample) rollUp(i int64) {
	for _, of := range s.activityOf(i) {
		kept := s.rollups[of]
		kept.activities, kept.last = kept.activities+1, i
		if activityKind(i) != "note" {
			kept.outreach, kept.lastOutreach = kept.outreach+1, i
		}
		kept.forBoss = kept.forBoss || isForBoss(i)
		s.rollups[of] = kept
	}
}

// roll sets the rollups of a record.
func (s *sample) roll(r record) {
	kept := s.rollups[about{r.Entity.Name, r.i}]
	if kept.activities == 0 {
		return
	}
	r.Set("activities", crm.Number(kept.activities))
	r.time("last_activity", kept.last)
	if kept.forBoss {
		r.Set("on_behalf_of", crm.Labels([]string{boss}))
	}
	if kept.outreach > 0 && r.Entity.Index("outreach") >= 0 {
		r.Set("outreach", crm.Number(kept.outreach))
		r.time("last_outreach", kept.lastOutreach)
	}
}

func (s *sample) fillActivity(r record) {
	r.texts("kind", activityKind(r.i))
	r.named("body", "They asked for offer %d.")
	r.time("occurred_at", r.i)
	if isForBoss(r.i) {
		r.texts("on_behalf_of", boss)
	}
	switch of := s.activityOf(r.i); of[0].kind {
	case "deal":
		r.refer("deal_id", of[0].number, fmt.Sprint("Deal ", of[0].number))
	case "ticket":
		r.refer("ticket_id", of[0].number, fmt.Sprint("Question ", of[0].number))
	case "company":
		r.refer("company_id", of[0].number, companyName(of[0].number))
	default:
		r.refer("contact_id", of[0].number, nameOf(of[0].number))
		r.refer("contact_company_id", of[1].number, companyName(of[1].number))
	}
	r.list("external_ids", "hubspot:%d")
}
