package products

// The names of columns in sheets in German, after those in English. Other languages are not
// known: their columns go into custom, under their own names.

var germanContact = []Column{
	to("name", "Ansprechpartner", "Kontakt", "Kontaktperson", "Vollständiger Name"),
	to("name.prefix", "Anrede"),
	to("name.given", "Vorname"),
	to("name.middle", "Zweiter Vorname", "Weitere Vornamen"),
	to("name.family", "Nachname", "Familienname", "Zuname"),
	to("title", "Funktion", "Berufsbezeichnung", "Stellenbezeichnung"),
	to("email", "E-Mail-Adresse", "Mail", "E-Mail geschäftlich", "E-Mail 2: Adresse", "E-Mail 3: Adresse", "E-Mail privat"),
	to("phone", "Telefon", "Telefonnummer", "Telefon geschäftlich", "Tel.-Nr.", "Festnetz", "Durchwahl", "Mobil", "Mobiltelefon", "Mobilnummer", "Handy",
		"Telefon 1", "Telefon 2", "Telefon geschäftlich 2", "Telefon privat", "Weiteres Telefon"),
	to("owner", "Betreuer", "Zuständig", "Kundenbetreuer"),
	to("tags", "Schlagworte", "Schlagwörter", "Kategorien"),
	to("notes", "Notiz", "Notizen", "Bemerkung", "Bemerkungen", "Anmerkung", "Anmerkungen", "Kommentar"),
	to("company.name", "Firma", "Unternehmen", "Firmenname"),
	to("custom.website", "Webseite", "Internetseite", "Internet"),
	to("address.street", "Straße", "Strasse", "Anschrift", "Adresse", "Straße geschäftlich", "Straße und Hausnummer"),
	to("address.city", "Ort", "Stadt", "Wohnort", "Ort geschäftlich"),
	to("address.region", "Bundesland", "Kanton", "Region geschäftlich"),
	to("address.postal_code", "PLZ", "Postleitzahl", "Postleitzahl geschäftlich"),
	to("address.country", "Land", "Staat", "Land/Region geschäftlich"),
}

var germanCompany = []Column{
	to("name", "Firma", "Unternehmen", "Firmenname", "Kunde"),
	to("domain", "Webseite", "Internetseite", "Internet"),
	to("owner", "Betreuer", "Zuständig", "Kundenbetreuer"),
	to("tags", "Schlagworte", "Schlagwörter", "Kategorien"),
	to("notes", "Notiz", "Notizen", "Bemerkung", "Bemerkungen", "Anmerkung", "Anmerkungen"),
	to("address.street", "Straße", "Strasse", "Anschrift", "Adresse", "Straße und Hausnummer"),
	to("address.city", "Ort", "Stadt"),
	to("address.region", "Bundesland", "Kanton"),
	to("address.postal_code", "PLZ", "Postleitzahl"),
	to("address.country", "Land", "Staat"),
}

var germanDeal = []Column{
	to("title", "Auftrag", "Projekt", "Bezeichnung", "Angebot", "Verkaufschance"),
	to("amount_cents", "Betrag", "Wert", "Auftragswert", "Summe", "Preis"),
	to("currency", "Währung"),
	to("stage", "Phase", "Stufe"),
	to("close_at", "Voraussichtlicher Abschluss", "Erwarteter Abschluss", "Geplanter Abschluss"),
	to("closed_at", "Abgeschlossen am", "Abschlussdatum"),
	to("lost_reason", "Verlustgrund", "Absagegrund"),
	to("custom.probability", "Wahrscheinlichkeit"),
	to("owner", "Betreuer", "Zuständig", "Verantwortlich"),
	to("notes", "Notiz", "Notizen", "Bemerkung", "Bemerkungen"),
	to("contact.name", "Ansprechpartner", "Kontakt", "Kontaktperson"),
	to("contact.email", "E-Mail-Adresse", "Mail"),
	to("company.name", "Firma", "Unternehmen", "Firmenname", "Kunde"),
}

// germanStatus are the words for the outcome of a deal.
var germanStatus = Words{"gewonnen": "won", "verloren": "lost", "offen": "open"}
