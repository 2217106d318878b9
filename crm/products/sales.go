package products

// Dynamics 365, exports of a view to Excel saved as CSV. The first three columns, which Excel
// hides, are the id, a checksum and the time of the last change.
var dynamics = Product{
	Name: "dynamics", Title: "Dynamics 365",
	Marks: []string{"(Do Not Modify) Contact", "(Do Not Modify) Account", "(Do Not Modify) Opportunity", "(Do Not Modify) Lead", "(Do Not Modify) Task", "(Do Not Modify) Case", "(Do Not Modify) Note",
		"(Do Not Modify) Row Checksum", "(Do Not Modify) Modified On", "Address 1: City", "Address 1: ZIP/Postal Code", "Potential Customer", "Est. Revenue", "Est. Close Date"},
	Columns: map[string][]Column{
		"contact": {
			to("id", "(Do Not Modify) Contact", "(Do Not Modify) Lead"),
			to("email", "Email", "Email Address 2", "Email Address 3"),
			to("phone", "Business Phone", "Mobile Phone", "Home Phone"),
			to("company.name", "Company Name", "Account Name"),
			to("address.street", "Address 1: Street 1", "Address 1: Street 2", "Address 1: Street 3"),
			to("address.city", "Address 1: City"),
			to("address.region", "Address 1: State/Province"),
			to("address.postal_code", "Address 1: ZIP/Postal Code"),
			to("address.country", "Address 1: Country/Region"),
		},
		"company": {
			to("id", "(Do Not Modify) Account"),
			to("address.street", "Address 1: Street 1", "Address 1: Street 2", "Address 1: Street 3"),
			to("address.city", "Address 1: City"),
			to("address.region", "Address 1: State/Province"),
			to("address.postal_code", "Address 1: ZIP/Postal Code"),
			to("address.country", "Address 1: Country/Region"),
		},
		"deal": {
			to("id", "(Do Not Modify) Opportunity"),
			to("title", "Topic"),
			to("amount_cents", "Actual Revenue", "Est. Revenue"),
			to("stage", "Sales Stage", "Pipeline Phase", "Status Reason"),
			to("status", "Status"),
			to("close_at", "Est. Close Date"),
			to("closed_at", "Actual Close Date"),
			to("contact.name", "Contact"),
			to("company.name", "Potential Customer", "Account"),
		},
		"ticket": {
			to("id", "(Do Not Modify) Case"),
			to("subject", "Case Title"),
			to("company.name", "Customer"),
			to("assignee", "Owner"),
		},
		"task": {
			to("id", "(Do Not Modify) Task"),
			to("done_at", "Actual End"),
			to("done=true", "Activity Status"),
			to("assignee", "Owner"),
		},
	},
	Words: map[string]Words{
		"deal.currency": {"us dollar": "USD", "euro": "EUR", "pound sterling": "GBP", "swiss franc": "CHF", "canadian dollar": "CAD", "australian dollar": "AUD", "yen": "JPY", "krona": "SEK"},
		"ticket.status": {"active": "open", "cancelled": "closed", "canceled": "closed"},
	},
}

// Close, exports of leads: a lead is a company with its contacts, and the columns of its first
// contact begin with primary_contact. The same file goes in as companies and as contacts.
var closeCRM = Product{
	Name: "close", Title: "Close",
	Marks: []string{"lead_name", "lead_id", "display_name", "status_label", "status_id", "primary_contact_name", "primary_contact_primary_email", "primary_contact_primary_phone",
		"primary_contact_other_emails", "lead_display_name", "value_currency", "value_period", "status_type", "html_url"},
	Columns: map[string][]Column{
		"contact": {
			to("name", "primary_contact_name", "contact_name", "name"),
			to("name.given", "primary_contact_first_name"),
			to("name.family", "primary_contact_last_name"),
			to("title", "primary_contact_title", "title"),
			to("email", "primary_contact_primary_email", "primary_email", "email"),
			to("other_emails", "primary_contact_other_emails", "other_emails"),
			to("phone", "primary_contact_primary_phone", "primary_phone", "phone"),
			to("other_phones", "primary_contact_other_phones", "other_phones"),
			to("stage", "status_label"),
			to("company_id", "lead_id"),
			to("company.name", "lead_name", "lead_display_name", "display_name"),
			to("custom.website", "url"),
		},
		"company": {
			to("id", "id", "lead_id"),
			to("name", "lead_name", "display_name"),
			to("domain", "url"),
			to("notes", "description"),
		},
	},
}

// Copper, exports of lists.
var copper = Product{
	Name: "copper", Title: "Copper",
	Marks: []string{"Copper ID", "Company Email Domain", "Email Domain"},
	Columns: map[string][]Column{
		"contact": {
			to("id", "Copper ID"),
			to("title", "Title"),
			to("company.name", "Company"),
		},
		"company": {
			to("id", "Copper ID"),
			to("domain", "Website"),
		},
		"deal": {
			to("id", "Copper ID"),
			to("title", "Name", "Opportunity"),
			to("contact.name", "Primary Contact"),
			to("company.name", "Company"),
			to("owner", "Owner"),
		},
	},
}

// Attio, exports of the views of its objects.
var attio = Product{
	Name: "attio", Title: "Attio",
	Marks: []string{"Record", "Record ID", "Email addresses", "Phone numbers", "Domains", "Deal value", "Associated people", "Primary location", "Connection strength"},
	Columns: map[string][]Column{
		"contact": {
			to("id", "Record ID"),
			to("name", "Record"),
			to("email", "Email addresses"),
			to("phone", "Phone numbers"),
		},
		"company": {
			to("id", "Record ID"),
			to("name", "Record"),
			to("domain", "Domains"),
		},
		"deal": {
			to("id", "Record ID"),
			to("title", "Deal name", "Record"),
			to("amount_cents", "Deal value"),
			to("stage", "Deal stage"),
			to("owner", "Deal owner"),
			to("contact.name", "Associated people"),
			to("company.name", "Associated company"),
		},
	},
}

// Capsule, exports of lists of people or of organisations; both have the same columns. A cell
// may have several numbers or addresses, with commas.
var capsule = Product{
	Name: "capsule", Title: "Capsule",
	Marks: []string{"Address Street", "Home Address Street", "Postal Address Street", "Office Address Street", "Mailing Address Street", "Organization Address Street",
		"Direct Phone", "Transpond Subscriber Status"},
	Columns: map[string][]Column{
		"contact": {
			to("name.prefix", "Title"),
			to("email", "Email", "Email Address", "Work Email", "Home Email"),
			to("phone", "Work Phone", "Direct Phone", "Mobile Phone", "Phone Number", "Home Phone"),
			to("company.name", "Organization"),
			to("address.street", "Address Street"),
			to("address2.street", "Home Address Street"),
			to("address2.city", "Home City"),
			to("address2.region", "Home State"),
			to("address2.postal_code", "Home Postcode"),
			to("address2.country", "Home Country"),
			to("custom.website", "Website", "Work Website", "Home Website"),
		},
		"company": {
			to("domain", "Website", "Work Website"),
			to("address.street", "Address Street"),
		},
	},
}
