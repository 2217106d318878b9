package catalog

import (
	"crmkit/crm"
	"crmkit/crm/fieldtype"
	"crmkit/crm/shape"
)

// Views are the lists of things that are not records. Functions of the packages store and
// auth make and change these things, each by a rule of its own, and log each change as the
// store does for records. A thing that clients could make with any fields would be an entity.
var Views = []crm.View{
	{
		Name: "change", Plural: "changes", Path: "audit", Prefix: "aud", Doc: "a logged change; from.<field> and to.<field> are the values before and after",
		LabelField: "action", Sort: "-at", MaxLimit: 500, Storage: crm.Storage{SealedIDs: true},
		Fields: []crm.Field{
			{Name: "id", Type: fieldtype.ID, ReadOnly: true, Doc: "name of the entry"},
			{Name: "handle", Type: fieldtype.Handle, ReadOnly: true, Doc: "change/id"},
			{Name: "at", Type: fieldtype.Time, ReadOnly: true, InLists: true, Doc: "when"},
			{Name: "by", Type: fieldtype.Email, Column: "actor", ReadOnly: true, IsUser: true, InLists: true, Doc: "whose token made the change"},
			{Name: "token_id", Type: fieldtype.Word, OwnFold: true, ReadOnly: true, InLists: true, Doc: "the token"},
			{Name: "addr", Type: fieldtype.Word, ReadOnly: true, InLists: true, Doc: "the client's network address"},
			{Name: "action", Type: fieldtype.Word, OwnFold: true, ReadOnly: true, InLists: true, Enumerable: true, Doc: "create, update, delete, token.create, …"},
			{Name: "target", Type: fieldtype.Word, HandleSyntax: true, ReadOnly: true, InLists: true, Doc: "handle of the record"},
			{Name: "from", Type: fieldtype.Object, Column: "before", ReadOnly: true, InLists: true, Doc: "changed fields as they were"},
			{Name: "to", Type: fieldtype.Object, Column: "after", ReadOnly: true, InLists: true, Doc: "changed fields as they became"},
		},
	},
	{
		Name: "token", Plural: "tokens", Prefix: "tok", Doc: "a session; revoke one with DELETE /tokens/{id}",
		LabelField: "name", Sort: "-created_at", MaxLimit: 200, Storage: crm.Storage{Scope: "user_id"},
		Fields: []crm.Field{
			{Name: "id", Type: fieldtype.ID, ReadOnly: true, Doc: "name of the token, not the secret"},
			{Name: "handle", Type: fieldtype.Handle, ReadOnly: true, Doc: "token/id"},
			{Name: "name", Type: fieldtype.Text, ReadOnly: true, InLists: true, Doc: "the token_name given at sign-in"},
			{Name: "workspace_id", Type: fieldtype.Word, OwnFold: true, Column: "workspace", ReadOnly: true, InLists: true, Doc: "the workspace it acts in"},
			{Name: "scope", Type: fieldtype.Word, OwnFold: true, ReadOnly: true, InLists: true, Doc: "what it may do: read, write or full"},
			{Name: "origin", Type: fieldtype.Word, OwnFold: true, ReadOnly: true, Doc: "how it was made: code (a sign-in), minted (by another token), owner (crmkit token) or oauth (a connector)"},
			{Name: "reach", Type: fieldtype.Word, OwnFold: true, ReadOnly: true, Doc: "all: it may make tokens for each of your workspaces; one: only for its own"},
			{Name: "created_at", Type: fieldtype.Time, ReadOnly: true, InLists: true, DateOnly: true, Doc: "when it was made"},
			{Name: "last_used_at", Type: fieldtype.Time, ReadOnly: true, InLists: true, DateOnly: true, Doc: "last request, to the minute"},
		},
	},
	{
		Name: "workspace", Plural: "workspaces", Prefix: "ws", Doc: "a team's data, which no other workspace sees; the list has those you belong to",
		LabelField: "name", Sort: "-created_at", MaxLimit: 200, Storage: crm.Storage{Table: "memberships", Scope: "user_id"},
		Fields: []crm.Field{
			{Name: "id", Type: fieldtype.ID, ReadOnly: true, Doc: "name of the workspace"},
			{Name: "handle", Type: fieldtype.Handle, ReadOnly: true, Doc: "workspace/id"},
			{Name: "name", Type: fieldtype.Text, Required: true, InLists: true, Doc: "what the team calls it"},
			{Name: "role", Type: fieldtype.Word, OwnFold: true, ReadOnly: true, InLists: true, Doc: "your role in it: admin or member"},
			{Name: "time_zone", Type: fieldtype.Word, Default: "UTC", InLists: true, Max: 64, Doc: "IANA name like Europe/Berlin; dates and today are read in it, text shows times with its offset"},
			{Name: "country", Type: fieldtype.Word, Max: 64, InLists: true, Doc: "ISO 3166-1 code like DE; national phone numbers are of it"},
			{Name: "custom_keys", Type: fieldtype.Choice, Choices: crm.OneOf("any", shape.DeclaredKeys), InLists: true, Doc: "declared: records take declared keys of custom only; unset or any: also others"},
			{Name: "plan", Type: fieldtype.Word, OwnFold: true, ReadOnly: true, InLists: true, Doc: "the plan that limits it; GET /whoami shows the usage"},
			{Name: "version", Type: fieldtype.Integer, ReadOnly: true, Doc: "1 at first, 1 more with each change"},
			{Name: "created_at", Type: fieldtype.Time, ReadOnly: true, InLists: true, DateOnly: true, Doc: "when it was made"},
		},
	},
	seat(crm.View{Name: "member", Plural: "members", Prefix: "u", Storage: crm.Storage{Shared: "invite"},
		Doc: "a member of a workspace, or a pending invite (status=invited)"}),
	seat(crm.View{Name: "invite", Plural: "invites", Prefix: "inv", Doc: "an invited e-mail address; its owner joins at the next sign-in"}),
}

// seat adds to a view the fields that members and invites share. They are rows of one table,
// so an address cannot be both, and one count limits them by the plan.
func seat(v crm.View) crm.View {
	v.Path = "workspaces/{id}/" + v.Plural
	v.LabelField, v.Sort, v.MaxLimit = "email", "-created_at", 200
	v.Fields = []crm.Field{
		{Name: "id", Type: fieldtype.ID, ReadOnly: true, Doc: "the user's, or the invite's"},
		{Name: "handle", Type: fieldtype.Handle, ReadOnly: true, Doc: "member/id or invite/id"},
		{Name: "email", Type: fieldtype.Email, ReadOnly: true, InLists: true, Doc: "of the member or the invited person"},
		{Name: "role", Type: fieldtype.Choice, Choices: crm.OneOf(crm.Roles()...), Default: crm.RoleMember, InLists: true, Enumerable: true, Doc: "admin manages the workspace, member works in it; set by inviting, or by POST …/role"},
		{Name: "status", Type: fieldtype.Word, OwnFold: true, ReadOnly: true, InLists: true, Enumerable: true, Doc: "active, or invited until the next sign-in"},
		{Name: "invited_by", Type: fieldtype.Email, ReadOnly: true, InLists: true, Doc: "who sent the invite"},
		{Name: "created_at", Type: fieldtype.Time, ReadOnly: true, InLists: true, DateOnly: true, Doc: "when the member joined, or the invite was made"},
	}
	return v
}
