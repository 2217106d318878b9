package products

// Airtable, tables of the template "Sales CRM". Tables have no columns of Airtable's own, so
// others are read like any sheet. The status of an opportunity has the stages.
var airtable = Product{
	Name: "airtable", Title: "Airtable",
	Marks: []string{"Proposal deadline", "Estimated value", "Opportunity name", "HQ address", "Map cache"},
	Columns: map[string][]Column{
		"company": {
			to("domain", "Company website"),
			to("custom.linkedin", "Company LinkedIn"),
			to("address.street", "HQ address"),
		},
		"deal": {
			to("title", "Opportunity name"),
			to("amount_cents", "Estimated value"),
			to("stage", "Status"),
			to("close_at", "Expected close date"),
			to("contact.name", "Primary contact"),
			to("company.name", "Account"),
		},
	},
}

// Monday, a board as CSV. The columns are those of the team; the first is Name, the last the
// id of the item. Groups repeat the line of column names.
var monday = Product{
	Name: "monday", Title: "monday.com",
	Marks: []string{"Item ID (auto generated)", "Subitems"},
	Columns: map[string][]Column{
		"contact": {
			to("id", "Item ID (auto generated)"),
			to("stage", "Status", "Stage"),
			to("owner", "Owner", "People", "Person"),
		},
		"company": {
			to("id", "Item ID (auto generated)"),
			to("owner", "Owner", "People", "Person"),
		},
		"deal": {
			to("id", "Item ID (auto generated)"),
			to("title", "Name"),
			to("stage", "Stage", "Status"),
			to("owner", "Owner", "People", "Person"),
		},
		"ticket": {
			to("id", "Item ID (auto generated)"),
			to("subject", "Name"),
			to("assignee", "Owner", "People", "Person"),
		},
		"task": {
			to("id", "Item ID (auto generated)"),
			to("title", "Name"),
			to("due_at", "Due Date", "Date"),
			to("assignee", "Owner", "People", "Person"),
		},
	},
}
