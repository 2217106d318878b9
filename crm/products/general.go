package products

import (
	"slices"
	"strings"
)

// General has the names that columns have in any sheet, in no product's block, or in several
// of them. Work comes before home, and the address at work before others, because it is the
// one by which other files know the person.
var General = Product{
	Name: "general", Title: "any sheet",
	Columns: map[string][]Column{
		"contact":  inEvery(generalContact, func(l *language) [][]Column { return [][]Column{l.contact, l.place} }),
		"company":  inEvery(generalCompany, func(l *language) [][]Column { return [][]Column{l.company, l.place} }),
		"deal":     inEvery(generalDeal, func(l *language) [][]Column { return [][]Column{l.deal, l.party} }),
		"ticket":   inEvery(generalTicket, func(l *language) [][]Column { return [][]Column{l.ticket, requesters(l.party)} }),
		"task":     inEvery(generalTask, func(l *language) [][]Column { return [][]Column{l.task, l.party} }),
		"activity": inEvery(generalActivity, func(l *language) [][]Column { return [][]Column{l.activity, l.party} }),

		"campaign_member": inEvery(generalMember, func(l *language) [][]Column { return [][]Column{l.party} }),
		"deal_contact":    generalPerson,
	},
	Words: map[string]Words{"activity.kind": kinds, "deal.status": undecided, "task.priority": priorities, "ticket.priority": priorities, "ticket.status": states},
}

// The names of tickets, tasks and activities in any sheet.
var (
	generalTicket = []Column{
		to("id", "Ticket ID", "Case ID", "Record ID"),
		to("subject", "Ticket name", "Ticket Subject", "Title"),
		to("content", "Ticket description", "Description"),
		to("status", "Ticket status"),
		to("assignee", "Ticket owner", "Assigned to", "Owner", "Owner Email"),
		to("tags", "Labels", "Label", "Tag"),
		to("requester_id", "Requester ID", "Contact ID"),
		to("requester.name", "Contact", "Contact Name"),
		to("requester.email", "Contact Email", "Requester Email", "E-mail", "Email Address", "Customer Email", "Client Email"),
		to("company_id", "Account ID"),
		to("company.name", "Company Name", "Organization", "Organisation", "Account Name", "Account", "Customer", "Client"),
	}
	generalTask = []Column{
		to("id", "Task ID", "Record ID"),
		to("title", "Task Title", "Task name", "Task", "Subject", "Name"),
		to("due_at", "Due Date", "Due", "Deadline"),
		to("done_at", "Completed at", "Completed on", "Done on", "Finished on", "Completion Date", "Completed Date", "Date Completed"),
		to("done=true", "Completed", "Is Done", "Status", "Task Status"),
		to("assignee", "Assigned to", "Task owner", "Owner", "Owner Email", "Assignees"),
		to("notes", "Task Notes", "Note", "Description", "Comments"),
		to("contact_id", "Contact ID"),
		to("contact.name", "Contact Name", "Contact"),
		to("contact.email", "Contact Email", "E-mail", "Email Address", "Customer Email", "Client Email"),
		to("company_id", "Account ID"),
		to("company.name", "Company Name", "Organization", "Organisation", "Account Name", "Account", "Customer", "Client"),
		to("deal_id", "Opportunity ID"),
		to("deal.title", "Deal Name", "Opportunity Name"),
	}
	generalActivity = []Column{
		to("id", "Activity ID", "Note ID", "Record ID"),
		to("kind", "Activity Type", "Type"),
		to("body", "Subject", "Title", "Note Body", "Note", "Notes", "Description", "Content", "Comments", "Details"),
		to("occurred_at", "Activity Date", "Date", "Call Date", "Date of Call", "Meeting Date", "Date of Meeting", "Event Date", "Start Date", "Logged At", "Logged On", "Date Logged", "Due Date", "Create Date", "Created At", "Created", "Created Time"),
		to("occurred_at.time", "Time", "Start Time", "Call Time", "Meeting Time", "Time of Day", "Hour"),
		to("contact_id", "Contact ID"),
		to("contact.name", "Contact Name", "Contact"),
		to("contact.email", "Contact Email", "E-mail", "Email Address", "Customer Email", "Client Email"),
		to("company_id", "Account ID"),
		to("company.name", "Company Name", "Organization", "Organisation", "Account Name", "Account", "Customer", "Client"),
		to("deal_id", "Opportunity ID"),
		to("deal.title", "Deal Name", "Opportunity Name"),
	}
)

