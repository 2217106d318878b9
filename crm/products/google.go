package products

// Google Contacts, the CSV of "Google CSV", with the columns of today and those until 2024.
// Several values of one label are in one cell, with ::: between them.
var google = Product{
	Name: "google", Title: "Google Contacts",
	Marks: []string{"E-mail 1 - Value", "E-mail 1 - Label", "E-mail 1 - Type", "E-mail 2 - Value", "Phone 1 - Value", "Phone 1 - Label", "Organization 1 - Name",
		"Group Membership", "Phonetic First Name", "Yomi Name", "File As"},
	Columns: map[string][]Column{
		"contact": {
			to("name.prefix", "Name Prefix"),
			to("name.given", "First Name", "Given Name"),
			to("name.middle", "Middle Name", "Additional Name"),
			to("name.family", "Last Name", "Family Name"),
			to("name.suffix", "Name Suffix"),
			to("name", "File As"),
			to("title", "Organization Title", "Organization 1 - Title"),
			to("email", "E-mail 1 - Value", "E-mail 2 - Value", "E-mail 3 - Value", "E-mail 4 - Value", "E-mail 5 - Value", "E-mail 6 - Value"),
			to("phone", "Phone 1 - Value", "Phone 2 - Value", "Phone 3 - Value", "Phone 4 - Value", "Phone 5 - Value", "Phone 6 - Value"),
			to("tags", "Labels", "Group Membership"),
			to("company.name", "Organization Name", "Organization 1 - Name"),
			to("custom.website", "Website 1 - Value"),
			to("address.street", "Address 1 - Street", "Address 1 - Extended Address", "Address 1 - PO Box"),
			to("address.city", "Address 1 - City"),
			to("address.region", "Address 1 - Region"),
			to("address.postal_code", "Address 1 - Postal Code"),
			to("address.country", "Address 1 - Country"),
			to("address2.street", "Address 2 - Street", "Address 2 - Extended Address", "Address 2 - PO Box"),
			to("address2.city", "Address 2 - City"),
			to("address2.region", "Address 2 - Region"),
			to("address2.postal_code", "Address 2 - Postal Code"),
			to("address2.country", "Address 2 - Country"),
		},
	},
}
