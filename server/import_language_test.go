package server_test

import (
	"strings"
	"testing"
)

// TestOutcomesInOtherLanguages imports deals whose stage says in other languages that they are won
// or lost, with one date of closing, which is the expected one of the deals that are open.
func TestOutcomesInOtherLanguages(t *testing.T) {
	const won, lost, open = "status=won close_at=2026-04-03 closed_at=2026-04-03", "status=lost close_at=2026-04-03 closed_at=2026-04-03", "status=open close_at=2026-04-03"
	for column, words := range map[string][3]string{
		"Close Date": {"Closed Won", "closedlost", "Won back"}, "Abschlussdatum": {"Gewonnen", "Geschlossen und verloren", "Angebot"},
	} {
		r := newRig(t).as("jane@acme.com")
		text := r.want(200, "POST", "/import/deals", "Deal Name,Stage,"+column+"\na,"+words[0]+",2026-04-03\nb,"+words[1]+",2026-04-03\nc,"+words[2]+",2026-04-03\n")
		if !strings.Contains(text, "3 created") {
			t.Errorf("%s:\n%s", column, text)
		}
		text = r.want(200, "GET", "/deals?sort=title&fields=title,status,close_at,closed_at", "")
		for _, want := range []string{"title=a " + won, "title=b " + lost, "title=c " + open} {
			if !strings.Contains(text, want) {
				t.Errorf("%s: want %s in\n%s", column, want, text)
			}
		}
	}
	r := newRig(t).as("jane@acme.com")
	text := r.want(201, "POST", "/deals", `{"title":"x","stage":"Gagnée"}`)
	if !strings.Contains(text, "status=won") {
		t.Error(text)
	}
}

// TestHintsOfRows checks that the error of a row speaks of columns, and that of a body of members.
func TestHintsOfRows(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	for _, c := range []struct{ path, file, want string }{
		{"deals", "Deal,Closed Date\nA,2026-04-03\n", "add a column status with one of these words"},
		{"deals", "Deal,Amount\n,5 USD\n", "add a column title, or fill its cell in this row"},
		{"activities", "kind,body\ncall,x\n", "add a column such as contact with a name"},
	} {
		if text := r.want(200, "POST", "/import/"+c.path, c.file); !strings.Contains(text, c.want) || strings.Contains(text, "send {") {
			t.Errorf("want %s in\n%s", c.want, text)
		}
	}
	if text := r.want(400, "POST", "/deals", `{"title":"x","closed_at":"2026-04-03"}`); !strings.Contains(text, "send status too") {
		t.Error(text)
	}
}

