package catalog

import (
	"slices"

	"crmkit/crm"
	"crmkit/crm/fieldtype"
)

// maxLongText is the most characters of notes and bodies.
const maxLongText = 65536

// record puts the fields every kind carries around its own, and those that are kept
// of other records.
func record(kept []crm.Field, own ...crm.Field) []crm.Field {
	fields := []crm.Field{
		{Name: "id", Type: fieldtype.ID, ReadOnly: true, Doc: "short name, never reused"},
		{Name: "handle", Type: fieldtype.Handle, ReadOnly: true, Doc: "kind/id, usable wherever an id is"},
	}
	fields = append(append(fields, own...), kept...)
	return append(fields,
		crm.Field{Name: "version", Type: fieldtype.Integer, ReadOnly: true, Doc: "1 when made, +1 per change"},
		crm.Field{Name: "created_at", Type: fieldtype.Time, ReadOnly: true, DateOnly: true, Doc: "when it was made"},
		crm.Field{Name: "created_by", Type: fieldtype.Email, ReadOnly: true, IsUser: true, Doc: "who made it"},
		crm.Field{Name: "updated_at", Type: fieldtype.Time, ReadOnly: true, InLists: true, DateOnly: true, Doc: "last change"},
		crm.Field{Name: "updated_by", Type: fieldtype.Email, ReadOnly: true, IsUser: true, Doc: "who changed it last"},
	)
}

// hidden keeps the bookkeeping times out of text lists, for kinds that show a time
// of their own.
func hidden(fields []crm.Field) []crm.Field {
	for i := range fields {
		fields[i].InLists = fields[i].InLists && !fields[i].DateOnly
	}
	return fields
}

// dated says that lists by a span of some times follow an index.
func dated(fields []crm.Field, names ...string) []crm.Field {
	for i := range fields {
		fields[i].RangeIndexed = fields[i].RangeIndexed || slices.Contains(names, fields[i].Name)
	}
	return fields
}

// Fields that several kinds share, word for word.
var (
	owner      = crm.Field{Name: "owner", Type: fieldtype.Text, Indexed: true, InLists: true, Enumerable: true, IsUser: true, Doc: "who looks after it, best an e-mail; me is you"}
	tags       = crm.Field{Name: "tags", Type: fieldtype.Tags, InLists: true, Doc: "labels; a tag has no comma and at most 64 characters"}
	notes      = crm.Field{Name: "notes", Type: fieldtype.Text, Max: maxLongText, Doc: "free text"}
	followUp   = crm.Field{Name: "follow_up_at", Type: fieldtype.Time, RangeIndexed: true, InLists: true, Doc: "when to come back to it; shown by /reminders"}
	followNote = crm.Field{Name: "follow_up_note", Type: fieldtype.Text, Max: 1000, Doc: "what to do then"}
	custom     = crm.Field{Name: "custom", Type: fieldtype.Object, Doc: "your own keys, any JSON values, kept as sent"}
	companyRef = crm.Field{Name: "company_id", Type: fieldtype.Reference, Ref: "company", InLists: true, Doc: "the company"}
	contactRef = crm.Field{Name: "contact_id", Type: fieldtype.Reference, Ref: "contact", InLists: true, Doc: "the contact"}
	dealRef    = crm.Field{Name: "deal_id", Type: fieldtype.Reference, Ref: "deal", InLists: true, Doc: "the deal"}
	ticketRef  = crm.Field{Name: "ticket_id", Type: fieldtype.Reference, Ref: "ticket", InLists: true, Doc: "the ticket"}
	assignee   = crm.Field{Name: "assignee", Type: fieldtype.Text, Indexed: true, InLists: true, Enumerable: true, IsUser: true, Doc: "who does it, best an e-mail; me is you"}
	priority   = crm.Field{Name: "priority", Type: fieldtype.Choice, Choices: crm.Ranked("low", "normal", "high"), Default: "normal", InLists: true, Enumerable: true, Doc: "how much it matters; sorts and compares in this order"}
)

