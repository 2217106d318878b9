package crm

import "slices"

// maxLongText is the most characters of notes and bodies.
const maxLongText = 65536

// record puts the fields every kind carries around its own, and those that are kept
// of other records.
func record(kept []Field, own ...Field) []Field {
	fields := []Field{
		{Name: "id", Type: ID, ReadOnly: true, Doc: "short name, never reused"},
		{Name: "handle", Type: Handle, ReadOnly: true, Doc: "kind/id, usable wherever an id is"},
	}
	fields = append(append(fields, own...), kept...)
	return append(fields,
		Field{Name: "version", Type: Int, ReadOnly: true, Doc: "1 when made, +1 per change"},
		Field{Name: "created_at", Type: Time, ReadOnly: true, DateOnly: true, Doc: "when it was made"},
		Field{Name: "created_by", Type: Email, ReadOnly: true, IsUser: true, Doc: "who made it"},
		Field{Name: "updated_at", Type: Time, ReadOnly: true, InLists: true, DateOnly: true, Doc: "last change"},
		Field{Name: "updated_by", Type: Email, ReadOnly: true, IsUser: true, Doc: "who changed it last"},
	)
}

// hidden keeps the bookkeeping times out of text lists, for kinds that show a time
// of their own.
func hidden(fields []Field) []Field {
	for i := range fields {
		fields[i].InLists = fields[i].InLists && !fields[i].DateOnly
	}
	return fields
}

// dated says that lists by a span of some times follow an index.
func dated(fields []Field, names ...string) []Field {
	for i := range fields {
		fields[i].RangeIndexed = fields[i].RangeIndexed || slices.Contains(names, fields[i].Name)
	}
	return fields
}

// Fields that several kinds share, word for word.
var (
	owner      = Field{Name: "owner", Indexed: true, InLists: true, Enumerable: true, IsUser: true, Doc: "who looks after it, best an e-mail; me is you"}
	tags       = Field{Name: "tags", Type: Tags, InLists: true, Doc: "labels; a tag has no comma and at most 64 characters"}
	notes      = Field{Name: "notes", Max: maxLongText, Doc: "free text"}
	followUp   = Field{Name: "follow_up_at", Type: Time, RangeIndexed: true, InLists: true, Doc: "when to come back to it; shown by /reminders"}
	followNote = Field{Name: "follow_up_note", Max: 1000, Doc: "what to do then"}
	custom     = Field{Name: "custom", Type: Object, Doc: "your own keys, any JSON values, kept as sent"}
	companyRef = Field{Name: "company_id", Type: Ref, Ref: "company", InLists: true, Doc: "the company"}
	contactRef = Field{Name: "contact_id", Type: Ref, Ref: "contact", InLists: true, Doc: "the contact"}
	dealRef    = Field{Name: "deal_id", Type: Ref, Ref: "deal", InLists: true, Doc: "the deal"}
	ticketRef  = Field{Name: "ticket_id", Type: Ref, Ref: "ticket", InLists: true, Doc: "the ticket"}
	assignee   = Field{Name: "assignee", Indexed: true, InLists: true, Enumerable: true, IsUser: true, Doc: "who does it, best an e-mail; me is you"}
	priority   = Field{Name: "priority", Type: Choice, Values: []string{"low", "normal", "high"}, Ordered: true, Default: "normal", InLists: true, Enumerable: true, Doc: "how much it matters; sorts and compares in this order"}
)