// sheets are files of people who speak another language: contacts, deals and activities of the same
// two people, in the order given name, family name, company.
var sheets = map[string][3]string{
	"German": {"Anrede;Titel;Vorname;Nachname;Firma;Position;E-Mail-Adresse;Telefon geschäftlich;Mobiltelefon;Straße geschäftlich;Ort geschäftlich;Postleitzahl geschäftlich;Land/Region geschäftlich;Kategorien;Notizen\n" +
		"Frau;Dr.;Ann;Lee;Nord;Chefin;ann@nord.example;040 1;0170 2;Weg 1;Bonn;53111;Deutschland;VIP;mag Tee\n",
		"Titel;Kunde;Ansprechpartner;Betrag;Währung;Phase;Status;Abschlussdatum;Notizen\nWerk;Nord;Ann Lee;1.250,50;EUR;Angebot;offen;03.04.2026;neu\nAlt;Nord;;5,00;EUR;Verloren;;31.12.2025;\n",
		"Datum;Art;Kunde;Ansprechpartner;Notiz\n03.04.2026;Anruf;Nord;Ann Lee;gut\n04.04.2026;WhatsApp;Nord;;kurz\n"},
	"French": {"Civilité;Titre;Prénom;Nom;Société;Fonction;Adresse de messagerie;Téléphone (bureau);Tél. mobile;Rue (bureau);Ville (bureau);Code postal (bureau);Pays/Région (bureau);Catégories;Remarques\n" +
		"Mme;Dr;Ann;Lee;Nord;Chefin;ann@nord.example;040 1;0170 2;Weg 1;Bonn;53111;Deutschland;VIP;mag Tee\n",
		"Affaire;Client;Interlocuteur;Montant;Devise;Étape;Statut;Date de clôture;Remarques\nWerk;Nord;Ann Lee;1 250,50;EUR;Angebot;en cours;03/04/2026;neu\nAlt;Nord;;5,00;EUR;Perdu;;31/12/2025;\n",
		"Date;Type;Société;Contact;Commentaire\n03/04/2026;Appel;Nord;Ann Lee;gut\n14/04/2026;WhatsApp;Nord;;kurz\n"},
	"Spanish": {"Tratamiento;Título;Nombre;Apellidos;Empresa;Puesto;Correo electrónico;Teléfono del trabajo;Móvil;Calle;Ciudad;Código postal;País;Categorías;Notas\n" +
		"Sra.;Dra.;Ann;Lee;Nord;Chefin;ann@nord.example;040 1;0170 2;Weg 1;Bonn;53111;Deutschland;VIP;mag Tee\n",
		"Oportunidad;Cliente;Persona de contacto;Importe;Moneda;Etapa;Estado;Fecha de cierre;Notas\nWerk;Nord;Ann Lee;1.250,50;EUR;Angebot;abierto;03/04/2026;neu\nAlt;Nord;;5,00;EUR;Perdido;;31/12/2025;\n",
		"Fecha;Tipo;Empresa;Contacto;Asunto\n03/04/2026;Llamada;Nord;Ann Lee;gut\n14/04/2026;WhatsApp;Nord;;kurz\n"},
	"Italian": {"Appellativo;Titolo;Nome;Cognome;Società;Posizione;Indirizzo posta elettronica;Ufficio;Cellulare;Via (uff.);Città (uff.);CAP (uff.);Paese (uff.);Categorie;Nota\n" +
		"Sig.ra;Dott.ssa;Ann;Lee;Nord;Chefin;ann@nord.example;040 1;0170 2;Weg 1;Bonn;53111;Deutschland;VIP;mag Tee\n",
		"Trattativa;Cliente;Referente;Importo;Valuta;Fase;Stato;Data di chiusura;Nota\nWerk;Nord;Ann Lee;1.250,50;EUR;Angebot;in corso;03/04/2026;neu\nAlt;Nord;;5,00;EUR;Chiusa persa;;31/12/2025;\n",
		"Data;Tipo;Azienda;Contatto;Oggetto\n03/04/2026;Telefonata;Nord;Ann Lee;gut\n14/04/2026;WhatsApp;Nord;;kurz\n"},
	"Dutch": {"Aanhef;Titel;Voornaam;Naam;Bedrijf;Functie;E-mailadres;Telefoon op werk;Mobiele telefoon;Werkadres, straat;Werkadres, plaats;Werkadres, postcode;Land/regio (werk);Categorieën;Notities\n" +
		"Mevr.;Dr.;Ann;Lee;Nord;Chefin;ann@nord.example;040 1;0170 2;Weg 1;Bonn;53111;Deutschland;VIP;mag Tee\n",
		"Titel;Klant;Contactpersoon;Bedrag;Valuta;Fase;Status;Sluitingsdatum;Notities\nWerk;Nord;Ann Lee;1.250,50;EUR;Angebot;open;03-04-2026;neu\nAlt;Nord;;5,00;EUR;Verloren;;31-12-2025;\n",
		"Datum;Soort;Bedrijf;Contactpersoon;Onderwerp\n03-04-2026;Telefoongesprek;Nord;Ann Lee;gut\n14-04-2026;WhatsApp;Nord;;kurz\n"},
	"Portuguese": {"Tratamento;Título;Nome;Sobrenome;Empresa;Cargo;Endereço de email;Telefone comercial;Telemóvel;Rua;Cidade;CEP;País;Categorias;Anotações\n" +
		"Sra.;Dra.;Ann;Lee;Nord;Chefin;ann@nord.example;040 1;0170 2;Weg 1;Bonn;53111;Deutschland;VIP;mag Tee\n",
		"Negócio;Cliente;Contato;Valor;Moeda;Etapa;Estado;Data de fechamento;Observações\nWerk;Nord;Ann Lee;1.250,50;EUR;Angebot;aberto;03/04/2026;neu\nAlt;Nord;;5,00;EUR;Perdido;;31/12/2025;\n",
		"Data;Tipo;Empresa;Contato;Assunto\n03/04/2026;Ligação;Nord;Ann Lee;gut\n14/04/2026;WhatsApp;Nord;;kurz\n"},
}