// The names of members of campaigns in any sheet.
var generalMember = []Column{
	to("campaign.name", "Campaign Name", "List", "List Name", "Audience"),
	to("contact_id", "Contact ID"),
	to("contact.name", "Contact Name", "Contact", "Name", "Full Name", "Person"),
	to("contact.email", "Contact Email", "E-mail", "Email Address", "Customer Email", "Client Email"),
	to("company_id", "Account ID"),
	to("company.name", "Company Name", "Organization", "Organisation", "Account Name", "Account", "Customer", "Client"),
	to("company.domain", "Company Domain Name", "Company Domain", "Company Website"),
	to("reason", "Note", "Notes", "Comment", "Comments"),
}

// The names of people of deals in any sheet.
var generalPerson = []Column{
	to("deal_id", "Opportunity ID"),
	to("deal.title", "Deal Name", "Deal", "Opportunity Name", "Opportunity"),
	to("contact_id", "Contact ID"),
	to("contact.name", "Contact Name", "Contact", "Name", "Full Name", "Person"),
	to("contact.email", "Contact Email", "E-mail", "Email Address"),
	to("role", "Contact Role", "Deal Role", "Opportunity Role", "Buying Role"),
}

// requesters returns the columns of the contact and the company of a record for tickets, whose
// contact is the requester.
func requesters(party []Column) []Column {
	party = slices.Clone(party)
	for i := range party {
		if of, is := strings.CutPrefix(party[i].Path, "contact."); is {
			party[i].Path = "requester." + of
		}
	}
	return party
}

// customers are the columns that name a company in most sheets, and a person in some.
var customers = []string{"Customer", "Client", "Kunde", "Kundin", "Klant", "Cliente", "Kund", "Klient", "Клиент", "Müşteri", "العميل", "客户", "客戶", "고객사"}

// IsCustomer reports whether a column names a company or a person, whichever has the name.
func IsCustomer(column string) bool {
	return slices.ContainsFunc(customers, func(name string) bool { return Fold(name) == Fold(column) })
}

// leaving are the words for people who left a list, or whose address receives nothing.
var leaving = set(`unsubscribed unsubscribe opted-out optedout opt-out optout removed left bounced cleaned suppressed complained spam
	abgemeldet abbestellt ausgetragen afgemeld uitgeschreven désabonné désabonnée désinscrit désinscrite baja cancelado
	desuscrito disiscritto disiscritta cancellato descadastrado descadastrada`)

// IsLeaving reports whether a word, or the name of a column, means somebody who left a list.
func IsLeaving(word string) bool {
	word = strings.Join(strings.Fields(strings.ReplaceAll(strings.ToLower(word), "_", " ")), "-")
	return leaving[word] || leaving[strings.TrimPrefix(word, "email-")] || leaving[strings.TrimPrefix(word, "e-mail-")]
}