// What is kept of the activities logged for a record. A contact's count for its
// company too.
var (
	outreachKinds = []string{"call", "email", "meeting"}

	outreachOutcomes = []Field{
		{Name: "activities", Type: Int, ReadOnly: true, InLists: true, Rollup: &Rollup{Child: "activity"}, Doc: "how many were logged"},
		{Name: "last_activity", Type: Time, ReadOnly: true, InLists: true, DateOnly: true, Rollup: &Rollup{Child: "activity", Value: "occurred_at"}, Doc: "when the latest occurred"},
		{Name: "on_behalf_of", Type: Tags, ReadOnly: true, InLists: true, IsUser: true, Rollup: &Rollup{Child: "activity", Value: "on_behalf_of"}, Doc: "for whom they were done, up to 100 of them; filters find all"},
	}
	outreach = []Field{
		outreachOutcomes[0], outreachOutcomes[1],
		{Name: "outreach", Type: Int, ReadOnly: true, InLists: true, Rollup: &Rollup{Child: "activity", Where: "kind", Equals: outreachKinds}, Doc: "how many of them were a call, email or meeting"},
		{Name: "last_outreach", Type: Time, ReadOnly: true, InLists: true, DateOnly: true, Rollup: &Rollup{Child: "activity", Value: "occurred_at", Where: "kind", Equals: outreachKinds}, Doc: "when the latest of those occurred; unset: never reached"},
		outreachOutcomes[2],
	}
)

