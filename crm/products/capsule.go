package products

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