// The names of contacts in any sheet. A fax number is no phone number, and goes into custom.
var generalContact = []Column{
	to("id", "Contact ID", "Person ID", "Record ID"),
	to("name", "Full Name", "Contact Name", "Contact", "Person", "Display Name"),
	to("name.prefix", "Name Prefix", "Prefix", "Salutation", "Honorific"),
	to("name.given", "First Name", "Given Name", "Forename"),
	to("name.middle", "Middle Name", "Additional Name", "Middle Names"),
	to("name.family", "Last Name", "Family Name", "Surname"),
	to("name.suffix", "Name Suffix", "Suffix"),
	to("title", "Job Title", "Position", "Designation", "Job Role", "Role", "Occupation"),
	to("email", "E-mail", "Email Address", "Email Addresses", "Primary Email", "Work Email", "Email (Work)", "Business Email", "Company Email", "Email 1",
		"Email 2", "Email 3", "Email Address 2", "Email Address 3", "Secondary Email", "Other Email", "Alternate Email", "Home Email", "Email (Home)", "Personal Email", "Private Email", "Email (Private)", "Private Email Address"),
	to("other_emails", "Additional Emails"),
	to("phone", "Phone Number", "Phone Numbers", "Primary Phone", "Work Phone", "Phone (Work)", "Business Phone", "Office Phone", "Direct Phone", "Company Phone", "Phone 1",
		"Mobile", "Mobile Phone", "Mobile Phone Number", "Mobile Number", "Phone (Mobile)", "Cell", "Cell Phone", "Telephone", "Tel",
		"Phone 2", "Phone 3", "Business Phone 2", "Home Phone", "Phone (Home)", "Home Phone 2", "Personal Phone", "Secondary Phone", "Other Phone", "Alternate Phone"),
	to("other_phones", "Additional Phones"),
	to("stage", "Lifecycle Stage", "Lead Status", "Lead Stage"),
	to(followUp, "Follow-up", "Next follow-up", "Follow-up date", "Next follow-up date", "Follow-up on", "Next contact", "Next contact date"),
	to("owner", "Contact Owner", "Owner Email", "Record Owner", "Owner Name", "Assigned To", "Account Manager"),
	to("tags", "Labels", "Label", "Tag", "Groups", "Categories"),
	to("notes", "Note", "Description", "Comments", "Comment"),
	to("company_id", "Account ID", "Organization ID"),
	to("company.name", "Company Name", "Organization", "Organisation", "Organization Name", "Organisation Name", "Account", "Account Name", "Employer", "Firm", "Customer", "Client"),
	to("company.domain", "Company Domain Name", "Company Domain", "Company Website", "Company URL"),
	to("custom.linkedin", "LinkedIn", "LinkedIn URL", "LinkedIn Profile", "LinkedIn Profile URL"),
	to("custom.website", "Website", "Web Page", "Homepage", "URL", "Website URL"),
	to("address.street", "Address", "Street", "Street Address", "Address Line 1", "Address 1", "Business Street", "Work Street", "Address Line 2", "Address 2"),
	to("address.city", "City", "Town", "Business City", "Work City"),
	to("address.region", "Region", "State", "Province", "State/Region", "State/Province", "County", "Business State"),
	to("address.postal_code", "Postal Code", "Zip", "Zip Code", "Zip/Postal Code", "Postcode", "Business Postal Code"),
	to("address.country", "Country", "Country/Region", "Business Country", "Business Country/Region"),
	to("address2.street", "Home Street", "Home Address"),
	to("address2.city", "Home City"),
	to("address2.region", "Home State"),
	to("address2.postal_code", "Home Postal Code", "Home Zip"),
	to("address2.country", "Home Country", "Home Country/Region"),
}

// The names of companies in any sheet.
var generalCompany = []Column{
	to("id", "Company ID", "Account ID", "Organization ID", "Record ID"),
	to("name", "Company Name", "Company", "Organization", "Organisation", "Organization Name", "Organisation Name", "Account", "Account Name", "Business Name", "Firm"),
	to("domain", "Company Domain Name", "Company Domain", "Domain Name", "Domains", "Website", "Website URL", "Company Website", "Company URL", "Homepage", "URL"),
	to("owner", "Company Owner", "Account Owner", "Owner Email", "Record Owner", "Owner Name", "Assigned To", "Account Manager"),
	to("tags", "Labels", "Label", "Tag", "Categories"),
	to("notes", "Note", "Description", "Comments", "Comment", "About Us", "About"),
	to("custom.linkedin", "LinkedIn", "LinkedIn URL", "LinkedIn Company Page", "Company LinkedIn URL"),
	to("address.street", "Address", "Street", "Street Address", "Address Line 1", "Address 1", "Billing Street", "Billing Address", "Address Line 2", "Address 2"),
	to("address.city", "City", "Town", "Billing City"),
	to("address.region", "Region", "State", "Province", "State/Region", "State/Province", "County", "Billing State"),
	to("address.postal_code", "Postal Code", "Zip", "Zip Code", "Zip/Postal Code", "Postcode", "Billing Postal Code", "Billing Zip"),
	to("address.country", "Country", "Country/Region", "Billing Country"),
	to("address2.street", "Shipping Street", "Shipping Address"),
	to("address2.city", "Shipping City"),
	to("address2.region", "Shipping State"),
	to("address2.postal_code", "Shipping Postal Code", "Shipping Zip"),
	to("address2.country", "Shipping Country"),
}