// Entities is the schema of the product. A new kind is a row here and a
// migration in package store.
var Entities = []Entity{
	{
		Name: "contact", Plural: "contacts", Prefix: "c", Doc: "a person", Links: []ManyToMany{{Name: "campaign", JoinEntity: "campaign_member", From: "contact_id", To: "campaign_id"}},
		Ops: List | Create | Fetch | Update | Delete, LabelField: "name", Unique: "email",
		Search: []string{"name", "email", "phone", "notes", "tags", "company.name"},
		Sort:   "-created_at", MaxLimit: 200, ReminderField: "follow_up_at", ReminderNote: "follow_up_note", AssigneeField: "owner",
		Fields: dated(record(outreach,
			Field{Name: "name", Required: true, InLists: true, Doc: "full name"},
			Field{Name: "email", Type: Email, InLists: true, Doc: "unique; POST upserts by it"},
			Field{Name: "phone", Type: Phone, InLists: true, Max: 64, Doc: "as you write it; compared by its digits"},
			Field{Name: "stage", Indexed: true, InLists: true, Enumerable: true, Doc: "your own word: lead, qualified, customer"},
			companyRef, owner, tags, notes, followUp, followNote, custom), FieldCreatedAt, FieldUpdatedAt),
	},
	{
		Name: "company", Plural: "companies", Prefix: "co", Doc: "an organisation", Links: []ManyToMany{{Name: "campaign", JoinEntity: "campaign_member", From: "company_id", To: "campaign_id"}},
		Ops: List | Create | Fetch | Update | Delete, LabelField: "name", Unique: "domain",
		Search: []string{"name", "domain", "notes", "tags"},
		Sort:   "-created_at", MaxLimit: 200,
		Fields: dated(record(outreach,
			Field{Name: "name", Required: true, InLists: true, Doc: "its name"},
			Field{Name: "domain", Type: Domain, InLists: true, Doc: "unique; POST upserts by it; a URL is cut to its host"},
			owner, tags, notes, custom), FieldCreatedAt, FieldUpdatedAt),
	},
	{
		Name: "deal", Plural: "deals", Prefix: "d", Doc: "a sale in progress or done",
		Ops: List | Create | Fetch | Update | Delete, LabelField: "title",
		Search: []string{"title", "notes", "company.name", "contact.name"},
		Sort:   "-created_at", MaxLimit: 200, ReminderField: "follow_up_at", ReminderNote: "follow_up_note", AssigneeField: "owner",
		Fields: dated(record(outreachOutcomes,
			Field{Name: "title", Required: true, InLists: true, Doc: "what is sold"},
			Field{Name: "amount_cents", Type: Int, InLists: true, Doc: "integer in the currency's smallest unit"},
			Field{Name: "amount", Type: Spelled, AmountOf: "amount_cents", Unit: "currency", InLists: true, Doc: `the same as people write it, like "1250.00 USD"; sets amount_cents and currency`},
			Field{Name: "currency", Type: Money, Default: "USD", InLists: true, Enumerable: true, Doc: "ISO 4217 code"},
			Field{Name: "stage", Indexed: true, InLists: true, Enumerable: true, Doc: "your own word: proposal, negotiation"},
			Field{Name: "status", Indexed: true, Type: Choice, Values: []string{"open", "won", "lost"}, Default: "open", InLists: true, Enumerable: true,
				TransitionOf: "stage", TransitionValues: []string{"won", "lost"}, Doc: "set by itself when stage becomes won or lost"},
			contactRef, companyRef, owner, tags, notes, followUp, followNote, custom), FieldCreatedAt, FieldUpdatedAt),
	},
	{
		Name: "ticket", Plural: "tickets", Prefix: "t", Doc: "a request to be answered; its activities are the conversation",
		Ops: List | Create | Fetch | Update | Delete, LabelField: "subject",
		Search: []string{"subject", "content", "tags", "requester.name", "company.name"},
		Sort:   "-created_at", MaxLimit: 200,
		Fields: dated(record(outreachOutcomes,
			Field{Name: "subject", Required: true, InLists: true, Doc: "what it is about"},
			Field{Name: "content", Max: maxLongText, Doc: "the request itself"},
			Field{Name: "status", Indexed: true, Type: Choice, Values: []string{"open", "pending", "solved", "closed"}, Default: "open", InLists: true, Enumerable: true, Doc: "pending waits for somebody else"},
			priority,
			Field{Name: "requester_id", Type: Ref, Ref: "contact", InLists: true, Doc: "the contact who asks"},
			companyRef, assignee, tags,
			Field{Name: "solved_at", Type: Time, ReadOnly: true, InLists: true, TransitionOf: "status", TransitionValues: []string{"solved", "closed"}, Doc: "when it became solved or closed; unset again when it is reopened"},
			custom), FieldCreatedAt, FieldUpdatedAt),
	},
	{
		Name: "task", Plural: "tasks", Prefix: "tk", Doc: "something to do, about a contact, company, deal, ticket or nothing",
		Ops: List | Create | Fetch | Update | Delete, LabelField: "title",
		Search: []string{"title", "notes", "contact.name", "company.name", "deal.title", "ticket.subject"},
		Sort:   "-created_at", MaxLimit: 200, ReminderField: "due_at", ReminderIf: "done=no", AssigneeField: "assignee",
		Parents: []string{"contact_id", "deal_id", "ticket_id", "company_id"},
		Fields: dated(record(nil,
			Field{Name: "title", Required: true, InLists: true, Doc: "what is to be done"},
			Field{Name: "due_at", Type: Time, InLists: true, Doc: "by when; shown by /reminders until it is done"},
			Field{Name: "done", Type: Flag, InLists: true, FlagOf: "done_at", Doc: "true completes it, false opens it again"},
			Field{Name: "done_at", Type: Time, InLists: true, Doc: "when it was done; may be in the past"},
			assignee, priority, contactRef, companyRef, dealRef, ticketRef, notes, custom), FieldCreatedAt, FieldUpdatedAt),
	},
	{
		Name: "campaign", Plural: "campaigns", Prefix: "cmp", Doc: "contacts and companies that are approached for one reason",
		Ops: List | Create | Fetch | Update | Delete, LabelField: "name", Search: []string{"name", "description"},
		Sort: "-created_at", MaxLimit: 200, Links: []ManyToMany{
			{Name: "contact", JoinEntity: "campaign_member", From: "campaign_id", To: "contact_id"},
			{Name: "company", JoinEntity: "campaign_member", From: "campaign_id", To: "company_id"}},
		Fields: dated(record([]Field{
			{Name: "contacts", Type: Int, ReadOnly: true, InLists: true, Rollup: &Rollup{Child: "campaign_member", Where: "contact_id"}, Doc: "how many are members"},
			{Name: "companies", Type: Int, ReadOnly: true, InLists: true, Rollup: &Rollup{Child: "campaign_member", Where: "company_id"}, Doc: "how many are members"}},
			Field{Name: "name", Required: true, InLists: true, Doc: "what it is called"},
			Field{Name: "description", Max: maxLongText, Doc: "the brief: whom it is for, what to say"},
			Field{Name: "status", Type: Choice, Values: []string{"active", "paused", "done"}, Default: "active", InLists: true, Enumerable: true, Doc: "whether it runs"},
			custom), FieldCreatedAt),
	},
	{
		Name: "campaign_member", Plural: "campaign_members", Prefix: "cm", Doc: "a contact or company in a campaign, once",
		Ops: List | Create | Fetch | Update | Delete, LabelField: "campaign_id", Search: []string{"reason", "contact.name", "company.name"},
		Sort: "-created_at", MaxLimit: 500, Parents: []string{"campaign_id"}, ChildPath: "members",
		AtLeastOne: []string{"contact_id", "company_id"}, UniqueTogether: [][]string{{"campaign_id", "contact_id"}, {"campaign_id", "company_id"}},
		Fields: dated(hidden(record(nil,
			Field{Name: "campaign_id", Type: Ref, Ref: "campaign", Required: true, InLists: true, Doc: "the campaign"},
			contactRef, companyRef,
			Field{Name: "reason", Max: 1000, InLists: true, Doc: "why it is in"})), FieldCreatedAt),
	},
	{
		Name: "activity", Plural: "activities", Prefix: "act", Doc: "something that happened with a contact, company, deal or ticket",
		Ops: List | Create | Fetch | Update | Delete, LabelField: "kind", Search: []string{"body", "contact.name", "company.name", "deal.title", "ticket.subject"},
		Sort: "-occurred_at", MaxLimit: 500, AuthorOwned: true, Parents: []string{"contact_id", "company_id", "deal_id", "ticket_id"},
		Fields: hidden(record(nil,
			Field{Name: "kind", Type: Choice, Values: []string{"call", "email", "meeting", "note", "task"}, Default: "note", InLists: true, Enumerable: true, Doc: "what happened"},
			Field{Name: "body", Required: true, InLists: true, Max: maxLongText, Doc: "what was said or done"},
			contactRef, companyRef,
			Field{Name: "contact_company_id", Type: Ref, Ref: "company", ReadOnly: true, InLists: true, InheritedFrom: "contact_id", AlternateOf: "company_id", Doc: "the contact's company, where that is another; company= finds both"},
			dealRef, ticketRef,
			Field{Name: "occurred_at", Type: Time, RangeIndexed: true, Default: "now", InLists: true, Doc: "when; may be in the past"},
			Field{Name: "on_behalf_of", Type: Email, InLists: true, Enumerable: true, IsUser: true, Doc: "for whom you did it, when not for yourself"})),
	},
	{
		Name: "change", Plural: "changes", Path: "audit", Prefix: "aud", Doc: "who changed what; from. and to. hold the changed fields",
		Ops: List, LabelField: "action", Sort: "-at", MaxLimit: 500, RandomID: true, Sealed: true,
		Fields: []Field{
			{Name: "id", Type: ID, ReadOnly: true, Doc: "name of the entry"},
			{Name: "handle", Type: Handle, ReadOnly: true, Doc: "change/id"},
			{Name: "at", Type: Time, ReadOnly: true, InLists: true, Doc: "when"},
			{Name: "by", Type: Email, Column: "actor", ReadOnly: true, IsUser: true, InLists: true, Doc: "whose token made the change"},
			{Name: "token_id", Type: Word, ReadOnly: true, InLists: true, Doc: "the token"},
			{Name: "addr", Type: Word, ReadOnly: true, InLists: true, Doc: "the client's network address"},
			{Name: "action", Type: Word, ReadOnly: true, InLists: true, Enumerable: true, Doc: "create, update, delete, token.create, …"},
			{Name: "target", Type: Word, HandleSyntax: true, ReadOnly: true, InLists: true, Doc: "handle of the record"},
			{Name: "from", Type: Object, Column: "before", ReadOnly: true, InLists: true, Doc: "changed fields as they were"},
			{Name: "to", Type: Object, Column: "after", ReadOnly: true, InLists: true, Doc: "changed fields as they became"},
		},
	},
	{
		Name: "token", Plural: "tokens", Prefix: "tok", Doc: "a session; revoke one with DELETE /tokens/{id}",
		Ops: List, LabelField: "name", Sort: "-created_at", MaxLimit: 200, RandomID: true, Scope: "user_id",
		Fields: []Field{
			{Name: "id", Type: ID, ReadOnly: true, Doc: "name of the token, not the secret"},
			{Name: "handle", Type: Handle, ReadOnly: true, Doc: "token/id"},
			{Name: "name", ReadOnly: true, InLists: true, Doc: "the token_name given at sign-in"},
			{Name: "workspace_id", Type: Word, Column: "workspace", ReadOnly: true, InLists: true, Doc: "the workspace it acts in"},
			{Name: "scope", Type: Word, ReadOnly: true, InLists: true, Doc: "what it may do: read, write or full"},
			{Name: "origin", Type: Word, ReadOnly: true, Doc: "how it came to be: code, minted, owner or oauth"},
			{Name: "reach", Type: Word, ReadOnly: true, Doc: "the workspaces it may make tokens for: all of yours, or one, its own"},
			{Name: "created_at", Type: Time, ReadOnly: true, InLists: true, DateOnly: true, Doc: "when it was made"},
			{Name: "last_used_at", Type: Time, ReadOnly: true, InLists: true, DateOnly: true, Doc: "last request, to the minute"},
		},
	},
	{
		Name: "workspace", Plural: "workspaces", Prefix: "ws", Doc: "a team's data, apart from every other's; listed are those you belong to",
		Ops: List, LabelField: "name", Sort: "-created_at", MaxLimit: 200, RandomID: true, Scope: "user_id", Table: "memberships",
		Fields: []Field{
			{Name: "id", Type: ID, ReadOnly: true, Doc: "name of the workspace"},
			{Name: "handle", Type: Handle, ReadOnly: true, Doc: "workspace/id"},
			{Name: "name", Required: true, InLists: true, Doc: "what the team calls it"},
			{Name: "role", Type: Word, ReadOnly: true, InLists: true, Doc: "yours in it: admin or member"},
			{Name: "time_zone", Type: Word, Default: "UTC", InLists: true, Max: 64, Doc: "IANA name like Europe/Berlin; dates and today are read in it, text times print with its offset"},
			{Name: "plan", Type: Word, ReadOnly: true, InLists: true, Doc: "what caps it; GET /whoami shows the usage"},
			{Name: "version", Type: Int, ReadOnly: true, Doc: "1 when made, +1 per change"},
			{Name: "created_at", Type: Time, ReadOnly: true, InLists: true, DateOnly: true, Doc: "when it was made"},
		},
	},
	seat(Entity{Name: "member", Plural: "members", Prefix: "u", SharedTable: "invite",
		Doc: "who belongs to a workspace, and pending invites with status=invited"}),
	seat(Entity{Name: "invite", Plural: "invites", Prefix: "inv", Doc: "a seat kept for an e-mail address; its owner joins at the next sign-in"}),
}

