package crm

import "slices"

// long is the most characters of notes and bodies.
const long = 65536

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
		Field{Name: "created_at", Type: Time, ReadOnly: true, Day: true, Doc: "when it was made"},
		Field{Name: "created_by", Type: Email, ReadOnly: true, Person: true, Doc: "who made it"},
		Field{Name: "updated_at", Type: Time, ReadOnly: true, Brief: true, Day: true, Doc: "last change"},
		Field{Name: "updated_by", Type: Email, ReadOnly: true, Person: true, Doc: "who changed it last"},
	)
}

// quiet keeps the bookkeeping times out of text lists, for kinds that show a time
// of their own.
func quiet(fields []Field) []Field {
	for i := range fields {
		fields[i].Brief = fields[i].Brief && !fields[i].Day
	}
	return fields
}

// dated says that lists by a span of some times follow an index.
func dated(fields []Field, names ...string) []Field {
	for i := range fields {
		fields[i].Spanned = fields[i].Spanned || slices.Contains(names, fields[i].Name)
	}
	return fields
}

// Fields that several kinds share, word for word.
var (
	owner      = Field{Name: "owner", Indexed: true, Brief: true, Vocab: true, Person: true, Doc: "who looks after it, best an e-mail; me is you"}
	tags       = Field{Name: "tags", Type: Tags, Brief: true, Doc: "labels; a tag has no comma and at most 64 characters"}
	notes      = Field{Name: "notes", Max: long, Doc: "free text"}
	followUp   = Field{Name: "follow_up_at", Type: Time, Spanned: true, Brief: true, Doc: "when to come back to it; shown by /reminders"}
	followNote = Field{Name: "follow_up_note", Max: 1000, Doc: "what to do then"}
	custom     = Field{Name: "custom", Type: Object, Doc: "your own keys, any JSON values, kept as sent"}
	companyRef = Field{Name: "company_id", Type: Ref, Ref: "company", Brief: true, Doc: "the company"}
	contactRef = Field{Name: "contact_id", Type: Ref, Ref: "contact", Brief: true, Doc: "the contact"}
	dealRef    = Field{Name: "deal_id", Type: Ref, Ref: "deal", Brief: true, Doc: "the deal"}
	ticketRef  = Field{Name: "ticket_id", Type: Ref, Ref: "ticket", Brief: true, Doc: "the ticket"}
	assignee   = Field{Name: "assignee", Indexed: true, Brief: true, Vocab: true, Person: true, Doc: "who does it, best an e-mail; me is you"}
	priority   = Field{Name: "priority", Type: Choice, Values: []string{"low", "normal", "high"}, Ranked: true, Default: "normal", Brief: true, Vocab: true, Doc: "how much it matters; sorts and compares in this order"}
)

// What is kept of the activities logged for a record. A contact's count for its
// company too.
var (
	outreachKinds = []string{"call", "email", "meeting"}

	signals = []Field{
		{Name: "activities", Type: Int, ReadOnly: true, Brief: true, Tally: &Tally{Of: "activity"}, Doc: "how many were logged"},
		{Name: "last_activity", Type: Time, ReadOnly: true, Brief: true, Day: true, Tally: &Tally{Of: "activity", Take: "occurred_at"}, Doc: "when the latest occurred"},
		{Name: "on_behalf_of", Type: Tags, ReadOnly: true, Brief: true, Person: true, Tally: &Tally{Of: "activity", Take: "on_behalf_of"}, Doc: "for whom they were done, up to 100 of them; filters find all"},
	}
	outreach = []Field{
		signals[0], signals[1],
		{Name: "outreach", Type: Int, ReadOnly: true, Brief: true, Tally: &Tally{Of: "activity", Has: "kind", In: outreachKinds}, Doc: "how many of them were a call, email or meeting"},
		{Name: "last_outreach", Type: Time, ReadOnly: true, Brief: true, Day: true, Tally: &Tally{Of: "activity", Take: "occurred_at", Has: "kind", In: outreachKinds}, Doc: "when the latest of those occurred; unset: never reached"},
		signals[2],
	}
)