// The names of deals in any sheet.
var generalDeal = []Column{
	to("id", "Deal ID", "Opportunity ID", "Record ID"),
	to("title", "Deal Name", "Deal Title", "Opportunity Name", "Opportunity", "Deal", "Name", "Subject"),
	to("amount_cents", "Amount", "Value", "Deal Value", "Deal Amount", "Price"),
	to("currency", "Deal Currency", "Amount Currency", "Currency of Value", "Deal Currency Code", "Currency ISO Code", "Currency Code"),
	to("stage", "Deal Stage", "Stage Name", "Sales Stage", "Pipeline Stage"),
	to("status", "Deal Status"),
	to("status=won", "Is Won", "Won"),
	to("status=lost", "Is Lost", "Lost"),
	to("close_at", "Expected Close Date", "Expected Close", "Estimated Close Date", "Expected Closing"),
	to("close_at", closeDates...),
	to("closed_at", "Closed Date", "Date Closed", "Actual Close Date", "Closed on", "Won date", "Date won", "Won on", "Lost date", "Date lost", "Lost on"),
	to("lost_reason", "Loss Reason", "Reason Lost", "Lost Reason", "Closed Lost Reason", "Reason for Loss", "Lost Reasons", "Reason of Loss"),
	to("custom.probability", "Probability", "Win Probability", "Deal Probability"),
	to(followUp, "Follow-up", "Next follow-up", "Follow-up date", "Next follow-up date", "Follow-up on", "Next contact", "Next contact date"),
	to("owner", "Deal Owner", "Opportunity Owner", "Owner Email", "Record Owner", "Owner Name", "Assigned To", "Sales Rep"),
	to("tags", "Labels", "Label", "Tag"),
	to("notes", "Deal Description", "Description", "Note", "Comments"),
	to("contact_id", "Person ID", "Contact ID"),
	to("contact.name", "Contact Name", "Contact Person", "Person", "Primary Contact"),
	to("contact.email", "Contact Email", "E-mail", "Email Address", "Customer Email", "Client Email"),
	to("company_id", "Account ID", "Organization ID"),
	to("company.name", "Company Name", "Organization", "Organisation", "Organization Name", "Account Name", "Account", "Client", "Customer"),
	to("company.domain", "Company Domain Name", "Company Domain", "Company Website"),
}

// closeDates are the columns that have the day on which a deal is expected to close while it is open,
// and the day on which it did afterwards: in English, German, French, Spanish, Italian, Dutch, and
// Portuguese.
var closeDates = []string{"Close Date", "Closing Date", "Deal - Close date",
	"Abschlussdatum", "Abschluss", "Abschluß", "Abschlußdatum",
	"Date de clôture", "Date de cloture", "Clôture", "Date de fermeture", "Date de signature",
	"Fecha de cierre", "Cierre",
	"Data di chiusura", "Data chiusura", "Chiusura",
	"Sluitingsdatum", "Sluitdatum", "Afsluitdatum", "Afsluitingsdatum",
	"Data de fechamento", "Data de fecho", "Data fechamento", "Fechamento"}

// IsCloseDate reports whether a column has the day on which a deal is expected to close while it is
// open, and the day on which it did afterwards. Most products have one column for both.
func IsCloseDate(column string) bool {
	return slices.ContainsFunc(closeDates, func(name string) bool { return Fold(name) == Fold(column) })
}