// TestSheetsInOtherLanguages imports the files of each language into a new workspace: all of them say
// the same.
func TestSheetsInOtherLanguages(t *testing.T) {
	for language, files := range sheets {
		r := newRig(t).as("jane@acme.com")
		said := ""
		for i, kind := range []string{"contacts", "deals", "activities"} {
			answer := r.want(200, "POST", "/import/"+kind, files[i])
			if strings.Contains(answer, "ERROR") || strings.Contains(answer, "left out") {
				t.Errorf("%s: %s", language, answer)
			}
			said += r.want(200, "GET", "/export/"+kind+"?format=json", "")
		}
		for _, want := range []string{`Ann Lee"`, `"email":"ann@nord.example","phone":"040 1"`, `"other_phones":["0170 2"]`, `"title":"Chefin"`, `{"city":"Bonn","country":"Deutschland","postal_code":"53111","street":"Weg 1"}`,
			`"company":{"name":"Nord"}`, `"tags":["VIP"]`, `"notes":"mag Tee"`, `"title":"Werk","amount_cents":125050`, `"stage":"Angebot","status":"open","close_at":"2026-04-03`, `"notes":"neu"`,
			`"title":"Alt","amount_cents":500`, `"status":"lost","close_at":"2025-12-31T00:00:00Z","closed_at":"2025-12-31`, `"contact_id":"c_011p","contact":{"name":"D`, `"kind":"call","body":"gut`, `"kind":"note","body":"kurz\n\n`, `WhatsApp"`, `"occurred_at":"2026-04-03`} {
			if !strings.Contains(said, want) {
				t.Fatalf("%s: nothing says %s in\n%s", language, want, said)
			}
		}
	}
}

// TestNamesBesideOthers checks columns whose meaning their neighbours or their cells decide.
func TestNamesBesideOthers(t *testing.T) {
	for file, want := range map[string][]string{
		"Nom;Société\nAnn Lee;Nord\n":                                                        {`name="Ann Lee"`},
		"Nom;Tél.\nAnn;04 72 00 00 00 / 06 11 22 33 44\n":                                    {`phone="04 72 00 00 00"`, `other_phones="06 11 22 33 44"`},
		"Nom;Prénom\nLee;Ann\n":                                                              {`name="Ann Lee"`},
		"Name;Vorname;Kunde\nLee;Ann;ja\n":                                                   {`name="Ann Lee"`, "custom.Kunde=ja", "!company="},
		"Name;Vorname;Nachname\nAnn M. Lee;Ann;\n":                                           {`name="Ann M. Lee"`},
		"Name;Kunde;E-Mail\nAnn;Nord AG;a@x.example\n":                                       {"name=Ann", "Nord AG"},
		"Anrede;Titel;Name\nFrau;Dr.;Eva Titel\n":                                            {`name="Eva Titel"`, "custom.Anrede=Frau"},
		"Anrede;Titel;Vorname;Nachname\nFrau;Dr.;Eva;Titel\n":                                {`name="Dr. Eva Titel"`, "custom.Anrede=Frau", "!custom.Titel"},
		"Titel;Vorname;Nachname\nGeschäftsführer;Eva;Titel\n":                                {`name="Eva Titel"`, " title=Geschäftsführer"},
		"Title,First Name,Last Name,E-mail 2 Address,Callback,Job Title\nMrs.,Eva,T,,,CEO\n": {`name="Eva T"`, " title=CEO", "custom.Title=Mrs."},
		"Title,First Name,Last Name,E-mail 2 Address,Callback\nMr. Dr.,Eva,T,,\n":            {`name="Dr. Eva T"`, `custom.Title="Mr. Dr."`},
	} {
		r := newRig(t).as("jane@acme.com")
		text := r.want(200, "POST", "/import/contacts", file) + r.want(200, "GET", "/export/contacts", "")
		for _, part := range want {
			if absent, is := strings.CutPrefix(part, "!"); is == strings.Contains(text, absent) {
				t.Errorf("%s: want %s in\n%s", file, part, text)
			}
		}
	}
	r := newRig(t).as("jane@acme.com")
	if text := r.want(200, "POST", "/import/deals?dry_run=1", "Titel;Kunde\nA;X\n"); !strings.Contains(text, "company.name=X") {
		t.Errorf("the customer of a deal is no yes or no: %s", text)
	}
	if text := r.want(400, "POST", "/import/activities", "Quando;Quoi\n1;2\n"); !strings.Contains(text, "name them like kind,body,contact,company") {
		t.Error(text)
	}
}

