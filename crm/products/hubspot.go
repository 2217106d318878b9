package products

// HubSpot, exports of the CRM's index pages with "all properties" or the columns of a view. The
// name of an associated record has its address in brackets: "Jane Doe (jane@acme.com)". Several
// ids have a semicolon between them; the one that HubSpot calls primary has a column of its own.
var hubspot = Product{
	Name: "hubspot", Title: "HubSpot",
	Marks: []string{"Record ID", "Marketing contact status", "Lifecycle Stage", "Company Domain Name", "Associated Company", "Associated Contact", "Associated Company (Primary)",
		"Associated Company IDs (Primary)", "Primary Associated Company ID", "Associated Company IDs", "Associated Contact IDs", "Associated Deal IDs", "Associated Note", "Last Modified Date"},
	Lists: []string{"Associated Contact", "Associated Company", "Associated Company Names", "Associated Deal", "Associated Ticket"},
	Columns: map[string][]Column{
		"contact": {
			to("id", "Record ID", "Record ID - Contact"),
			to("other_emails", "Additional email addresses"),
			to("stage", "Lifecycle Stage", "Lead Status"),
			to("company_id", "Primary Associated Company ID", "Associated Company IDs (Primary)", "Associated Company ID", "Associated Company IDs"),
			to("company.name", "Associated Company (Primary)", "Primary Associated Company", "Associated Company", "Company Name"),
			to("notes", "Associated Note"),
		},
		"company": {
			to("id", "Record ID", "Record ID - Company"),
			to("domain", "Company Domain Name", "Website URL"),
			to("other_domains", "Additional Domains"),
			to("notes", "Description", "About Us", "Associated Note"),
		},
		"deal": {
			to("id", "Record ID", "Record ID - Deal"),
			to("status=won", "Is Closed Won"),
			to("status=lost", "Is closed lost"),
			to("contact_id", "Associated Contact IDs (Primary)", "Associated Contact IDs"),
			to("contact.name", "Associated Contact (Primary)", "Associated Contact"),
			to("company_id", "Primary Associated Company ID", "Associated Company IDs (Primary)", "Associated Company IDs"),
			to("company.name", "Associated Company (Primary)", "Associated Company", "Associated Company Names (Primary)", "Primary Associated Company"),
		},
		"ticket": {
			to("id", "Record ID", "Ticket ID"),
			to("requester_id", "Associated Contact IDs (Primary)", "Associated Contact IDs"),
			to("requester.name", "Associated Contact (Primary)", "Associated Contact"),
			to("company_id", "Associated Company IDs (Primary)", "Associated Company IDs"),
			to("company.name", "Associated Company (Primary)", "Associated Company"),
		},
		"task": {
			to("id", "Record ID"),
			to("notes", "Task Notes", "Task body"),
			to("contact_id", "Associated Contact IDs"),
			to("contact.name", "Associated Contact"),
			to("company_id", "Associated Company IDs"),
			to("company.name", "Associated Company"),
			to("deal_id", "Associated Deal IDs"),
			to("deal.title", "Associated Deal"),
		},
		"activity": {
			to("id", "Record ID"),
			to("body", "Title", "Note body", "Body"),
			to("contact_id", "Associated Contact IDs"),
			to("contact.name", "Associated Contact"),
			to("company_id", "Associated Company IDs"),
			to("company.name", "Associated Company"),
			to("deal_id", "Associated Deal IDs"),
			to("deal.title", "Associated Deal"),
		},
	},
	Words: map[string]Words{
		"ticket.status": {"waiting on contact": "pending", "waiting on us": "open"},
	},
}