// What is kept of the activities logged for a record. A contact's count for its
// company too.
var (
	outreachKinds = []string{"call", "email", "meeting"}

	outreachOutcomes = []crm.Field{
		{Name: "activities", Type: fieldtype.Integer, ReadOnly: true, InLists: true, Derivation: &crm.Rollup{Child: "activity"}, Doc: "how many were logged"},
		{Name: "last_activity", Type: fieldtype.Time, ReadOnly: true, InLists: true, DateOnly: true, Derivation: &crm.Rollup{Child: "activity", Value: "occurred_at"}, Doc: "when the latest occurred"},
		{Name: "on_behalf_of", Type: fieldtype.Tags, ReadOnly: true, InLists: true, IsUser: true, Derivation: &crm.Rollup{Child: "activity", Value: "on_behalf_of"}, Doc: "for whom they were done, up to 100 of them; filters find all"},
	}
	outreach = []crm.Field{
		outreachOutcomes[0], outreachOutcomes[1],
		{Name: "outreach", Type: fieldtype.Integer, ReadOnly: true, InLists: true, Derivation: &crm.Rollup{Child: "activity", Where: "kind", Equals: outreachKinds}, Doc: "how many of them were a call, email or meeting"},
		{Name: "last_outreach", Type: fieldtype.Time, ReadOnly: true, InLists: true, DateOnly: true, Derivation: &crm.Rollup{Child: "activity", Value: "occurred_at", Where: "kind", Equals: outreachKinds}, Doc: "when the latest of those occurred; unset: never reached"},
		outreachOutcomes[2],
	}
)

