package products

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