// Entities is the schema of the product. A new kind is a row here and a
// migration in package store.
var Entities = []Entity{
	{
		Name: "contact", Plural: "contacts", Prefix: "c", Doc: "a person", Links: []Link{{Name: "campaign", Through: "campaign_member", By: "contact_id", To: "campaign_id"}},
		Verbs: List | Create | Fetch | Update | Delete, Display: "name", Unique: "email",
		Search: []string{"name", "email", "phone", "notes", "tags", "company.name"},
		Sort:   "-created_at", MaxLimit: 200, Due: "follow_up_at", DueNote: "follow_up_note", Assigned: "owner",
		Fields: dated(record(outreach,
			Field{Name: "name", Required: true, Brief: true, Doc: "full name"},
			Field{Name: "email", Type: Email, Brief: true, Doc: "unique; POST upserts by it"},
			Field{Name: "phone", Type: Phone, Brief: true, Max: 64, Doc: "as you write it; compared by its digits"},
			Field{Name: "stage", Indexed: true, Brief: true, Vocab: true, Doc: "your own word: lead, qualified, customer"},
			companyRef, owner, tags, notes, followUp, followNote, custom), FieldCreatedAt, FieldUpdatedAt),
	},
	{
		Name: "company", Plural: "companies", Prefix: "co", Doc: "an organisation", Links: []Link{{Name: "campaign", Through: "campaign_member", By: "company_id", To: "campaign_id"}},
		Verbs: List | Create | Fetch | Update | Delete, Display: "name", Unique: "domain",
		Search: []string{"name", "domain", "notes", "tags"},
		Sort:   "-created_at", MaxLimit: 200,
		Fields: dated(record(outreach,
			Field{Name: "name", Required: true, Brief: true, Doc: "its name"},
			Field{Name: "domain", Type: Domain, Brief: true, Doc: "unique; POST upserts by it; a URL is cut to its host"},
			owner, tags, notes, custom), FieldCreatedAt, FieldUpdatedAt),
	},
	{
		Name: "deal", Plural: "deals", Prefix: "d", Doc: "a sale in progress or done",
		Verbs: List | Create | Fetch | Update | Delete, Display: "title",
		Search: []string{"title", "notes", "company.name", "contact.name"},
		Sort:   "-created_at", MaxLimit: 200, Due: "follow_up_at", DueNote: "follow_up_note", Assigned: "owner",
		Fields: dated(record(signals,
			Field{Name: "title", Required: true, Brief: true, Doc: "what is sold"},
			Field{Name: "amount_cents", Type: Int, Brief: true, Doc: "integer in the currency's smallest unit"},
			Field{Name: "amount", Type: Spelled, Spells: "amount_cents", Unit: "currency", Brief: true, Doc: `the same as people write it, like "1250.00 USD"; sets amount_cents and currency`},
			Field{Name: "currency", Type: Money, Default: "USD", Brief: true, Vocab: true, Doc: "ISO 4217 code"},
			Field{Name: "stage", Indexed: true, Brief: true, Vocab: true, Doc: "your own word: proposal, negotiation"},
			Field{Name: "status", Indexed: true, Type: Choice, Values: []string{"open", "won", "lost"}, Default: "open", Brief: true, Vocab: true,
				Follows: "stage", FollowOn: []string{"won", "lost"}, Doc: "set by itself when stage becomes won or lost"},
			contactRef, companyRef, owner, tags, notes, followUp, followNote, custom), FieldCreatedAt, FieldUpdatedAt),
	},
	{
		Name: "ticket", Plural: "tickets", Prefix: "t", Doc: "a request to be answered; its activities are the conversation",
		Verbs: List | Create | Fetch | Update | Delete, Display: "subject",
		Search: []string{"subject", "content", "tags", "requester.name", "company.name"},
		Sort:   "-created_at", MaxLimit: 200,
		Fields: dated(record(signals,
			Field{Name: "subject", Required: true, Brief: true, Doc: "what it is about"},
			Field{Name: "content", Max: long, Doc: "the request itself"},
			Field{Name: "status", Indexed: true, Type: Choice, Values: []string{"open", "pending", "solved", "closed"}, Default: "open", Brief: true, Vocab: true, Doc: "pending waits for somebody else"},
			priority,
			Field{Name: "requester_id", Type: Ref, Ref: "contact", Brief: true, Doc: "the contact who asks"},
			companyRef, assignee, tags,
			Field{Name: "solved_at", Type: Time, ReadOnly: true, Brief: true, Follows: "status", FollowOn: []string{"solved", "closed"}, Doc: "when it became solved or closed; unset again when it is reopened"},
			custom), FieldCreatedAt, FieldUpdatedAt),
	},
	{
		Name: "task", Plural: "tasks", Prefix: "tk", Doc: "something to do, about a contact, company, deal, ticket or nothing",
		Verbs: List | Create | Fetch | Update | Delete, Display: "title",
		Search: []string{"title", "notes", "contact.name", "company.name", "deal.title", "ticket.subject"},
		Sort:   "-created_at", MaxLimit: 200, Due: "due_at", DueIf: "done=no", Assigned: "assignee",
		Under: []string{"contact_id", "deal_id", "ticket_id", "company_id"},
		Fields: dated(record(nil,
			Field{Name: "title", Required: true, Brief: true, Doc: "what is to be done"},
			Field{Name: "due_at", Type: Time, Brief: true, Doc: "by when; shown by /reminders until it is done"},
			Field{Name: "done", Type: Flag, Brief: true, Stamps: "done_at", Doc: "true completes it, false opens it again"},
			Field{Name: "done_at", Type: Time, Brief: true, Doc: "when it was done; may be in the past"},
			assignee, priority, contactRef, companyRef, dealRef, ticketRef, notes, custom), FieldCreatedAt, FieldUpdatedAt),
	},
	{
		Name: "campaign", Plural: "campaigns", Prefix: "cmp", Doc: "contacts and companies that are approached for one reason",
		Verbs: List | Create | Fetch | Update | Delete, Display: "name", Search: []string{"name", "description"},
		Sort: "-created_at", MaxLimit: 200, Links: []Link{
			{Name: "contact", Through: "campaign_member", By: "campaign_id", To: "contact_id"},
			{Name: "company", Through: "campaign_member", By: "campaign_id", To: "company_id"}},
		Fields: dated(record([]Field{
			{Name: "contacts", Type: Int, ReadOnly: true, Brief: true, Tally: &Tally{Of: "campaign_member", Has: "contact_id"}, Doc: "how many are members"},
			{Name: "companies", Type: Int, ReadOnly: true, Brief: true, Tally: &Tally{Of: "campaign_member", Has: "company_id"}, Doc: "how many are members"}},
			Field{Name: "name", Required: true, Brief: true, Doc: "what it is called"},
			Field{Name: "description", Max: long, Doc: "the brief: whom it is for, what to say"},
			Field{Name: "status", Type: Choice, Values: []string{"active", "paused", "done"}, Default: "active", Brief: true, Vocab: true, Doc: "whether it runs"},
			custom), FieldCreatedAt),
	},
	{
		Name: "campaign_member", Plural: "campaign_members", Prefix: "cm", Doc: "a contact or company in a campaign, once",
		Verbs: List | Create | Fetch | Update | Delete, Display: "campaign_id", Search: []string{"reason", "contact.name", "company.name"},
		Sort: "-created_at", MaxLimit: 500, Under: []string{"campaign_id"}, Segment: "members",
		OneOf: []string{"contact_id", "company_id"}, Pairs: [][]string{{"campaign_id", "contact_id"}, {"campaign_id", "company_id"}},
		Fields: dated(quiet(record(nil,
			Field{Name: "campaign_id", Type: Ref, Ref: "campaign", Required: true, Brief: true, Doc: "the campaign"},
			contactRef, companyRef,
			Field{Name: "reason", Max: 1000, Brief: true, Doc: "why it is in"})), FieldCreatedAt),
	},
	{
		Name: "activity", Plural: "activities", Prefix: "act", Doc: "something that happened with a contact, company, deal or ticket",
		Verbs: List | Create | Fetch | Update | Delete, Display: "kind", Search: []string{"body", "contact.name", "company.name", "deal.title", "ticket.subject"},
		Sort: "-occurred_at", MaxLimit: 500, Log: true, Under: []string{"contact_id", "company_id", "deal_id", "ticket_id"},
		Fields: quiet(record(nil,
			Field{Name: "kind", Type: Choice, Values: []string{"call", "email", "meeting", "note", "task"}, Default: "note", Brief: true, Vocab: true, Doc: "what happened"},
			Field{Name: "body", Required: true, Brief: true, Max: long, Doc: "what was said or done"},
			contactRef, companyRef,
			Field{Name: "contact_company_id", Type: Ref, Ref: "company", ReadOnly: true, Brief: true, Via: "contact_id", Beside: "company_id", Doc: "the contact's company, where that is another; company= finds both"},
			dealRef, ticketRef,
			Field{Name: "occurred_at", Type: Time, Spanned: true, Default: "now", Brief: true, Doc: "when; may be in the past"},
			Field{Name: "on_behalf_of", Type: Email, Brief: true, Vocab: true, Person: true, Doc: "for whom you did it, when not for yourself"})),
	},
	{
		Name: "change", Plural: "changes", Path: "audit", Prefix: "aud", Doc: "who changed what; from. and to. hold the changed fields",
		Verbs: List, Display: "action", Sort: "-at", MaxLimit: 500, RandomID: true, Sealed: true,
		Fields: []Field{
			{Name: "id", Type: ID, ReadOnly: true, Doc: "name of the entry"},
			{Name: "handle", Type: Handle, ReadOnly: true, Doc: "change/id"},
			{Name: "at", Type: Time, ReadOnly: true, Brief: true, Doc: "when"},
			{Name: "by", Type: Email, Column: "actor", ReadOnly: true, Person: true, Brief: true, Doc: "whose token made the change"},
			{Name: "token_id", Type: Word, ReadOnly: true, Brief: true, Doc: "the token"},
			{Name: "addr", Type: Word, ReadOnly: true, Brief: true, Doc: "the client's network address"},
			{Name: "action", Type: Word, ReadOnly: true, Brief: true, Vocab: true, Doc: "create, update, delete, token.create, …"},
			{Name: "target", Type: Word, Handles: true, ReadOnly: true, Brief: true, Doc: "handle of the record"},
			{Name: "from", Type: Object, Column: "before", ReadOnly: true, Brief: true, Doc: "changed fields as they were"},
			{Name: "to", Type: Object, Column: "after", ReadOnly: true, Brief: true, Doc: "changed fields as they became"},
		},
	},
	{
		Name: "token", Plural: "tokens", Prefix: "tok", Doc: "a session; revoke one with DELETE /tokens/{id}",
		Verbs: List, Display: "name", Sort: "-created_at", MaxLimit: 200, RandomID: true, Scope: "user_id",
		Fields: []Field{
			{Name: "id", Type: ID, ReadOnly: true, Doc: "name of the token, not the secret"},
			{Name: "handle", Type: Handle, ReadOnly: true, Doc: "token/id"},
			{Name: "name", ReadOnly: true, Brief: true, Doc: "the token_name given at sign-in"},
			{Name: "workspace_id", Type: Word, Column: "workspace", ReadOnly: true, Brief: true, Doc: "the workspace it acts in"},
			{Name: "scope", Type: Word, ReadOnly: true, Brief: true, Doc: "what it may do: read, write or full"},
			{Name: "origin", Type: Word, ReadOnly: true, Doc: "how it came to be: code, minted, owner or oauth"},
			{Name: "reach", Type: Word, ReadOnly: true, Doc: "the workspaces it may make tokens for: all of yours, or one, its own"},
			{Name: "created_at", Type: Time, ReadOnly: true, Brief: true, Day: true, Doc: "when it was made"},
			{Name: "last_used_at", Type: Time, ReadOnly: true, Brief: true, Day: true, Doc: "last request, to the minute"},
		},
	},
	{
		Name: "workspace", Plural: "workspaces", Prefix: "ws", Doc: "a team's data, apart from every other's; listed are those you belong to",
		Verbs: List, Display: "name", Sort: "-created_at", MaxLimit: 200, RandomID: true, Scope: "user_id", Table: "memberships",
		Fields: []Field{
			{Name: "id", Type: ID, ReadOnly: true, Doc: "name of the workspace"},
			{Name: "handle", Type: Handle, ReadOnly: true, Doc: "workspace/id"},
			{Name: "name", Required: true, Brief: true, Doc: "what the team calls it"},
			{Name: "role", Type: Word, ReadOnly: true, Brief: true, Doc: "yours in it: admin or member"},
			{Name: "time_zone", Type: Word, Default: "UTC", Brief: true, Max: 64, Doc: "IANA name like Europe/Berlin; dates and today are read in it, text times print with its offset"},
			{Name: "plan", Type: Word, ReadOnly: true, Brief: true, Doc: "what caps it; GET /whoami shows the usage"},
			{Name: "version", Type: Int, ReadOnly: true, Doc: "1 when made, +1 per change"},
			{Name: "created_at", Type: Time, ReadOnly: true, Brief: true, Day: true, Doc: "when it was made"},
		},
	},
	seat(Entity{Name: "member", Plural: "members", Prefix: "u", Twin: "invite",
		Doc: "who belongs to a workspace, and pending invites with status=invited"}),
	seat(Entity{Name: "invite", Plural: "invites", Prefix: "inv", Doc: "a seat kept for an e-mail address; its owner joins at the next sign-in"}),
}

// seat fills in what members and invites share: they are rows of one table, so
// that no address is both and both count against the plan.
func seat(e Entity) Entity {
	e.Path = "workspaces/{id}/" + e.Plural
	e.Verbs, e.Display, e.Sort, e.MaxLimit, e.RandomID = List, "email", "-created_at", 200, true
	e.Fields = []Field{
		{Name: "id", Type: ID, ReadOnly: true, Doc: "the user's, or the invite's"},
		{Name: "handle", Type: Handle, ReadOnly: true, Doc: "member/id or invite/id"},
		{Name: "email", Type: Email, ReadOnly: true, Brief: true, Doc: "whose seat it is"},
		{Name: "role", Type: Choice, Values: Roles(), Default: RoleMember, Brief: true, Vocab: true, Doc: "admin manages the workspace, member works in it; set by inviting, or by POST …/role"},
		{Name: "status", Type: Word, ReadOnly: true, Brief: true, Vocab: true, Doc: "active, or invited until the next sign-in"},
		{Name: "invited_by", Type: Email, ReadOnly: true, Brief: true, Doc: "who sent the invite"},
		{Name: "created_at", Type: Time, ReadOnly: true, Brief: true, Day: true, Doc: "when the member joined, or the invite was made"},
	}
	return e
}
