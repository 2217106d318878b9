package products

// Mailchimp, subscribed_members_export.csv of an audience. The country and the region are
// guesses from a network address, so they are no postal address.
var mailchimp = Product{
	Name: "mailchimp", Title: "Mailchimp",
	Marks: []string{"MEMBER_RATING", "OPTIN_TIME", "OPTIN_IP", "CONFIRM_TIME", "CONFIRM_IP", "GMTOFF", "DSTOFF", "LEID", "EUID"},
	Columns: map[string][]Column{
		"contact": {
			to("id", "EUID"),
			to("email", "Email Address"),
			to("custom.CC", "CC"),
			to("custom.REGION", "REGION"),
		},
	},
}

// Stripe, the export of customers. Several customers may have one address, since each
// subscription may make one.
var stripe = Product{
	Name: "stripe", Title: "Stripe",
	Marks: []string{"Created (UTC)", "Delinquent", "Total Spend", "Payment Count", "Refunded Volume", "Dispute Losses"},
	Columns: map[string][]Column{
		"contact": {
			to("id", "id"),
			to("email", "Email"),
			to("notes", "Description"),
		},
	},
}

// Shopify, customers_export.csv. Ids, postal codes and phone numbers begin with an apostrophe.
var shopify = Product{
	Name: "shopify", Title: "Shopify",
	Marks: []string{"Accepts Email Marketing", "Accepts SMS Marketing", "Default Address Company", "Default Address Address1", "Default Address Phone", "Total Spent", "Total Orders", "Tax Exempt"},
	Columns: map[string][]Column{
		"contact": {
			to("id", "Customer ID"),
			to("phone", "Phone", "Default Address Phone"),
			to("notes", "Note"),
			to("company.name", "Default Address Company"),
			to("address.street", "Default Address Address1", "Default Address Address2"),
			to("address.city", "Default Address City"),
			to("address.region", "Default Address Province Code"),
			to("address.postal_code", "Default Address Zip"),
			to("address.country", "Default Address Country Code"),
		},
	},
}
