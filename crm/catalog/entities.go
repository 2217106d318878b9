package catalog

import (
	"slices"

	"crmkit/crm"
	"crmkit/crm/fieldtype"
)

// maxLongText is the maximum length of notes and bodies, in characters. A mail or a page of
// minutes fits; with four bytes a character it is a quarter of the largest body, 1 MiB.
const maxLongText = 65536

// record returns the fields of an entity: the identity that every record has, its own
// fields, its rollups of other records, and who made and changed it. Answers show fields in
// this order.
func record(rollups []crm.Field, own ...crm.Field) []crm.Field {
	return kept(append(append(own, externalIDs), rollups...))
}

// kept returns the fields of an entity with the identity that every record has, and who made and changed
// it.
func kept(own []crm.Field) []crm.Field {
	fields := []crm.Field{
		{Name: "id", Type: fieldtype.ID, ReadOnly: true, Doc: "short name, never reused"},
		{Name: "handle", Type: fieldtype.Handle, ReadOnly: true, Doc: "kind/id; works wherever an id does"},
	}
	fields = append(fields, own...)
	return append(fields,
		crm.Field{Name: "version", Type: fieldtype.Integer, ReadOnly: true, Doc: "1 at first, 1 more with each change"},
		crm.Field{Name: "created_at", Type: fieldtype.Time, ReadOnly: true, DateOnly: true, Doc: "when it was made"},
		crm.Field{Name: "created_by", Type: fieldtype.Email, ReadOnly: true, IsUser: true, Doc: "who made it"},
		crm.Field{Name: "updated_at", Type: fieldtype.Time, ReadOnly: true, InLists: true, DateOnly: true, Doc: "last change"},
		crm.Field{Name: "updated_by", Type: fieldtype.Email, ReadOnly: true, IsUser: true, Doc: "who changed it last"},
	)
}

// hidden leaves updated_at out of text lists, for entities whose records are rarely changed.
// JSON and single records still have it.
func hidden(fields []crm.Field) []crm.Field {
	for i := range fields {
		fields[i].InLists = fields[i].InLists && !fields[i].DateOnly
	}
	return fields
}

// dated marks the times that have an index, so that a list of a week reads only that week.
// Each needs an index of workspace and time in a migration; a test of store compares them.
func dated(fields []crm.Field, names ...string) []crm.Field {
	for i := range fields {
		fields[i].RangeIndexed = fields[i].RangeIndexed || slices.Contains(names, fields[i].Name)
	}
	return fields
}

// Fields that several entities share, so that an agent learns each of them once.
//
// owner and assignee are texts and not references to members, because the owners in a file to
// import may have no account here. Stages are texts too, because each team has its own words;
// the store counts the values in use, and an empty list names them. Only fields whose words
// the product acts on, such as status and priority, are choices.
var (
	owner       = crm.Field{Name: "owner", Type: fieldtype.Text, Indexed: true, InLists: true, Enumerable: true, IsUser: true, Doc: "responsible person, best an e-mail address; me is you"}
	tags        = crm.Field{Name: "tags", Type: fieldtype.Tags, InLists: true, Doc: "labels; a tag has no comma and at most 64 characters"}
	notes       = crm.Field{Name: "notes", Type: fieldtype.Text, Max: maxLongText, Doc: "free text"}
	followUp    = crm.Field{Name: "follow_up_at", Type: fieldtype.Time, RangeIndexed: true, InLists: true, Doc: "when to come back to it; shown by /reminders"}
	followNote  = crm.Field{Name: "follow_up_note", Type: fieldtype.Text, Max: 1000, Doc: "what to do at that time"}
	custom      = crm.Field{Name: "custom", Type: fieldtype.Object, Doc: "your own keys, any JSON values, kept as sent"}
	address     = crm.Field{Name: "address", Type: fieldtype.Address, Doc: "street, city, region, postal_code, country"}
	companyRef  = crm.Field{Name: "company_id", Type: fieldtype.Reference, Ref: "company", InLists: true, Doc: "the company"}
	contactRef  = crm.Field{Name: "contact_id", Type: fieldtype.Reference, Ref: "contact", InLists: true, Doc: "the contact"}
	dealRef     = crm.Field{Name: "deal_id", Type: fieldtype.Reference, Ref: "deal", InLists: true, Doc: "the deal"}
	ticketRef   = crm.Field{Name: "ticket_id", Type: fieldtype.Reference, Ref: "ticket", InLists: true, Doc: "the ticket"}
	assignee    = crm.Field{Name: "assignee", Type: fieldtype.Text, Indexed: true, InLists: true, Enumerable: true, IsUser: true, Doc: "who does it, best an e-mail address; me is you"}
	mainContact = crm.Field{Name: "contact_id", Type: fieldtype.Reference, Ref: "contact", InLists: true, Doc: "the main contact; contact= finds all its people"}
	externalIDs = crm.Field{Name: "external_ids", Type: fieldtype.ExternalIDs, Max: 241, Doc: "ids in other products, like hubspot:151; unique: POST with a known one updates that record"}
	stageOf     = crm.Field{Name: crm.FieldPipeline, Type: fieldtype.Text, Enumerable: true, Doc: "the pipeline whose stages it goes through; unset: the default one"}
	stageSince  = crm.Field{Name: crm.FieldStageSince, Type: fieldtype.Time, DateOnly: true, Derivation: &crm.Transition{Of: crm.FieldStage}, Doc: "since when it is in its stage; set by itself, may be in the past"}
	priority    = crm.Field{Name: "priority", Type: fieldtype.Choice, Choices: crm.Ranked("low", "normal", "high"), Default: "normal", InLists: true, Enumerable: true, Doc: "how much it matters; sorts and compares in this order"}
)