// TestBirthdaysStay imports an address book of Outlook again, which writes a birthday that is not
// known as 0.0.00.
func TestBirthdaysStay(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	for _, day := range []string{"3.5.1975", "0.0.00", "0/0/00", "00.00.0000", "0000-00-00"} {
		r.want(200, "POST", "/import/contacts", "Vorname;Nachname;E-Mail-Adresse;Geburtstag\nJ;Gross;j@g.example;"+day+"\n")
	}
	if text := r.want(200, "GET", "/export/contacts", ""); !strings.Contains(text, "custom.Geburtstag=3.5.1975") {
		t.Error(text)
	}
	for sent, want := range map[string]string{"1. März 2026": "2026-03-01", "1er mars 2026": "2026-03-01", "01.02.26": "2026-02-01"} {
		if text := r.want(201, "POST", "/deals", `{"title":"x","close_at":"`+sent+`"}`); !strings.Contains(text, "close_at="+want) {
			t.Errorf("%s: %s", sent, text)
		}
	}
}

// TestExportOfAnotherServer imports the exports of a workspace on another server, whose ids are valid
// here too: the error says how, and a stated source keeps them apart.
func TestExportOfAnotherServer(t *testing.T) {
	there, here := newRig(t).as("jane@acme.com"), newRig(t).as("jane@acme.com")
	there.want(200, "POST", "/import/contacts", "Name,Email,Company\nA,a@x.example,Nord\nB,b@x.example,Nord\nC,,Nord\n")
	companies, contacts := there.want(200, "GET", "/export/companies?format=csv", ""), there.want(200, "GET", "/export/contacts?format=csv", "")
	if text := here.want(200, "POST", "/import/contacts", contacts); !strings.Contains(text, "source=<a name for that workspace>") || !strings.Contains(text, "GET /export there") {
		t.Error(text)
	}
	for _, want := range []string{"created, 0 updated, 0 unchanged, 0 failed", "0 created, 0 updated"} {
		text := here.want(200, "POST", "/import/companies?source=old", companies) + here.want(200, "POST", "/import/contacts?source=old", contacts)
		if strings.Count(text, want) != 2 || strings.Contains(text, "ERROR") {
			t.Errorf("want %s in\n%s", want, text)
		}
	}
	if text := here.want(200, "GET", "/export/contacts", ""); strings.Count(text, `company.name=Nord`) != 3 || !strings.Contains(text, "external_ids=old:c_") || strings.Contains(text, "custom") {
		t.Error(text)
	}
}

// TestRowOfTotals imports a sheet with a row of totals at its end.
func TestRowOfTotals(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	text := r.want(200, "POST", "/import/contacts", "Kunde;Ansprechpartner;E-Mail;Umsatz\nNord;Ann Lee;a@x.example;1.234,50\nSumme;;;1.234,50\n")
	if !strings.Contains(text, "the last row is left out, because it has totals: Summe") || !strings.Contains(text, "1 created, 0 updated") {
		t.Error(text)
	}
}

// TestFooterOfReport imports a report of Salesforce: the lines about it become no deals.
func TestFooterOfReport(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	text := r.want(200, "POST", "/import/deals", "Opportunity Name,Amount,Stage\nRollout,5 EUR,Prospecting\n\"Grand Totals (1 records)\",,\n\n\"Confidential Information - Do Not Distribute\"\n\"Acme Corp\"\n")
	if !strings.Contains(text, "line 3, \"Grand Totals (1 records)\"; line 5, \"Confidential Information - Do Not Distribute\"; line 6, \"Acme Corp\"") || !strings.Contains(text, "1 created, 0 updated") {
		t.Errorf("the report goes in as %s", text)
	}
}