// Entities is the schema of the product. A new kind is a row here and a
// migration in package store.
var Entities = []crm.Entity{
	{
		Name: "contact", Plural: "contacts", Prefix: "c", Doc: "a person", Links: []crm.ManyToMany{{Name: "campaign", JoinEntity: "campaign_member", From: "contact_id", To: "campaign_id"}},
		Ops: crm.List | crm.Create | crm.Fetch | crm.Update | crm.Delete, LabelField: "name", Keys: crm.Keys{Unique: "email"},
		Search: []string{"name", "email", "phone", "notes", "tags", "company.name"},
		Sort:   "-created_at", MaxLimit: 200, Reminder: crm.Reminder{Field: "follow_up_at", Note: "follow_up_note", Assignee: "owner"},
		Fields: dated(record(outreach,
			crm.Field{Name: "name", Type: fieldtype.Text, Required: true, InLists: true, Doc: "full name"},
			crm.Field{Name: "email", Type: fieldtype.Email, InLists: true, Doc: "unique; POST upserts by it"},
			crm.Field{Name: "phone", Type: fieldtype.Phone, InLists: true, Max: 64, Doc: "as you write it; compared by its digits"},
			crm.Field{Name: "stage", Type: fieldtype.Text, Indexed: true, InLists: true, Enumerable: true, Doc: "your own word: lead, qualified, customer"},
			companyRef, owner, tags, notes, followUp, followNote, custom), crm.FieldCreatedAt, crm.FieldUpdatedAt),
	},
	{
		Name: "company", Plural: "companies", Prefix: "co", Doc: "an organisation", Links: []crm.ManyToMany{{Name: "campaign", JoinEntity: "campaign_member", From: "company_id", To: "campaign_id"}},
		Ops: crm.List | crm.Create | crm.Fetch | crm.Update | crm.Delete, LabelField: "name", Keys: crm.Keys{Unique: "domain"},
		Search: []string{"name", "domain", "notes", "tags"},
		Sort:   "-created_at", MaxLimit: 200,
		Fields: dated(record(outreach,
			crm.Field{Name: "name", Type: fieldtype.Text, Required: true, InLists: true, Doc: "its name"},
			crm.Field{Name: "domain", Type: fieldtype.Domain, InLists: true, Doc: "unique; POST upserts by it; a URL is cut to its host"},
			owner, tags, notes, custom), crm.FieldCreatedAt, crm.FieldUpdatedAt),
	},
	{
		Name: "deal", Plural: "deals", Prefix: "d", Doc: "a sale in progress or done",
		Ops: crm.List | crm.Create | crm.Fetch | crm.Update | crm.Delete, LabelField: "title",
		Search: []string{"title", "notes", "company.name", "contact.name"},
		Sort:   "-created_at", MaxLimit: 200, Reminder: crm.Reminder{Field: "follow_up_at", Note: "follow_up_note", Assignee: "owner"},
		Fields: dated(record(outreachOutcomes,
			crm.Field{Name: "title", Type: fieldtype.Text, Required: true, InLists: true, Doc: "what is sold"},
			crm.Field{Name: "amount_cents", Type: fieldtype.Integer, InLists: true, Doc: "integer in the currency's smallest unit"},
			crm.Field{Name: "amount", Type: fieldtype.Amount, Derivation: &crm.AmountOf{Number: "amount_cents", Currency: "currency"}, InLists: true, Doc: `the same as people write it, like "1250.00 USD"; sets amount_cents and currency`},
			crm.Field{Name: "currency", Type: fieldtype.Currency, Default: "USD", InLists: true, Enumerable: true, Doc: "ISO 4217 code"},
			crm.Field{Name: "stage", Type: fieldtype.Text, Indexed: true, InLists: true, Enumerable: true, Doc: "your own word: proposal, negotiation"},
			crm.Field{Name: "status", Indexed: true, Type: fieldtype.Choice, Choices: crm.OneOf("open", "won", "lost"), Default: "open", InLists: true, Enumerable: true,
				Derivation: &crm.Transition{Of: "stage", Values: []string{"won", "lost"}}, Doc: "set by itself when stage becomes won or lost"},
			contactRef, companyRef, owner, tags, notes, followUp, followNote, custom), crm.FieldCreatedAt, crm.FieldUpdatedAt),
	},
	{
		Name: "ticket", Plural: "tickets", Prefix: "t", Doc: "a request to be answered; its activities are the conversation",
		Ops: crm.List | crm.Create | crm.Fetch | crm.Update | crm.Delete, LabelField: "subject",
		Search: []string{"subject", "content", "tags", "requester.name", "company.name"},
		Sort:   "-created_at", MaxLimit: 200,
		Fields: dated(record(outreachOutcomes,
			crm.Field{Name: "subject", Type: fieldtype.Text, Required: true, InLists: true, Doc: "what it is about"},
			crm.Field{Name: "content", Type: fieldtype.Text, Max: maxLongText, Doc: "the request itself"},
			crm.Field{Name: "status", Indexed: true, Type: fieldtype.Choice, Choices: crm.OneOf("open", "pending", "solved", "closed"), Default: "open", InLists: true, Enumerable: true, Doc: "pending waits for somebody else"},
			priority,
			crm.Field{Name: "requester_id", Type: fieldtype.Reference, Ref: "contact", InLists: true, Doc: "the contact who asks"},
			companyRef, assignee, tags,
			crm.Field{Name: "solved_at", Type: fieldtype.Time, ReadOnly: true, InLists: true, Derivation: &crm.Transition{Of: "status", Values: []string{"solved", "closed"}}, Doc: "when it became solved or closed; unset again when it is reopened"},
			custom), crm.FieldCreatedAt, crm.FieldUpdatedAt),
	},
	{
		Name: "task", Plural: "tasks", Prefix: "tk", Doc: "something to do, about a contact, company, deal, ticket or nothing",
		Ops: crm.List | crm.Create | crm.Fetch | crm.Update | crm.Delete, LabelField: "title",
		Search: []string{"title", "notes", "contact.name", "company.name", "deal.title", "ticket.subject"},
		Sort:   "-created_at", MaxLimit: 200, Reminder: crm.Reminder{Field: "due_at", If: "done=no", Assignee: "assignee"},
		Parents: crm.Parents{Fields: []string{"contact_id", "deal_id", "ticket_id", "company_id"}},
		Fields: dated(record(nil,
			crm.Field{Name: "title", Type: fieldtype.Text, Required: true, InLists: true, Doc: "what is to be done"},
			crm.Field{Name: "due_at", Type: fieldtype.Time, InLists: true, Doc: "by when; shown by /reminders until it is done"},
			crm.Field{Name: "done", Type: fieldtype.Flag, InLists: true, Derivation: &crm.FlagOf{Time: "done_at"}, Doc: "true completes it, false opens it again"},
			crm.Field{Name: "done_at", Type: fieldtype.Time, InLists: true, Doc: "when it was done; may be in the past"},
			assignee, priority, contactRef, companyRef, dealRef, ticketRef, notes, custom), crm.FieldCreatedAt, crm.FieldUpdatedAt),
	},
	{
		Name: "campaign", Plural: "campaigns", Prefix: "cmp", Doc: "contacts and companies that are approached for one reason",
		Ops: crm.List | crm.Create | crm.Fetch | crm.Update | crm.Delete, LabelField: "name", Search: []string{"name", "description"},
		Sort: "-created_at", MaxLimit: 200, Links: []crm.ManyToMany{
			{Name: "contact", JoinEntity: "campaign_member", From: "campaign_id", To: "contact_id"},
			{Name: "company", JoinEntity: "campaign_member", From: "campaign_id", To: "company_id"}},
		Fields: dated(record([]crm.Field{
			{Name: "contacts", Type: fieldtype.Integer, ReadOnly: true, InLists: true, Derivation: &crm.Rollup{Child: "campaign_member", Where: "contact_id"}, Doc: "how many are members"},
			{Name: "companies", Type: fieldtype.Integer, ReadOnly: true, InLists: true, Derivation: &crm.Rollup{Child: "campaign_member", Where: "company_id"}, Doc: "how many are members"}},
			crm.Field{Name: "name", Type: fieldtype.Text, Required: true, InLists: true, Doc: "what it is called"},
			crm.Field{Name: "description", Type: fieldtype.Text, Max: maxLongText, Doc: "the brief: whom it is for, what to say"},
			crm.Field{Name: "status", Type: fieldtype.Choice, Choices: crm.OneOf("active", "paused", "done"), Default: "active", InLists: true, Enumerable: true, Doc: "whether it runs"},
			custom), crm.FieldCreatedAt),
	},
	{
		Name: "campaign_member", Plural: "campaign_members", Prefix: "cm", Doc: "a contact or company in a campaign, once",
		Ops: crm.List | crm.Create | crm.Fetch | crm.Update | crm.Delete, LabelField: "campaign_id", Search: []string{"reason", "contact.name", "company.name"},
		Sort: "-created_at", MaxLimit: 500, Parents: crm.Parents{Fields: []string{"campaign_id"}, Path: "members", ExactlyOne: []string{"contact_id", "company_id"}},
		Keys: crm.Keys{Together: [][]string{{"campaign_id", "contact_id"}, {"campaign_id", "company_id"}}},
		Fields: dated(hidden(record(nil,
			crm.Field{Name: "campaign_id", Type: fieldtype.Reference, Ref: "campaign", Required: true, InLists: true, Doc: "the campaign"},
			contactRef, companyRef,
			crm.Field{Name: "reason", Type: fieldtype.Text, Max: 1000, InLists: true, Doc: "why it is in"})), crm.FieldCreatedAt),
	},
	{
		Name: "activity", Plural: "activities", Prefix: "act", Doc: "something that happened with a contact, company, deal or ticket",
		Ops: crm.List | crm.Create | crm.Fetch | crm.Update | crm.Delete, LabelField: "kind", Search: []string{"body", "contact.name", "company.name", "deal.title", "ticket.subject"},
		Sort: "-occurred_at", MaxLimit: 500, Parents: crm.Parents{Fields: []string{"contact_id", "company_id", "deal_id", "ticket_id"}, AuthorOwned: true},
		Fields: hidden(record(nil,
			crm.Field{Name: "kind", Type: fieldtype.Choice, Choices: crm.OneOf("call", "email", "meeting", "note", "task"), Default: "note", InLists: true, Enumerable: true, Doc: "what happened"},
			crm.Field{Name: "body", Type: fieldtype.Text, Required: true, InLists: true, Max: maxLongText, Doc: "what was said or done"},
			contactRef, companyRef,
			crm.Field{Name: "contact_company_id", Type: fieldtype.Reference, Ref: "company", ReadOnly: true, InLists: true, Derivation: &crm.Inherited{From: "contact_id", Alternate: "company_id"}, Doc: "the contact's company, where that is another; company= finds both"},
			dealRef, ticketRef,
			crm.Field{Name: "occurred_at", Type: fieldtype.Time, RangeIndexed: true, Default: "now", InLists: true, Doc: "when; may be in the past"},
			crm.Field{Name: "on_behalf_of", Type: fieldtype.Email, InLists: true, Enumerable: true, IsUser: true, Doc: "for whom you did it, when not for yourself"})),
	},
	{
		Name: "change", Plural: "changes", Path: "audit", Prefix: "aud", Doc: "who changed what; from. and to. hold the changed fields",
		Ops: crm.List, LabelField: "action", Sort: "-at", MaxLimit: 500, RandomID: true, Storage: crm.Storage{SealedIDs: true},
		Fields: []crm.Field{
			{Name: "id", Type: fieldtype.ID, ReadOnly: true, Doc: "name of the entry"},
			{Name: "handle", Type: fieldtype.Handle, ReadOnly: true, Doc: "change/id"},
			{Name: "at", Type: fieldtype.Time, ReadOnly: true, InLists: true, Doc: "when"},
			{Name: "by", Type: fieldtype.Email, Column: "actor", ReadOnly: true, IsUser: true, InLists: true, Doc: "whose token made the change"},
			{Name: "token_id", Type: fieldtype.Word, ReadOnly: true, InLists: true, Doc: "the token"},
			{Name: "addr", Type: fieldtype.Word, ReadOnly: true, InLists: true, Doc: "the client's network address"},
			{Name: "action", Type: fieldtype.Word, ReadOnly: true, InLists: true, Enumerable: true, Doc: "create, update, delete, token.create, …"},
			{Name: "target", Type: fieldtype.Word, HandleSyntax: true, ReadOnly: true, InLists: true, Doc: "handle of the record"},
			{Name: "from", Type: fieldtype.Object, Column: "before", ReadOnly: true, InLists: true, Doc: "changed fields as they were"},
			{Name: "to", Type: fieldtype.Object, Column: "after", ReadOnly: true, InLists: true, Doc: "changed fields as they became"},
		},
	},
	{
		Name: "token", Plural: "tokens", Prefix: "tok", Doc: "a session; revoke one with DELETE /tokens/{id}",
		Ops: crm.List, LabelField: "name", Sort: "-created_at", MaxLimit: 200, RandomID: true, Storage: crm.Storage{Scope: "user_id"},
		Fields: []crm.Field{
			{Name: "id", Type: fieldtype.ID, ReadOnly: true, Doc: "name of the token, not the secret"},
			{Name: "handle", Type: fieldtype.Handle, ReadOnly: true, Doc: "token/id"},
			{Name: "name", Type: fieldtype.Text, ReadOnly: true, InLists: true, Doc: "the token_name given at sign-in"},
			{Name: "workspace_id", Type: fieldtype.Word, Column: "workspace", ReadOnly: true, InLists: true, Doc: "the workspace it acts in"},
			{Name: "scope", Type: fieldtype.Word, ReadOnly: true, InLists: true, Doc: "what it may do: read, write or full"},
			{Name: "origin", Type: fieldtype.Word, ReadOnly: true, Doc: "how it came to be: code, minted, owner or oauth"},
			{Name: "reach", Type: fieldtype.Word, ReadOnly: true, Doc: "the workspaces it may make tokens for: all of yours, or one, its own"},
			{Name: "created_at", Type: fieldtype.Time, ReadOnly: true, InLists: true, DateOnly: true, Doc: "when it was made"},
			{Name: "last_used_at", Type: fieldtype.Time, ReadOnly: true, InLists: true, DateOnly: true, Doc: "last request, to the minute"},
		},
	},
	{
		Name: "workspace", Plural: "workspaces", Prefix: "ws", Doc: "a team's data, apart from every other's; listed are those you belong to",
		Ops: crm.List, LabelField: "name", Sort: "-created_at", MaxLimit: 200, RandomID: true, Storage: crm.Storage{Table: "memberships", Scope: "user_id"},
		Fields: []crm.Field{
			{Name: "id", Type: fieldtype.ID, ReadOnly: true, Doc: "name of the workspace"},
			{Name: "handle", Type: fieldtype.Handle, ReadOnly: true, Doc: "workspace/id"},
			{Name: "name", Type: fieldtype.Text, Required: true, InLists: true, Doc: "what the team calls it"},
			{Name: "role", Type: fieldtype.Word, ReadOnly: true, InLists: true, Doc: "yours in it: admin or member"},
			{Name: "time_zone", Type: fieldtype.Word, Default: "UTC", InLists: true, Max: 64, Doc: "IANA name like Europe/Berlin; dates and today are read in it, text times print with its offset"},
			{Name: "plan", Type: fieldtype.Word, ReadOnly: true, InLists: true, Doc: "what caps it; GET /whoami shows the usage"},
			{Name: "version", Type: fieldtype.Integer, ReadOnly: true, Doc: "1 when made, +1 per change"},
			{Name: "created_at", Type: fieldtype.Time, ReadOnly: true, InLists: true, DateOnly: true, Doc: "when it was made"},
		},
	},
	seat(crm.Entity{Name: "member", Plural: "members", Prefix: "u", Storage: crm.Storage{Shared: "invite"},
		Doc: "who belongs to a workspace, and pending invites with status=invited"}),
	seat(crm.Entity{Name: "invite", Plural: "invites", Prefix: "inv", Doc: "a seat kept for an e-mail address; its owner joins at the next sign-in"}),
}

