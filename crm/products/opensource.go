package products

// Twenty, exports of its views. A field of several values has a column for each of them. Cells
// that a spreadsheet would run as formulas begin with an invisible character.
var twenty = Product{
	Name: "twenty", Title: "Twenty",
	Marks: []string{"Name / First Name", "Name / Last Name", "Emails / Primary Email", "Emails / Additional Emails", "Phones / Primary Phone Number", "Phones / Primary Phone Calling Code",
		"Domain Name / Link URL", "Address / Address 1", "Amount / Amount", "Amount / Currency", "Point of Contact Id", "Body / Markdown", "Body / BlockNote", "Linkedin / Link URL", "Assignee Id", "Created by / Source"},
	Columns: map[string][]Column{
		"contact": {
			to("name.given", "Name / First Name"),
			to("name.family", "Name / Last Name"),
			to("email", "Emails / Primary Email"),
			to("other_emails", "Emails / Additional Emails"),
			to("phone", "Phones / Primary Phone Number", "Phones / Primary Phone"),
			to("phone.code", "Phones / Primary Phone Calling Code"),
			to("other_phones", "Phones / Additional Phones"),
			to("company_id", "Company Id"),
			to("company.name", "Company / Name"),
			to("custom.linkedin", "Linkedin / Link URL"),
		},
		"company": {
			to("domain", "Domain Name / Link URL", "Domain Name / Domain URL"),
			to("other_domains", "Domain Name / Secondary Links"),
			to("custom.linkedin", "Linkedin / Link URL"),
			to("address.street", "Address / Address 1", "Address / Address 2"),
			to("address.city", "Address / City"),
			to("address.region", "Address / State"),
			to("address.postal_code", "Address / Post Code"),
			to("address.country", "Address / Country"),
		},
		"deal": {
			to("amount_cents", "Amount / Amount"),
			to("currency", "Amount / Currency"),
			to("contact_id", "Point of Contact Id"),
			to("company_id", "Company Id"),
			to("company.name", "Company / Name"),
		},
		"task": {
			to("notes", "Body / Markdown"),
			to("assignee", "Assignee Id"),
		},
		"activity": {
			to("body", "Title", "Body / Markdown"),
			to("occurred_at", "Creation date"),
		},
	},
}

// EspoCRM, exports as CSV: the names of the attributes. An apostrophe is before a cell that a
// spreadsheet would run as a formula.
var espocrm = Product{
	Name: "espocrm", Title: "EspoCRM",
	Marks: []string{"salutationName", "emailAddressIsOptedOut", "phoneNumberIsOptedOut", "assignedUserId", "assignedUserName", "createdByName", "modifiedByName", "amountCurrency",
		"addressPostalCode", "billingAddressPostalCode", "billingAddressStreet", "shippingAddressStreet", "dateCompleted", "teamsIds"},
	Columns: map[string][]Column{
		"contact": {
			to("name.prefix", "salutationName"),
			to("title", "title"),
			to("email", "emailAddress"),
			to("phone", "phoneNumber"),
			to("owner", "assignedUserName"),
			to("company_id", "accountId"),
			to("company.name", "accountName"),
			to("address.street", "addressStreet"),
			to("address.city", "addressCity"),
			to("address.region", "addressState"),
			to("address.postal_code", "addressPostalCode"),
			to("address.country", "addressCountry"),
		},
		"company": {
			to("owner", "assignedUserName"),
			to("address.street", "billingAddressStreet"),
			to("address.city", "billingAddressCity"),
			to("address.region", "billingAddressState"),
			to("address.postal_code", "billingAddressPostalCode"),
			to("address.country", "billingAddressCountry"),
			to("address2.street", "shippingAddressStreet"),
			to("address2.city", "shippingAddressCity"),
			to("address2.region", "shippingAddressState"),
			to("address2.postal_code", "shippingAddressPostalCode"),
			to("address2.country", "shippingAddressCountry"),
		},
		"deal": {
			to("currency", "amountCurrency"),
			to("owner", "assignedUserName"),
			to("contact_id", "contactId"),
			to("company_id", "accountId"),
			to("company.name", "accountName"),
		},
		"ticket": {
			to("subject", "name"),
			to("assignee", "assignedUserName"),
			to("requester_id", "contactId"),
			to("requester.name", "contactName"),
			to("company_id", "accountId"),
			to("company.name", "accountName"),
		},
		"task": {
			to("title", "name"),
			to("due_at", "dateEnd", "dateEndDate"),
			to("done_at", "dateCompleted"),
			to("assignee", "assignedUserName"),
			to("contact_id", "contactId"),
			to("company_id", "accountId"),
			to("any_id", "parentId"),
		},
		"activity": {
			to("body", "name", "description"),
			to("occurred_at", "dateStart", "createdAt"),
			to("kind:call", "direction"),
			to("company_id", "accountId"),
			to("any_id", "parentId"),
		},
	},
	Words: map[string]Words{
		"ticket.status": {"assigned": "open", "pending": "pending", "rejected": "closed", "duplicate": "closed"},
	},
}

