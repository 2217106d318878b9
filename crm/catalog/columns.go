package catalog

import (
	"strings"
	"unicode"

	"crmkit/crm"
)

// ColumnAlias lists the column names that exports of other products have for a field. Names
// are compared in the form of FoldColumn. If a file has several of them, the value of a row
// is from the first one that is set, in the order of the table.
type ColumnAlias struct {
	Of    string // entity
	Path  string // a field; "id", the record's id in that product; or a field of a reference, like company.domain
	Names []string
	Join  bool // the columns are parts of one value, in the order of Names
}

// ColumnAliases are the names besides those of the fields themselves, as HubSpot, Pipedrive,
// Attio and Google Contacts write them in their exports. The order is that of preference: a
// full name before its parts, the work address before others. A column that is in no row
// goes into custom, so a missing name loses nothing.
var ColumnAliases = []ColumnAlias{
	{Of: "contact", Path: "id", Names: []string{"Record ID", "Contact ID", "Person - ID", "Record ID - Contact"}},
	{Of: "contact", Path: "name", Names: []string{"Full Name", "Person - Name", "Contact Name"}},
	{Of: "contact", Path: "name", Join: true, Names: []string{"Name Prefix", "First Name", "Given Name", "Person - First name", "Middle Name", "Additional Name",
		"Last Name", "Family Name", "Person - Last name", "Name Suffix"}},
	{Of: "contact", Path: "name", Names: []string{"Display Name", "File As", "Record"}},
	{Of: "contact", Path: "email", Names: []string{"E-mail", "Email Address", "Email Addresses", "Person - Email - Work", "E-mail 1 - Value", "Person - Email",
		"Person - Email - Home", "Person - Email - Other", "Primary Email", "Work Email"}},
	{Of: "contact", Path: "phone", Names: []string{"Phone Number", "Phone Numbers", "Mobile Phone Number", "Phone 1 - Value", "Person - Phone - Work",
		"Person - Phone - Mobile", "Person - Phone", "Person - Phone - Home", "Person - Phone - Other", "Mobile", "Mobile Phone", "Telephone"}},
	{Of: "contact", Path: "stage", Names: []string{"Lifecycle Stage", "Lead Status", "Person - Label", "Lead Stage"}},
	{Of: "contact", Path: "owner", Names: []string{"Contact Owner", "Person - Owner", "Owner Email", "Record Owner"}},
	{Of: "contact", Path: "tags", Names: []string{"Labels", "Label", "Tag", "Group Membership"}},
	{Of: "contact", Path: "notes", Names: []string{"Note", "Description", "Person - Note"}},
	{Of: "contact", Path: "company_id", Names: []string{"Primary Associated Company ID", "Associated Company IDs", "Person - Organization ID", "Organization - ID"}},
	{Of: "contact", Path: "company.name", Names: []string{"Company Name", "Organization Name", "Organization 1 - Name", "Person - Organization",
		"Associated Company", "Primary Associated Company", "Organization", "Account Name"}},
	{Of: "contact", Path: "company.domain", Names: []string{"Company Domain Name", "Company Domain", "Company Website"}},

	{Of: "company", Path: "id", Names: []string{"Record ID", "Company ID", "Organization - ID", "Record ID - Company"}},
	{Of: "company", Path: "name", Names: []string{"Company Name", "Organization - Name", "Organization", "Account Name", "Company", "Record"}},
	{Of: "company", Path: "domain", Names: []string{"Company Domain Name", "Domains", "Website URL", "Website", "Organization - Website", "Organization - Domain", "Company Domain"}},
	{Of: "company", Path: "owner", Names: []string{"Company Owner", "Organization - Owner", "Owner Email", "Record Owner"}},
	{Of: "company", Path: "tags", Names: []string{"Labels", "Label", "Organization - Label", "Organization - Labels", "Categories"}},
	{Of: "company", Path: "notes", Names: []string{"Description", "Note", "About Us"}},

	{Of: "deal", Path: "id", Names: []string{"Record ID", "Deal - ID", "Record ID - Deal"}},
	{Of: "deal", Path: "title", Names: []string{"Deal Name", "Deal - Title", "Name", "Record", "Opportunity Name"}},
	{Of: "deal", Path: "amount_cents", Names: []string{"Amount", "Deal - Value", "Value"}},
	{Of: "deal", Path: "currency", Names: []string{"Deal - Currency of Value", "Deal Currency", "Currency of Value", "Deal Currency Code", "Currency ISO Code", "Currency Code"}},
	{Of: "deal", Path: "stage", Names: []string{"Deal Stage", "Stage Name"}},
	{Of: "deal", Path: "status", Names: []string{"Deal - Status"}},
	{Of: "deal", Path: "owner", Names: []string{"Deal Owner", "Owner Email"}},
	{Of: "deal", Path: "tags", Names: []string{"Labels", "Label", "Deal - Label"}},
	{Of: "deal", Path: "notes", Names: []string{"Deal Description", "Description", "Note"}},
	{Of: "deal", Path: "contact_id", Names: []string{"Associated Contact IDs", "Deal - Contact person ID", "Person - ID"}},
	{Of: "deal", Path: "contact.name", Names: []string{"Associated Contact", "Deal - Contact person", "Associated People", "Person - Name", "Contact Name", "Contact Person"}},
	{Of: "deal", Path: "contact.email", Names: []string{"Contact Email", "Person - Email"}},
	{Of: "deal", Path: "company_id", Names: []string{"Primary Associated Company ID", "Associated Company IDs", "Deal - Organization ID", "Organization - ID"}},
	{Of: "deal", Path: "company.name", Names: []string{"Associated Company", "Primary Associated Company", "Deal - Organization", "Organization - Name", "Organization", "Company Name", "Account Name"}},

	{Of: "ticket", Path: "id", Names: []string{"Record ID", "Ticket ID"}},
	{Of: "ticket", Path: "subject", Names: []string{"Ticket name", "Ticket Subject", "Title"}},
	{Of: "ticket", Path: "content", Names: []string{"Ticket description", "Description"}},
	{Of: "ticket", Path: "status", Names: []string{"Ticket status"}},
	{Of: "ticket", Path: "assignee", Names: []string{"Ticket owner", "Assigned to", "Owner"}},
	{Of: "ticket", Path: "tags", Names: []string{"Labels", "Label", "Tag"}},
	{Of: "ticket", Path: "requester_id", Names: []string{"Associated Contact IDs", "Requester ID", "Contact ID"}},
	{Of: "ticket", Path: "requester.name", Names: []string{"Associated Contact", "Contact", "Contact Name"}},
	{Of: "ticket", Path: "requester.email", Names: []string{"Contact Email", "Requester Email"}},
	{Of: "ticket", Path: "company_id", Names: []string{"Associated Company IDs"}},
	{Of: "ticket", Path: "company.name", Names: []string{"Associated Company", "Organization"}},

	{Of: "task", Path: "id", Names: []string{"Record ID", "Task ID"}},
	{Of: "task", Path: "title", Names: []string{"Task Title", "Task name", "Subject", "Name"}},
	{Of: "task", Path: "due_at", Names: []string{"Due Date", "Deadline"}},
	{Of: "task", Path: "done_at", Names: []string{"Completed at", "Completion Date"}},
	{Of: "task", Path: "assignee", Names: []string{"Assigned to", "Task owner", "Owner", "Assignees"}},
	{Of: "task", Path: "notes", Names: []string{"Task Notes", "Note", "Description"}},
	{Of: "task", Path: "contact_id", Names: []string{"Associated Contact IDs", "Person - ID"}},
	{Of: "task", Path: "contact.name", Names: []string{"Associated Contact", "Contact Name"}},
	{Of: "task", Path: "company_id", Names: []string{"Associated Company IDs", "Organization - ID"}},
	{Of: "task", Path: "company.name", Names: []string{"Associated Company", "Organization", "Company Name"}},
	{Of: "task", Path: "deal_id", Names: []string{"Associated Deal IDs", "Deal - ID"}},
	{Of: "task", Path: "deal.title", Names: []string{"Associated Deal", "Deal Name"}},

	{Of: "activity", Path: "id", Names: []string{"Record ID", "Activity - ID"}},
	{Of: "activity", Path: "kind", Names: []string{"Activity - Type", "Type"}},
	{Of: "activity", Path: "body", Names: []string{"Note Body", "Activity - Note", "Note", "Notes", "Description", "Activity - Subject", "Subject", "Content", "Title"}},
	{Of: "activity", Path: "occurred_at", Names: []string{"Activity Date", "Activity - Due date", "Due Date", "Date", "Create Date", "Created At"}},
	{Of: "activity", Path: "contact_id", Names: []string{"Associated Contact IDs", "Person - ID"}},
	{Of: "activity", Path: "contact.name", Names: []string{"Associated Contact", "Activity - Contact person", "Contact Name", "Person - Name"}},
	{Of: "activity", Path: "contact.email", Names: []string{"Contact Email", "E-mail"}},
	{Of: "activity", Path: "company_id", Names: []string{"Associated Company IDs", "Organization - ID"}},
	{Of: "activity", Path: "company.name", Names: []string{"Associated Company", "Activity - Organization", "Organization", "Organization - Name", "Company Name"}},
	{Of: "activity", Path: "deal_id", Names: []string{"Associated Deal IDs", "Deal - ID"}},
	{Of: "activity", Path: "deal.title", Names: []string{"Associated Deal", "Activity - Deal", "Deal Name", "Deal - Title"}},
}