// seat fills in what members and invites share: they are rows of one table, so
// that no address is both and both count against the plan.
func seat(e crm.Entity) crm.Entity {
	e.Path = "workspaces/{id}/" + e.Plural
	e.Ops, e.LabelField, e.Sort, e.MaxLimit, e.RandomID = crm.List, "email", "-created_at", 200, true
	e.Fields = []crm.Field{
		{Name: "id", Type: fieldtype.ID, ReadOnly: true, Doc: "the user's, or the invite's"},
		{Name: "handle", Type: fieldtype.Handle, ReadOnly: true, Doc: "member/id or invite/id"},
		{Name: "email", Type: fieldtype.Email, ReadOnly: true, InLists: true, Doc: "whose seat it is"},
		{Name: "role", Type: fieldtype.Choice, Choices: crm.OneOf(crm.Roles()...), Default: crm.RoleMember, InLists: true, Enumerable: true, Doc: "admin manages the workspace, member works in it; set by inviting, or by POST …/role"},
		{Name: "status", Type: fieldtype.Word, ReadOnly: true, InLists: true, Enumerable: true, Doc: "active, or invited until the next sign-in"},
		{Name: "invited_by", Type: fieldtype.Email, ReadOnly: true, InLists: true, Doc: "who sent the invite"},
		{Name: "created_at", Type: fieldtype.Time, ReadOnly: true, InLists: true, DateOnly: true, Doc: "when the member joined, or the invite was made"},
	}
	return e
}
