package products

// Google Contacts, the CSV of "Google CSV". Several values of one label are in one cell, with
// ::: between them.
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
			to("email", "E-mail 1 - Value", "E-mail 2 - Value"),
			to("phone", "Phone 1 - Value"),
			to("tags", "Labels", "Group Membership"),
			to("company.name", "Organization Name", "Organization 1 - Name"),
		},
	},
}
