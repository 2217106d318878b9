package products

// HubSpot, exports of the CRM's index pages with "all properties" or the columns of a view.
// The name of an associated record has its address in brackets: "Jane Doe (jane@acme.com)".
var hubspot = Product{
	Name: "hubspot", Title: "HubSpot",
	Marks: []string{"Record ID", "Marketing contact status", "Lifecycle Stage", "Company Domain Name", "Associated Company", "Associated Contact",
		"Primary Associated Company ID", "Associated Company IDs", "Associated Contact IDs", "Associated Deal IDs", "Last Modified Date"},
	Columns: map[string][]Column{
		"contact": {
			to("id", "Record ID", "Record ID - Contact"),
			to("stage", "Lifecycle Stage", "Lead Status"),
			to("company_id", "Primary Associated Company ID", "Associated Company IDs"),
			to("company.name", "Company Name", "Associated Company", "Primary Associated Company"),
		},
		"company": {
			to("id", "Record ID", "Record ID - Company"),
		},
		"deal": {
			to("id", "Record ID", "Record ID - Deal"),
			to("contact_id", "Associated Contact IDs"),
			to("contact.name", "Associated Contact"),
			to("company_id", "Primary Associated Company ID", "Associated Company IDs"),
			to("company.name", "Associated Company", "Primary Associated Company"),
		},
		"ticket": {
			to("requester_id", "Associated Contact IDs"),
			to("requester.name", "Associated Contact"),
			to("company_id", "Associated Company IDs"),
			to("company.name", "Associated Company"),
		},
		"task": {
			to("contact_id", "Associated Contact IDs"),
			to("contact.name", "Associated Contact"),
			to("company_id", "Associated Company IDs"),
			to("company.name", "Associated Company"),
			to("deal_id", "Associated Deal IDs"),
			to("deal.title", "Associated Deal"),
		},
		"activity": {
			to("contact_id", "Associated Contact IDs"),
			to("contact.name", "Associated Contact"),
			to("company_id", "Associated Company IDs"),
			to("company.name", "Associated Company"),
			to("deal_id", "Associated Deal IDs"),
			to("deal.title", "Associated Deal"),
		},
	},
}