// seat fills in what members and invites share: they are rows of one table, so
// that no address is both and both count against the plan.
func seat(e Entity) Entity {
	e.Path = "workspaces/{id}/" + e.Plural
	e.Ops, e.LabelField, e.Sort, e.MaxLimit, e.RandomID = List, "email", "-created_at", 200, true
	e.Fields = []Field{
		{Name: "id", Type: ID, ReadOnly: true, Doc: "the user's, or the invite's"},
		{Name: "handle", Type: Handle, ReadOnly: true, Doc: "member/id or invite/id"},
		{Name: "email", Type: Email, ReadOnly: true, InLists: true, Doc: "whose seat it is"},
		{Name: "role", Type: Choice, Values: Roles(), Default: RoleMember, InLists: true, Enumerable: true, Doc: "admin manages the workspace, member works in it; set by inviting, or by POST …/role"},
		{Name: "status", Type: Word, ReadOnly: true, InLists: true, Enumerable: true, Doc: "active, or invited until the next sign-in"},
		{Name: "invited_by", Type: Email, ReadOnly: true, InLists: true, Doc: "who sent the invite"},
		{Name: "created_at", Type: Time, ReadOnly: true, InLists: true, DateOnly: true, Doc: "when the member joined, or the invite was made"},
	}
	return e
}
