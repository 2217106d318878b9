package products

// Freshsales, exports of lists and reports, whose columns have the kind before them, and the
// files of a data backup, whose columns have none. Several addresses are in one cell.
var freshsales = Product{
	Name: "freshsales", Title: "Freshsales",
	Marks: []string{"Contact : id", "Contact : Emails", "Contact : Last name", "Contact : Sales owner email", "SalesAccount : id", "Account : Name", "Deal : id", "Deal : Name", "Deal : Deal stage",
		"Deal : Account name", "Sales owner", "Original source", "Most recent source", "Recent note"},
	Columns: map[string][]Column{
		"contact": {
			to("id", "Contact : id"),
			to("name", "Contact : Full name"),
			to("name.given", "Contact : First name"),
			to("name.family", "Contact : Last name"),
			to("title", "Contact : Job title"),
			to("email", "Contact : Emails", "Emails", "Work email"),
			to("phone", "Work", "Mobile"),
			to("stage", "Status"),
			to("owner", "Contact : Sales owner email", "Sales owner email", "Contact : Owner", "Sales owner"),
			to("company.name", "Contact : Accounts", "Contact : Account name", "Sales accounts", "Sales account"),
			to("address.country", "Contact : Country"),
		},
		"company": {
			to("id", "SalesAccount : id"),
			to("name", "Account : Name"),
			to("owner", "Sales owner"),
		},
		"deal": {
			to("id", "Deal : id"),
			to("title", "Deal : Name"),
			to("amount_cents", "Deal : Deal value", "Deal : Total Deal Value", "Deal : Deal value in Base Currency"),
			to("stage", "Deal : Deal stage"),
			to("close_at", "Deal : Expected close date", "Expected close"),
			to("closed_at", "Deal : Closed date"),
			to("lost_reason", "Deal reason"),
			to("custom.probability", "Deal : Probability (%)"),
			to("owner", "Deal : Owner", "Sales owner"),
			to("company_id", "Deal : Account ID"),
			to("company.name", "Deal : Account name", "Sales account"),
		},
	},
}