// ExportFormat is a product that is recognised by its marks: columns that no other product has
// and nobody calls so in a sheet of their own.
type ExportFormat struct {
	Name  string
	Marks []string
}

// minMarks is how many marks make a file an export of a product. One may be a coincidence.
const minMarks = 2

// ExportFormats are the products that an import recognises. It matters for ids: the same
// number in exports of two products means two records. Names that anybody may use, such as
// Lead Status, Create Date and Contact owner, are no marks of HubSpot.
var ExportFormats = []ExportFormat{
	{"hubspot", []string{"Record ID", "Marketing contact status", "Lifecycle Stage", "Company Domain Name", "Associated Company", "Associated Contact",
		"Primary Associated Company ID", "Associated Company IDs", "Associated Contact IDs", "Associated Deal IDs", "Last Modified Date"}},
	{"pipedrive", []string{"Person - ID", "Person - Name", "Person - Organization", "Person - Email - Work", "Person - Phone - Work", "Person - Owner", "Organization - ID", "Organization - Name",
		"Organization - Owner", "Deal - ID", "Deal - Title", "Deal - Value", "Deal - Currency of Value", "Deal - Organization", "Deal - Contact person", "Activity - ID", "Activity - Subject", "Activity - Type"}},
	{"attio", []string{"Record", "Record ID", "Email addresses", "Phone numbers", "Domains", "Deal value", "Associated people", "Primary location", "Connection strength"}},
	{"google", []string{"E-mail 1 - Value", "E-mail 1 - Label", "E-mail 1 - Type", "E-mail 2 - Value", "Phone 1 - Value", "Phone 1 - Label", "Organization 1 - Name", "Group Membership", "Phonetic First Name", "Yomi Name", "File As"}},
	{"crmkit", []string{crm.FieldVersion, "handle", crm.FieldCreatedBy, crm.FieldUpdatedBy}},
}

// FoldColumn returns the form in which names of columns are compared: letters and digits, in
// lower case. Exports of one product differ in capitals and blanks.
func FoldColumn(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, name)
}

// ExportFormatOf returns the product whose export has the columns, and the marks by which it is
// known; an empty name if no product has minMarks of them, or two have as many.
func ExportFormatOf(columns []string) (product string, marks []string) {
	have := map[string]bool{}
	for _, name := range columns {
		have[FoldColumn(name)] = true
	}
	most := minMarks - 1
	for _, p := range ExportFormats {
		var found []string
		for _, mark := range p.Marks {
			if have[FoldColumn(mark)] {
				found = append(found, mark)
			}
		}
		switch {
		case len(found) > most:
			product, marks, most = p.Name, found, len(found)
		case len(found) == most && most >= minMarks:
			product, marks = "", nil
		}
	}
	return product, marks
}
