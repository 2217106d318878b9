package catalog

import (
	"cmp"
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/products"
)

// Habit lists other names of a field.
type Habit struct {
	Of    string // entity
	Path  string // the field
	Names []string
}

// Habits are names that agents use for fields because other systems have them. Requests
// refuse these names, and the error names the field that was meant, so that each field is
// written and read under one name. Package products has further names, which only imports
// accept.
var Habits = []Habit{
	{Of: "contact", Path: "name", Names: []string{"first", "last", "surname", "forename"}},
	{Of: "contact", Path: "email", Names: []string{"mail", "emails"}},
	{Of: "contact", Path: "phone", Names: []string{"cell", "cellphone", "tel", "phones", "mobile number"}},
	{Of: "contact", Path: "stage", Names: []string{"status", "lifecycle", "state", "lead state"}},
	{Of: "contact", Path: "company_id", Names: []string{"account", "account id", "organisation", "employer"}},
	{Of: "contact", Path: "owner", Names: []string{"owner id", "assignee", "assigned to", "user id"}},
	{Of: "contact", Path: "notes", Names: []string{"comment", "comments", "bio"}},
	{Of: "contact", Path: "follow_up_at", Names: []string{"follow up", "follow up date", "next follow up", "reminder", "remind at", "due at", "due date", "next contact", "next step at"}},
	{Of: "contact", Path: "follow_up_note", Names: []string{"next step", "next action", "reminder note"}},
	{Of: "contact", Path: "last_outreach", Names: []string{"last contacted", "last contacted at", "last contact", "last contact at", "last touch", "last touched at", "last reached"}},
	{Of: "contact", Path: "last_activity", Names: []string{"last activity at", "last activity date", "last seen"}},

	{Of: "company", Path: "name", Names: []string{"organisation"}},
	{Of: "company", Path: "domain", Names: []string{"url", "homepage", "web", "site"}},
	{Of: "company", Path: "owner", Names: []string{"owner id", "assignee", "assigned to", "user id"}},
	{Of: "company", Path: "notes", Names: []string{"comment", "comments", "about"}},
	{Of: "company", Path: "last_outreach", Names: []string{"last contacted", "last contacted at", "last contact", "last contact at", "last touch"}},
	{Of: "company", Path: "last_activity", Names: []string{"last activity at", "last activity date"}},

	{Of: "deal", Path: "title", Names: []string{"subject", "opportunity"}},
	{Of: "deal", Path: "amount", Names: []string{"value", "price", "deal value", "worth", "revenue", "sum"}},
	{Of: "deal", Path: "amount_cents", Names: []string{"value cents", "price cents"}},
	{Of: "deal", Path: "currency", Names: []string{"currency code"}},
	{Of: "deal", Path: "stage", Names: []string{"pipeline stage", "stage id", "phase"}},
	{Of: "deal", Path: "status", Names: []string{"state", "won", "is won", "closed"}},
	{Of: "deal", Path: "contact_id", Names: []string{"person", "main contact", "primary contact"}},
	{Of: "deal", Path: "company_id", Names: []string{"account", "account id", "organisation"}},
	{Of: "deal", Path: "owner", Names: []string{"owner id", "assignee", "assigned to", "user id"}},
	{Of: "deal", Path: "follow_up_at", Names: []string{"follow up", "follow up date", "reminder", "remind at", "due at", "due date"}},
	{Of: "deal", Path: "follow_up_note", Names: []string{"next step", "next action", "reminder note"}},
	{Of: "deal", Path: "last_activity", Names: []string{"last activity at", "last contacted", "last contact"}},

	{Of: "ticket", Path: "subject", Names: []string{"name", "summary"}},
	{Of: "ticket", Path: "content", Names: []string{"body", "text", "message", "notes", "details"}},
	{Of: "ticket", Path: "status", Names: []string{"state", "stage"}},
	{Of: "ticket", Path: "requester_id", Names: []string{"customer", "customer id", "requested by", "reporter", "person id", "from"}},
	{Of: "ticket", Path: "company_id", Names: []string{"account", "account id", "organization id"}},
	{Of: "ticket", Path: "assignee", Names: []string{"agent", "owner id", "assigned agent", "assignee id"}},
	{Of: "ticket", Path: "priority", Names: []string{"severity", "urgency"}},

	{Of: "task", Path: "title", Names: []string{"summary", "text", "body", "content"}},
	{Of: "task", Path: "due_at", Names: []string{"due", "due on", "follow up at", "remind at", "date"}},
	{Of: "task", Path: "done", Names: []string{"status", "completed", "complete", "is done", "finished", "closed"}},
	{Of: "task", Path: "assignee", Names: []string{"owner id", "assignee id", "user id"}},
	{Of: "task", Path: "notes", Names: []string{"comment", "details"}},
	{Of: "task", Path: "contact_id", Names: []string{"person", "about"}},

	{Of: "campaign", Path: "name", Names: []string{"title", "subject"}},
	{Of: "campaign", Path: "description", Names: []string{"notes", "body", "content", "brief", "goal"}},
	{Of: "campaign", Path: "status", Names: []string{"state", "stage"}},

	{Of: "deal_contact", Path: "role", Names: []string{"position", "function", "relation", "label"}},
	{Of: "deal_contact", Path: "contact_id", Names: []string{"person"}},

	{Of: "campaign_member", Path: "reason", Names: []string{"notes", "note", "why", "description"}},

	{Of: "activity", Path: "kind", Names: []string{"category", "channel", "action"}},
	{Of: "activity", Path: "body", Names: []string{"text", "message", "summary", "details", "comment"}},
	{Of: "activity", Path: "occurred_at", Names: []string{"at", "when", "time", "timestamp", "happened at", "logged at", "started at"}},
	{Of: "activity", Path: "contact_id", Names: []string{"person"}},
	{Of: "activity", Path: "on_behalf_of", Names: []string{"owner", "author", "by", "user"}},
}

// Meant returns the field of an entity that a client means by a name of another system, or
// nil if the name is in no table: neither here nor among the columns that any sheet has. A name
// for a field of a reference gives the reference.
func Meant(e *crm.Entity, sent string) *crm.Field {
	folded := products.Fold(sent)
	for _, row := range Habits {
		if row.Of == e.Name && slices.ContainsFunc(row.Names, func(name string) bool { return products.Fold(name) == folded }) {
			return e.Field(row.Path)
		}
	}
	at, found := products.General.Lookup(e.Name, sent)
	if !found || at.Path == "id" {
		return nil
	}
	head, _, _ := strings.Cut(at.Path, ".")
	return cmp.Or(e.Field(strings.TrimRight(head, "23")), e.Field(head+"_id"))
}
