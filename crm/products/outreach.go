package products

import "strings"

// LinkedIn, Connections.csv from "Get a copy of your data". It has lines of explanation above
// the column names. Addresses are missing of most people, so the address of the profile is
// what recognises a row.
var linkedin = Product{
	Name: "linkedin", Title: "LinkedIn",
	Marks: []string{"Connected On", "URL"},
	Columns: map[string][]Column{
		"contact": {
			to("title", "Position"),
			to("custom.linkedin", "URL"),
		},
	},
	Key: "URL",
	ID:  linkedinID,
}

// linkedinID returns the name in the address of a profile. Exports write the address with and
// without a slash at the end, and the name as the person does, in capitals or not.
func linkedinID(url string) string {
	_, name, is := strings.Cut(url, "linkedin.com/in/")
	if !is {
		return url
	}
	name, _, _ = strings.Cut(name, "?")
	return strings.ToLower(strings.Trim(name, "/"))
}

// Apollo, exports of people and of companies. Numbers of phones begin with an apostrophe. The
// web site in a row of a person is that of the company, and so are columns with Company.
var apollo = Product{
	Name: "apollo", Title: "Apollo",
	Marks: []string{"Apollo Contact Id", "Apollo Account Id", "Company Name for Emails", "# Employees", "Person Linkedin Url", "Company Linkedin Url", "Work Direct Phone",
		"Corporate Phone", "Primary Email Source", "Subsidiary of (Organization ID)"},
	Columns: map[string][]Column{
		"contact": {
			to("id", "Apollo Contact Id"),
			to("email", "Email", "Secondary Email", "Tertiary Email"),
			to("phone", "Work Direct Phone", "Mobile Phone", "Home Phone", "Other Phone", "Corporate Phone"),
			to("owner", "Contact Owner"),
			to("tags", "Lists"),
			to("company_id", "Apollo Account Id"),
			to("company.name", "Company Name"),
			to("company.domain", "Website"),
			to("custom.linkedin", "Person Linkedin Url"),
			to("custom.Company Phone", "Company Phone"),
			to("custom.Account Owner", "Account Owner"),
		},
		"company": {
			to("id", "Apollo Account Id", "Apollo Record Id"),
			to("name", "Company Name"),
			to("domain", "Website"),
			to("notes", "Short Description"),
			to("custom.linkedin", "Company Linkedin Url"),
			to("address.street", "Company Address"),
			to("address.city", "Company City"),
			to("address.region", "Company State"),
			to("address.country", "Company Country"),
		},
	},
}
