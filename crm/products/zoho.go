package products

import "strings"

// Zoho CRM, exports of its modules. A reference has a column for its id beside that for its
// name: Account Name.id. Ids begin with zcrm_, or do not, in exports of different pages.
var zoho = Product{
	Name: "zoho", Title: "Zoho CRM",
	Marks: []string{"Contact Owner.id", "Account Owner.id", "Deal Owner.id", "Task Owner.id", "Note Owner.id", "Account Name.id", "Contact Name.id", "Parent Account.id", "Parent Id.id",
		"Created By.id", "Modified By.id", "Related To.id", "Email Opt Out", "Account Site", "Unsubscribed Mode", "Change Log Time"},
	Columns: map[string][]Column{
		"contact": {
			to("id", "Record Id", "Contact Id"),
			to("name", "Contact Name"),
			to("name.prefix", "Salutation"),
			to("title", "Title"),
			to("email", "Email", "Secondary Email"),
			to("phone", "Phone", "Mobile", "Home Phone", "Other Phone"),
			to("tags", "Tag"),
			to("company_id", "Account Name.id"),
			to("company.name", "Account Name"),
			to("address.street", "Mailing Street"),
			to("address.city", "Mailing City"),
			to("address.region", "Mailing State"),
			to("address.postal_code", "Mailing Zip", "Mailing Code"),
			to("address.country", "Mailing Country"),
			to("address2.street", "Other Street"),
			to("address2.city", "Other City"),
			to("address2.region", "Other State"),
			to("address2.postal_code", "Other Zip", "Other Code"),
			to("address2.country", "Other Country"),
		},
		"company": {
			to("id", "Record Id", "Account Id"),
			to("tags", "Tag"),
			to("address.postal_code", "Billing Code"),
			to("address2.postal_code", "Shipping Code"),
		},
		"deal": {
			to("id", "Record Id", "Deal Id"),
			to("tags", "Tag"),
			to("lost_reason", "Reason For Loss"),
			to("follow_up_note", "Next Step"),
			to("contact_id", "Contact Name.id"),
			to("contact.name", "Contact Name"),
			to("company_id", "Account Name.id"),
			to("company.name", "Account Name"),
		},
		"task": {
			to("id", "Record Id", "Task Id"),
			to("done_at", "Closed Time"),
			to("contact_id", "Contact Name.id"),
			to("contact.name", "Contact Name"),
			to("any_id", "Related To.id"),
		},
		"activity": {
			to("id", "Record Id", "Note Id"),
			to("body", "Note Title", "Note Content"),
			to("occurred_at", "Created Time"),
			to("any_id", "Parent Id.id", "Parent Id"),
		},
	},
	ID:   func(id string) string { return strings.TrimPrefix(id, "zcrm_") },
	IsID: func(id string) bool { return strings.HasPrefix(id, "zcrm_") },
}
