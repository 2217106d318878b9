package brief

// section is a list that is a part of a brief: the records of a kind about one record.
type section struct {
	kind   string // of the records listed
	of     string // the filter that names the record
	where  string // further parameters of the list
	rows   int    // that are shown
	fields string // that are shown, with commas between; those that the kind does not have are left out
	whole  string // the field of the first row that is not cut; empty: none

	through string   // the kind of the records near the record to which the rows refer instead of it; empty: they refer to it
	but     []string // references of rows that an earlier section has: to the record itself, or to records of a kind near it
}

// near says how the records near one are found, by its kind and theirs: those to which tasks and talks may refer in its place.
var near = map[string]map[string]string{
	"contact": {"deal": "contact=%s&sort=-updated_at"},
	"company": {"contact": "company=%s&sort=-last_outreach", "deal": "company=%s&sort=-updated_at"},
}

// maxNear is how many records of a kind near one are looked at.
const maxNear = 50

// The fields that a brief shows of each kind: what somebody asks before a conversation.
const (
	taskFields     = "title,due_at,assignee,priority,notes"
	talkFields     = "kind,occurred_at,created_by,body"
	dealFields     = "title,stage,days_in_stage,stale,amount,close_at,follow_up_at,follow_up_note,owner"
	personFields   = "name,title,stage,email,phone,last_outreach"
	ticketFields   = "subject,status,priority,created_at,assignee"
	roleFields     = "contact.name,role"
	dealRoleFields = "deal.title,role"
)

// recordFields are the fields that a brief shows of its record. Those that a kind does not have are left out.
const recordFields = "name,title,subject,email,phone,domain,stage,days_in_stage,stale,status,priority,amount,close_at,parent_id,parent.name,company_id,company.name,contact_id,contact.name,requester_id,requester.name," +
	"owner,assignee,tags,follow_up_at,follow_up_note,last_activity,outreach,last_outreach,notes,content,custom"

// sections are the parts of the brief of each kind, the most important first: a budget that is too small leaves out
// the last rows.
var sections = map[string][]section{
	"contact": {
		{kind: "task", of: "contact", where: "done_at=is:null&sort=due_at", rows: 5, fields: taskFields},
		{kind: "task", of: "deal.contact", through: "deal", but: []string{"contact"}, where: "done_at=is:null&sort=due_at", rows: 3, fields: taskFields + ",deal.title"},
		{kind: "activity", of: "contact", where: "sort=-occurred_at", rows: 3, fields: talkFields, whole: "body"},
		{kind: "activity", of: "deal.contact", through: "deal", but: []string{"contact"}, where: "sort=-occurred_at", rows: 2, fields: talkFields + ",deal.title"},
		{kind: "deal", of: "contact", where: "status=open&sort=-amount_cents", rows: 5, fields: dealFields},
		{kind: "deal_contact", of: "contact", where: "deal.status=open&role=not:null", rows: 5, fields: dealRoleFields},
		{kind: "ticket", of: "requester", where: "status=in:open,pending", rows: 3, fields: ticketFields},
	},
	"company": {
		{kind: "task", of: "company", where: "done_at=is:null&sort=due_at", rows: 5, fields: taskFields},
		{kind: "task", of: "contact.company", through: "contact", but: []string{"company"}, where: "done_at=is:null&sort=due_at", rows: 3, fields: taskFields + ",contact.name"},
		{kind: "task", of: "deal.company", through: "deal", but: []string{"company", "contact"}, where: "done_at=is:null&sort=due_at", rows: 3, fields: taskFields + ",deal.title"},
		{kind: "activity", of: "company", where: "sort=-occurred_at", rows: 3, fields: talkFields + ",contact_id,contact.name", whole: "body"},
		{kind: "activity", of: "deal.company", through: "deal", but: []string{"company"}, where: "sort=-occurred_at", rows: 2, fields: talkFields + ",deal.title"},
		{kind: "deal", of: "company", where: "status=open&sort=-amount_cents", rows: 5, fields: dealFields + ",contact.name"},
		{kind: "contact", of: "company", where: "sort=-last_outreach", rows: 8, fields: personFields},
		{kind: "company", of: "parent", where: "sort=-last_outreach", rows: 5, fields: "name,domain,owner,last_outreach"},
		{kind: "ticket", of: "company", where: "status=in:open,pending", rows: 3, fields: ticketFields},
	},
	"deal": {
		{kind: "task", of: "deal", where: "done_at=is:null&sort=due_at", rows: 5, fields: taskFields},
		{kind: "activity", of: "deal", where: "sort=-occurred_at", rows: 3, fields: talkFields + ",contact.name", whole: "body"},
		{kind: "deal_contact", of: "deal", rows: 10, fields: roleFields},
	},
	"ticket": {
		{kind: "task", of: "ticket", where: "done_at=is:null&sort=due_at", rows: 5, fields: taskFields},
		{kind: "activity", of: "ticket", where: "sort=-occurred_at", rows: 3, fields: talkFields, whole: "body"},
	},
}

// related are the references of a record whose target is a row of its brief, with its fields.
var related = map[string]string{
	"company_id":   "name,domain,owner,tags,notes,last_outreach",
	"contact_id":   personFields,
	"requester_id": personFields,
}