// Rollups of the activities of a record. The activities of a contact are counted for its
// company too. They are stored and not computed by each list, so that "not called for 30
// days" is a condition on the contact and not a scan of all activities.
//
// Outreach is counted apart from activities: a note or a task is work on a record, but does
// not reach anybody.
var (
	outreachKinds = []string{"call", "email", "meeting"}

	outreachOutcomes = []crm.Field{
		{Name: "activities", Type: fieldtype.Integer, ReadOnly: true, InLists: true, Derivation: &crm.Rollup{Child: "activity"}, Doc: "number of activities logged"},
		{Name: "last_activity", Type: fieldtype.Time, ReadOnly: true, InLists: true, DateOnly: true, Derivation: &crm.Rollup{Child: "activity", Value: "occurred_at"}, Doc: "when the latest activity was"},
		{Name: "on_behalf_of", Type: fieldtype.Tags, ReadOnly: true, InLists: true, IsUser: true, Derivation: &crm.Rollup{Child: "activity", Value: "on_behalf_of"}, Doc: "people for whom activities were done; shows 100 at most, filters find all"},
	}
	outreach = []crm.Field{
		outreachOutcomes[0], outreachOutcomes[1],
		{Name: "outreach", Type: fieldtype.Integer, ReadOnly: true, InLists: true, Derivation: &crm.Rollup{Child: "activity", Where: "kind", Equals: outreachKinds}, Doc: "number of calls, emails and meetings among them"},
		{Name: "last_outreach", Type: fieldtype.Time, ReadOnly: true, InLists: true, DateOnly: true, Derivation: &crm.Rollup{Child: "activity", Value: "occurred_at", Where: "kind", Equals: outreachKinds}, Doc: "when the latest call, email or meeting was; unset: never reached"},
		outreachOutcomes[2],
	}
)

// tied counts the deal_contacts of a record: how many read with it when it is fetched. Most records have none or one, so lists
// and texts do not show it then.
func tied(name, doc string) crm.Field {
	return crm.Field{Name: name, Type: fieldtype.Integer, ReadOnly: true, Derivation: &crm.Rollup{Child: "deal_contact", Quiet: true}, Doc: doc}
}

// byExternalID are the keys of an entity without a unique field of its own.
var byExternalID = crm.Keys{Items: []string{"external_ids"}}

// Schema returns the schema of the product, checked, with further entities after its own.
// Tests use these to show that a new entity needs no code.
func Schema(more ...crm.Entity) (*crm.Schema, error) {
	return crm.NewSchema(append(slices.Clone(Entities), more...), Views)
}

// Entities are the kinds of records of the product: those that people work with, then those that say
// what these are like.
var Entities = append(slices.Clone(work), definitions(work)...)