// SuiteCRM, exports of its modules. Amounts are in the format of the user, with the sign of
// the currency; the column Currency has an id.
var suitecrm = Product{
	Name: "suitecrm", Title: "SuiteCRM",
	Marks: []string{"Non Primary E-mails", "Primary Address Street", "Primary Address Postal Code", "Alternate Address Street", "Alternate Address Postal Code", "Assigned User", "Assigned User Name",
		"Ticker Symbol", "Opportunity Amount", "Reports to ID", "Parent Type", "Joomla Account ID"},
	Columns: map[string][]Column{
		"contact": {
			to("name.prefix", "Salutation"),
			to("other_emails", "Non Primary E-mails"),
			to("phone", "Office Phone", "Mobile", "Home", "Other Phone"),
			to("owner", "Assigned to", "Assigned User Name"),
			to("address.street", "Primary Address Street"),
			to("address.city", "Primary Address City"),
			to("address.region", "Primary Address State"),
			to("address.postal_code", "Primary Address Postal Code"),
			to("address.country", "Primary Address Country"),
			to("address2.street", "Alternate Address Street"),
			to("address2.city", "Alternate Address City"),
			to("address2.region", "Alternate Address State"),
			to("address2.postal_code", "Alternate Address Postal Code"),
			to("address2.country", "Alternate Address Country"),
		},
		"company": {
			to("owner", "Assigned to", "Assigned User Name"),
		},
		"deal": {
			to("amount_cents", "Opportunity Amount", "Amount"),
			to("custom.currency_id", "Currency"),
			to("follow_up_note", "Next Step"),
			to("owner", "Assigned to", "Assigned User Name"),
		},
		"ticket": {
			to("content", "Description"),
			to("assignee", "Assigned to", "Assigned User Name"),
		},
		"task": {
			to("due_at", "Due Date", "Date Due"),
			to("assignee", "Assigned to", "Assigned User Name"),
			to("contact_id", "Contact ID"),
			to("any_id", "Parent ID"),
		},
		"activity": {
			to("body", "Subject", "Name", "Description"),
			to("occurred_at", "Date", "Start Date", "Date Created"),
			to("kind:call", "Direction"),
			to("contact_id", "Contact ID"),
			to("any_id", "Parent ID"),
		},
	},
}

// Odoo, exports of contacts and of the pipeline with labels. A person and its company are records
// of one kind; the name of a person may have that of the company before it.
var odoo = Product{
	Name: "odoo", Title: "Odoo",
	Marks: []string{"External ID", "Job Position", "Related Company", "Is a Company", "Company Type", "Expected Revenue", "Expected Closing", "Salesperson", "Sales Team", "Street2", "Prorated Revenue", "Tax ID"},
	Columns: map[string][]Column{
		"contact": {
			to("id", "External ID"),
			to("name.prefix", "Title"),
			to("title", "Job Position"),
			to("owner", "Salesperson"),
			to("tags", "Tags"),
			to("company_id", "Related Company/External ID"),
			to("company.name", "Related Company", "Company Name"),
			to("custom.website", "Website", "Website Link"),
			to("address.street", "Street", "Street2"),
		},
		"company": {
			to("id", "External ID"),
			to("domain", "Website", "Website Link"),
			to("owner", "Salesperson"),
			to("address.street", "Street", "Street2"),
		},
		"deal": {
			to("id", "External ID"),
			to("title", "Opportunity", "Name"),
			to("amount_cents", "Expected Revenue"),
			to("owner", "Salesperson"),
			to("contact.name", "Contact Name"),
			to("contact.email", "Email"),
			to("company.name", "Company Name"),
		},
	},
}

// Exports of crmkit need no columns here: they have the names of the fields.
var crmkit = Product{
	Name: "crmkit", Title: "crmkit",
	Marks: []string{"version", "handle", "created_by", "updated_by"},
}
