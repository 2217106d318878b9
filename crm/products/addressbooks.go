package products

// Outlook, the CSV of the classic desktop application in English, and that of the new one and
// of outlook.com. Title is a form of address; the job is in Job Title.
var outlook = Product{
	Name: "outlook", Title: "Outlook",
	Marks: []string{"E-mail 2 Address", "E-mail 3 Address", "E-mail Display Name", "Company Main Phone", "TTY/TDD Phone", "Radio Phone", "Callback", "Given Yomi", "Surname Yomi",
		"Internet Free Busy", "Government ID Number", "Directory Server", "Manager's Name", "Office Location"},
	Columns: map[string][]Column{
		"contact": {
			to("name.prefix", "Title"),
			to("title", "Job Title"),
			to("email", "E-mail Address", "E-mail 2 Address", "E-mail 3 Address"),
			to("phone", "Business Phone", "Business Phone 2", "Mobile Phone", "Primary Phone", "Home Phone", "Home Phone 2", "Other Phone", "Car Phone", "Company Main Phone"),
			to("tags", "Categories"),
			to("custom.website", "Web Page", "Business Web Page", "Personal Web Page"),
			to("address.street", "Business Street", "Business Street 2", "Business Street 3", "Business Address PO Box"),
			to("address.city", "Business City"),
			to("address.region", "Business State"),
			to("address.postal_code", "Business Postal Code"),
			to("address.country", "Business Country/Region", "Business Country"),
			to("address2.street", "Home Street", "Home Street 2", "Home Street 3", "Home Address PO Box"),
			to("address2.city", "Home City"),
			to("address2.region", "Home State"),
			to("address2.postal_code", "Home Postal Code"),
			to("address2.country", "Home Country/Region", "Home Country"),
			to("address3.street", "Other Street", "Other Street 2", "Other Street 3", "Other Address PO Box"),
			to("address3.city", "Other City"),
			to("address3.region", "Other State"),
			to("address3.postal_code", "Other Postal Code"),
			to("address3.country", "Other Country/Region", "Other Country"),
		},
	},
}

// Thunderbird, the CSV of its address book, with American and British names.
var thunderbird = Product{
	Name: "thunderbird", Title: "Thunderbird",
	Marks: []string{"Screen Name", "Pager Number", "Home ZipCode", "Work ZipCode", "Web Page 1", "Web Page 2", "Birth Year", "Work Address 2", "Home Address 2", "Home Post Code", "Work Post Code"},
	Columns: map[string][]Column{
		"contact": {
			to("name", "Display Name"),
			to("title", "Job Title"),
			to("email", "Primary Email", "Secondary Email"),
			to("phone", "Work Phone", "Mobile Number", "Home Phone"),
			to("company.name", "Organization", "Organisation"),
			to("custom.website", "Web Page 1", "Web Page 2"),
			to("address.street", "Work Address", "Work Address 2"),
			to("address.city", "Work City"),
			to("address.region", "Work State", "Work County"),
			to("address.postal_code", "Work ZipCode", "Work Post Code"),
			to("address.country", "Work Country"),
			to("address2.street", "Home Address", "Home Address 2"),
			to("address2.city", "Home City"),
			to("address2.region", "Home State", "Home County"),
			to("address2.postal_code", "Home ZipCode", "Home Post Code"),
			to("address2.country", "Home Country"),
		},
	},
}