// work are the kinds of records that people work with. A new one is a row here and a
// migration in package store.
//
// A page has at most 200 records, and 500 activities or members of campaigns, of which one
// record has many. Lists begin with the newest record by a time that seldom changes: pages by
// updated_at would skip or repeat records that are changed while somebody reads.
var work = []crm.Entity{
	// A contact has one e-mail address, because that is its key: a POST with a known address
	// updates the contact, so an agent can save a contact without searching for it before.
	{
		View: crm.View{Name: "contact", Plural: "contacts", Prefix: "c", Doc: "a person",
			LabelField: "name", Sort: "-created_at", MaxLimit: 200,
			Fields: dated(record(append(slices.Clone(outreach), tied("deals", "number of deals they are on")),
				crm.Field{Name: "name", Type: fieldtype.Text, Required: true, InLists: true, Doc: "full name"},
				crm.Field{Name: "email", Type: fieldtype.Email, Indexed: true, InLists: true, Others: "other_emails", Doc: "unique; POST with a known one updates that contact"},
				crm.Field{Name: "phone", Type: fieldtype.Phone, InLists: true, Max: 64, Others: "other_phones", Doc: "as you write it; compared in any notation"},
				crm.Field{Name: "other_emails", Type: fieldtype.Emails, Max: 254, Doc: "further addresses; email= and POST find them too"},
				crm.Field{Name: "other_phones", Type: fieldtype.Phones, Max: 64, Doc: "further numbers; phone= finds them too"},
				crm.Field{Name: "title", Type: fieldtype.Text, InLists: true, Doc: "job title"},
				address,
				crm.Field{Name: "stage", Type: fieldtype.Text, Indexed: true, InLists: true, Enumerable: true, Doc: "your own word: lead, qualified, customer; with a pipeline one of its stages"},
				stageOf, stageSince,
				companyRef, owner, tags, notes, followUp, followNote, custom), crm.FieldCreatedAt, crm.FieldUpdatedAt)},
		Ops: crm.AllOps, Keys: crm.Keys{Unique: "email", Items: []string{"other_emails", "external_ids"}},
		Search: []string{"name", "email", "phone", "other_emails", "other_phones", "title", "notes", "tags", "company.name"},
		Links: []crm.ManyToMany{
			{Name: "campaign", JoinEntity: "campaign_member", From: "contact_id", To: "campaign_id"},
			{Name: "deal", JoinEntity: "deal_contact", From: "contact_id", To: "deal_id", Counted: "deals"}},
		Reminder: crm.Reminder{Field: "follow_up_at", Note: "follow_up_note", Assignee: "owner"},
	},
	// The domain is to a company what the address is to a contact: the key that imports and
	// agents know. The name is no key, since two companies may have the same one.
	{
		View: crm.View{Name: "company", Plural: "companies", Prefix: "co", Doc: "an organisation",
			LabelField: "name", Sort: "-created_at", MaxLimit: 200,
			Fields: dated(record(outreach,
				crm.Field{Name: "name", Type: fieldtype.Text, Required: true, InLists: true, Doc: "its name"},
				crm.Field{Name: "domain", Type: fieldtype.Domain, Indexed: true, InLists: true, Others: "other_domains", Doc: "unique; POST with a known one updates that company; a URL is cut to its host"},
				crm.Field{Name: "other_domains", Type: fieldtype.Domains, Max: 253, Doc: "further domains; domain= and POST find them too"},
				crm.Field{Name: "parent_id", Type: fieldtype.Reference, Ref: "company", InLists: true, Doc: "the company that it belongs to"},
				address,
				owner, tags, notes, custom), crm.FieldCreatedAt, crm.FieldUpdatedAt)},
		Ops: crm.AllOps, Keys: crm.Keys{Unique: "domain", Items: []string{"other_domains", "external_ids"}},
		Search: []string{"name", "domain", "other_domains", "notes", "tags"},
		Links:  []crm.ManyToMany{{Name: "campaign", JoinEntity: "campaign_member", From: "company_id", To: "campaign_id"}},
	},
	// amount_cents and currency are stored; amount shows both as one text. Stage and status
	// are two fields, because stages are words of the team and the product must know which
	// deals are open. Setting the stage to won or lost sets the status too.
	{
		View: crm.View{Name: "deal", Plural: "deals", Prefix: "d", Doc: "a sale in progress or done",
			LabelField: "title", Sort: "-created_at", MaxLimit: 200,
			Fields: dated(record(append(slices.Clone(outreachOutcomes), tied("contacts", "number of people on it")),
				crm.Field{Name: "title", Type: fieldtype.Text, Required: true, InLists: true, Doc: "what is sold"},
				crm.Field{Name: "amount_cents", Type: fieldtype.Integer, InLists: true, Doc: "in the currency's smallest unit"},
				crm.Field{Name: "amount", Type: fieldtype.Amount, Derivation: &crm.AmountOf{Number: "amount_cents", Currency: "currency"}, InLists: true, Doc: `the same as people write it, like "1250.00 USD"; sets amount_cents and currency`},
				crm.Field{Name: "currency", Type: fieldtype.Currency, Default: "USD", InLists: true, Enumerable: true, Doc: "ISO 4217 code"},
				crm.Field{Name: "stage", Type: fieldtype.Text, Indexed: true, InLists: true, Enumerable: true, Doc: "your own word: proposal, negotiation; with a pipeline one of its stages"},
				crm.Field{Name: "status", Indexed: true, Type: fieldtype.Choice, Choices: crm.OneOf("open", "won", "lost"), Default: "open", InLists: true, Enumerable: true,
					Derivation: &crm.Transition{Of: "stage", Values: []string{"won", "lost"}}, Doc: "set by itself when stage becomes won or lost"},
				crm.Field{Name: "close_at", Type: fieldtype.Time, RangeIndexed: true, InLists: true, DateOnly: true, Doc: "when it is expected to close"},
				crm.Field{Name: "closed_at", Type: fieldtype.Time, RangeIndexed: true, DateOnly: true, Derivation: &crm.Transition{Of: "status", Values: []string{"won", "lost"}}, Doc: "when it was won or lost; set by itself, may be in the past"},
				crm.Field{Name: "lost_reason", Type: fieldtype.Text, Max: 1000, Doc: "why it was lost"},
				stageOf, stageSince,
				crm.Field{Name: "days_in_stage", Type: fieldtype.DaysInStage, ReadOnly: true, Derivation: &crm.OfStage{}, Doc: "whole days since stage_since"},
				crm.Field{Name: "stale", Type: fieldtype.Stale, ReadOnly: true, Derivation: &crm.OfStage{}, Doc: "whether it is in its stage for longer than stale_after of the pipeline"},
				crm.Field{Name: "weighted_cents", Type: fieldtype.Weighted, ReadOnly: true, Derivation: &crm.OfStage{Number: "amount_cents"}, Doc: "amount_cents times the probability of its stage"},
				crm.Field{Name: "won_percent", Type: fieldtype.WonPercent, ReadOnly: true, OnRequest: true, Derivation: &crm.OfStage{Outcome: "status"}, Doc: "100 if won, 0 if lost; avg=won_percent is the win rate"},
				crm.Field{Name: "days_open", Type: fieldtype.DaysOpen, ReadOnly: true, OnRequest: true, Derivation: &crm.OfStage{Start: crm.FieldCreatedAt, End: "closed_at"}, Doc: "whole days from created_at to closed_at, or to now"},
				mainContact, companyRef, owner, tags, notes, followUp, followNote, custom), crm.FieldCreatedAt, crm.FieldUpdatedAt)},
		Ops: crm.AllOps, Keys: byExternalID,
		Search:   []string{"title", "notes", "company.name", "contact.name"},
		Sums:     &crm.Sums{Of: "amount_cents", By: []string{"status", "currency", "stage"}},
		Links:    []crm.ManyToMany{{Name: "contact", JoinEntity: "deal_contact", From: "deal_id", To: "contact_id", Main: "contact_id", Counted: "contacts"}},
		Reminder: crm.Reminder{Field: "follow_up_at", Note: "follow_up_note", Assignee: "owner"},
	},
	// People of a deal have roles in it, and one person may be on many deals. The main contact, which the deal
	// itself names, is always among them, so that the people of a deal are one list.
	{
		View: crm.View{Name: "deal_contact", Plural: "deal_contacts", Prefix: "dc", Doc: "a contact on a deal, with a role in it",
			LabelField: "deal_id", Sort: "-created_at", MaxLimit: 500,
			Fields: dated(hidden(record(nil,
				crm.Field{Name: "deal_id", Type: fieldtype.Reference, Ref: "deal", Required: true, InLists: true, Doc: "the deal"},
				crm.Field{Name: "contact_id", Type: fieldtype.Reference, Ref: "contact", Required: true, InLists: true, Doc: "the contact"},
				crm.Field{Name: "role", Type: fieldtype.Text, InLists: true, Enumerable: true, Doc: "your own word: champion, decision maker"})), crm.FieldCreatedAt)},
		Ops:     crm.AllOps,
		Search:  []string{"role", "contact.name", "deal.title"},
		Parents: crm.Parents{Fields: []string{"deal_id"}, Path: "contacts", ExactlyOne: []string{"contact_id"}},
		Keys:    crm.Keys{Items: []string{"external_ids"}, Together: [][]string{{"deal_id", "contact_id"}}},
	},
	// A ticket has no key: one person may ask the same thing twice. solved_at follows the
	// status and is read-only, so the time to a solution cannot be made up.
	{
		View: crm.View{Name: "ticket", Plural: "tickets", Prefix: "t", Doc: "a request to be answered; its activities are the conversation",
			LabelField: "subject", Sort: "-created_at", MaxLimit: 200,
			Fields: dated(record(outreachOutcomes,
				crm.Field{Name: "subject", Type: fieldtype.Text, Required: true, InLists: true, Doc: "what it is about"},
				crm.Field{Name: "content", Type: fieldtype.Text, Max: maxLongText, Doc: "the request itself"},
				crm.Field{Name: "status", Indexed: true, Type: fieldtype.Choice, Choices: crm.OneOf("open", "pending", "solved", "closed"), Default: "open", InLists: true, Enumerable: true, Doc: "pending: it waits for somebody else"},
				priority,
				crm.Field{Name: "requester_id", Type: fieldtype.Reference, Ref: "contact", InLists: true, Doc: "the contact who asks"},
				companyRef, assignee, tags,
				crm.Field{Name: "solved_at", Type: fieldtype.Time, ReadOnly: true, InLists: true, Derivation: &crm.Transition{Of: "status", Values: []string{"solved", "closed"}}, Doc: "when it became solved or closed; unset again when it is reopened"},
				custom), crm.FieldCreatedAt, crm.FieldUpdatedAt)},
		Ops: crm.AllOps, Keys: byExternalID,
		Search: []string{"subject", "content", "tags", "requester.name", "company.name"},
	},
	// done is a flag of done_at: an agent sends {"done":true}, and the time is stored. due_at
	// is not RangeIndexed, because its index (tasks_due) has only the tasks that are open,
	// which reminders ask for. A task may belong to nothing; otherwise it is deleted with the
	// last record it belongs to.
	{
		View: crm.View{Name: "task", Plural: "tasks", Prefix: "tk", Doc: "something to do, about a contact, company, deal, ticket or nothing",
			LabelField: "title", Sort: "-created_at", MaxLimit: 200,
			Fields: dated(record(nil,
				crm.Field{Name: "title", Type: fieldtype.Text, Required: true, InLists: true, Doc: "what is to be done"},
				crm.Field{Name: "due_at", Type: fieldtype.Time, InLists: true, Doc: "by when; shown by /reminders until it is done"},
				crm.Field{Name: "done", Type: fieldtype.Flag, InLists: true, Derivation: &crm.FlagOf{Time: "done_at"}, Doc: "true completes it, false opens it again"},
				crm.Field{Name: "done_at", Type: fieldtype.Time, InLists: true, Doc: "when it was done; may be in the past"},
				assignee, priority, contactRef, companyRef, dealRef, ticketRef, notes, custom), crm.FieldCreatedAt, crm.FieldUpdatedAt)},
		Ops: crm.AllOps, Keys: byExternalID,
		Search:   []string{"title", "notes", "contact.name", "company.name", "deal.title", "ticket.subject"},
		Reminder: crm.Reminder{Field: "due_at", If: "done=no", Assignee: "assignee"},
		Parents:  crm.Parents{Fields: []string{"contact_id", "deal_id", "ticket_id", "company_id"}},
	},
	// The members of a campaign are records of their own and not a list in it, because each has
	// a reason and a campaign may have very many.
	{
		View: crm.View{Name: "campaign", Plural: "campaigns", Prefix: "cmp", Doc: "contacts and companies that are approached for one reason",
			LabelField: "name", Sort: "-created_at", MaxLimit: 200,
			Fields: dated(record([]crm.Field{
				{Name: "contacts", Type: fieldtype.Integer, ReadOnly: true, InLists: true, Derivation: &crm.Rollup{Child: "campaign_member", Where: "contact_id"}, Doc: "number of contacts in it"},
				{Name: "companies", Type: fieldtype.Integer, ReadOnly: true, InLists: true, Derivation: &crm.Rollup{Child: "campaign_member", Where: "company_id"}, Doc: "number of companies in it"}},
				crm.Field{Name: "name", Type: fieldtype.Text, Required: true, InLists: true, Doc: "what it is called"},
				crm.Field{Name: "description", Type: fieldtype.Text, Max: maxLongText, Doc: "the brief: whom it is for, what to say"},
				crm.Field{Name: "status", Type: fieldtype.Choice, Choices: crm.OneOf("active", "paused", "done"), Default: "active", InLists: true, Enumerable: true, Doc: "whether it runs"},
				custom), crm.FieldCreatedAt)},
		Ops: crm.AllOps, Keys: byExternalID,
		Search: []string{"name", "description"},
		Links: []crm.ManyToMany{
			{Name: "contact", JoinEntity: "campaign_member", From: "campaign_id", To: "contact_id"},
			{Name: "company", JoinEntity: "campaign_member", From: "campaign_id", To: "company_id"}},
	},
	// A member joins a campaign and either a contact or a company. The pair is its key, so
	// adding somebody twice changes only the reason.
	{
		View: crm.View{Name: "campaign_member", Plural: "campaign_members", Prefix: "cm", Doc: "the membership of a contact or company in a campaign",
			LabelField: "campaign_id", Sort: "-created_at", MaxLimit: 500,
			Fields: dated(hidden(record(nil,
				crm.Field{Name: "campaign_id", Type: fieldtype.Reference, Ref: "campaign", Required: true, InLists: true, Doc: "the campaign"},
				contactRef, companyRef,
				crm.Field{Name: "reason", Type: fieldtype.Text, Max: 1000, InLists: true, Doc: "why it is in"})), crm.FieldCreatedAt)},
		Ops:     crm.AllOps,
		Search:  []string{"reason", "contact.name", "company.name"},
		Parents: crm.Parents{Fields: []string{"campaign_id"}, Path: "members", ExactlyOne: []string{"contact_id", "company_id"}},
		Keys:    crm.Keys{Items: []string{"external_ids"}, Together: [][]string{{"campaign_id", "contact_id"}, {"campaign_id", "company_id"}}},
	},
	// An activity is an entry of a log, so only its author or an admin changes it, and it has
	// no owner, tags or custom values. It has a time of its own, occurred_at, because people
	// log a call after it. contact_company_id completes company_id, so that the activities of a
	// company include those of its contacts without a join. It changes when the contact moves
	// to another company; company_id, which a client sent, does not.
	{
		View: crm.View{Name: "activity", Plural: "activities", Prefix: "act", Doc: "something that happened with a contact, company, deal or ticket",
			LabelField: "kind", Sort: "-occurred_at", MaxLimit: 500,
			Fields: hidden(record(nil,
				crm.Field{Name: "kind", Type: fieldtype.Choice, Choices: crm.OneOf("call", "email", "meeting", "note", "task"), Default: "note", InLists: true, Enumerable: true, Doc: "what happened"},
				crm.Field{Name: "body", Type: fieldtype.Text, Required: true, InLists: true, Max: maxLongText, Doc: "what was said or done"},
				contactRef, companyRef,
				crm.Field{Name: "contact_company_id", Type: fieldtype.Reference, Ref: "company", ReadOnly: true, InLists: true, Derivation: &crm.Inherited{From: "contact_id", Alternate: "company_id"}, Doc: "the contact's company, if it is not company_id; company= finds both"},
				dealRef, ticketRef,
				crm.Field{Name: "occurred_at", Type: fieldtype.Time, RangeIndexed: true, Default: "now", InLists: true, Doc: "when it happened; may be in the past"},
				crm.Field{Name: "on_behalf_of", Type: fieldtype.Email, InLists: true, Enumerable: true, IsUser: true, Doc: "for whom you did it, when not for yourself"}))},
		Ops: crm.AllOps, Keys: byExternalID,
		Search:  []string{"body", "contact.name", "company.name", "deal.title", "ticket.subject"},
		Parents: crm.Parents{Fields: []string{"contact_id", "company_id", "deal_id", "ticket_id"}, AuthorOwned: true},
	},
}
