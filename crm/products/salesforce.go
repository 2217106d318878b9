package products

import "strings"

// Salesforce, exports with the names of its API (Data Loader, Data Export) and of reports. WhoId
// is a contact or lead; WhatId an account, opportunity or case. A lead is a contact here.
var salesforce = Product{
	Name: "salesforce", Title: "Salesforce",
	Marks: []string{"SystemModstamp", "LastReferencedDate", "LastViewedDate", "IsDeleted", "MasterRecordId", "LastModifiedById", "StageName", "IsWon", "CurrencyIsoCode",
		"ForecastCategoryName", "HasOptedOutOfEmail", "HasOpportunityLineItem", "MailingPostalCode", "WhoId", "WhatId", "TaskSubtype", "Opportunity Owner", "Fiscal Period"},
	Columns: map[string][]Column{
		"contact": {
			to("id", "Id", "Contact ID", "Lead ID"),
			to("name.prefix", "Salutation"),
			to("title", "Title"),
			to("email", "Email"),
			to("phone", "Phone", "MobilePhone", "HomePhone", "OtherPhone"),
			to("stage", "Status"),
			to("company_id", "AccountId"),
			to("company.name", "Account Name", "Company"),
			to("address.street", "MailingStreet"),
			to("address.city", "MailingCity"),
			to("address.region", "MailingState", "Mailing State/Province"),
			to("address.postal_code", "MailingPostalCode", "Mailing Zip/Postal Code"),
			to("address.country", "MailingCountry"),
			to("address2.street", "OtherStreet"),
			to("address2.city", "OtherCity"),
			to("address2.region", "OtherState", "Other State/Province"),
			to("address2.postal_code", "OtherPostalCode", "Other Zip/Postal Code"),
			to("address2.country", "OtherCountry"),
		},
		"company": {
			to("id", "Id", "Account ID"),
			to("address.region", "BillingState", "Billing State/Province"),
			to("address.postal_code", "BillingPostalCode", "Billing Zip/Postal Code"),
			to("address2.region", "ShippingState", "Shipping State/Province"),
			to("address2.postal_code", "ShippingPostalCode", "Shipping Zip/Postal Code"),
		},
		"deal": {
			to("id", "Id", "Opportunity ID"),
			to("status=won", "IsWon", "Won"),
			to("status=won|lost", "IsClosed", "Closed"),
			to("follow_up_note", "NextStep"),
			to("contact_id", "ContactId"),
			to("company_id", "AccountId"),
		},
		"ticket": {
			to("id", "Id", "Case ID"),
			to("content", "Description"),
			to("requester_id", "ContactId"),
			to("requester.email", "SuppliedEmail", "Contact Email"),
			to("company_id", "AccountId"),
		},
		"task": {
			to("id", "Id", "Activity ID"),
			to("due_at", "ActivityDate", "Due Date"),
			to("done_at", "CompletedDateTime"),
			to("done=true", "IsClosed", "Status"),
			to("contact_id", "WhoId"),
			to("any_id", "WhatId"),
			to("company_id", "AccountId"),
		},
		"activity": {
			to("id", "Id", "Activity ID"),
			to("kind", "TaskSubtype", "EventSubtype", "Type"),
			to("body", "Subject", "Title", "Description", "Body"),
			to("occurred_at", "ActivityDateTime", "StartDateTime", "CompletedDateTime", "ActivityDate", "CreatedDate"),
			to("contact_id", "WhoId"),
			to("any_id", "WhatId", "ParentId"),
			to("company_id", "AccountId"),
		},
	},
	Words: map[string]Words{
		"ticket.status": {"working": "open", "escalated": "open"},
		"activity.kind": {"list email": "email", "linkedin": "note", "cadence": "task"},
	},
	ID: salesforceID, IsID: isSalesforceID,
}

// base32 are the characters of the last three of a Salesforce id of 18.
const base32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"

// salesforceID returns an id of 15 characters in the form of 18, which reports have cut: the
// last three say which of the others are capitals, so that ids differ without regard to case
// (Salesforce, "What are the 15-character and 18-character IDs?").
func salesforceID(id string) string {
	if len(id) != 15 || strings.ContainsFunc(id, isNoLetterOrDigit) {
		return id
	}
	for part := range 3 {
		bits := 0
		for i, c := range id[part*5 : part*5+5] {
			if c >= 'A' && c <= 'Z' {
				bits |= 1 << i
			}
		}
		id += base32[bits : bits+1]
	}
	return id
}

// keyPrefixes begin the ids of the kinds of records that an import reads ("Standard Field Record ID
// Prefix Decoder"): account, note, contact, opportunity, lead, task, event, case, feed item.
var keyPrefixes = set(`001 002 003 006 00Q 00T 00U 500 0D5`)

// isSalesforceID reports whether an id of 18 characters has the right last three, or one of 15, as
// in reports, begins like an id of a kind of record. Digits alone may be a number of any other list.
func isSalesforceID(id string) bool {
	switch len(id) {
	case 18:
		return salesforceID(id[:15]) == id
	case 15:
		return keyPrefixes[id[:3]] && salesforceID(id) != id && strings.ContainsFunc(id[3:], func(r rune) bool { return r > '9' })
	}
	return false
}

func isNoLetterOrDigit(r rune) bool {
	return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
}
