package products

import (
	"maps"
	"slices"
)

// language are the names of columns in sheets in one language, by kind of record. They may be those
// of Outlook, which writes the names of its columns in the language of the application.
type language struct {
	contact, company, deal, task, ticket, activity []Column

	place []Column // of contacts and companies
	party []Column // the contact and the company of deals, tasks and activities
}

// languages are those that are known beside English. A name that means two things is decided by the
// kind of record: Titel is the name of a deal, and of a contact a form of address or the job. The
// same name in two languages has one meaning; a test compares them.
var languages = []*language{&german, &dutch, &french, &spanish, &italian, &portuguese, &japanese, &chinese, &korean, &russian, &polish, &nordic, &turkish, &arabic}

// prefixOrTitle is the path of a column that has a form of address or a degree in some sheets, and
// the job in others: the cell decides.
const prefixOrTitle = "name.prefix|title"

// followUp is the path of a column that has the day of the next step in some sheets, and the step in
// others: the cell decides.
const followUp = "follow_up_at|follow_up_note"

// inEvery returns the columns of a kind in English, and then in all languages. A name that is there
// already is left out.
func inEvery(english []Column, of func(*language) [][]Column) []Column {
	seen, all := map[string]bool{}, slices.Clone(english)
	for _, row := range english {
		for _, name := range row.Names {
			seen[Fold(name)] = true
		}
	}
	for _, l := range languages {
		for _, row := range slices.Concat(of(l)...) {
			row.Names = slices.DeleteFunc(slices.Clone(row.Names), func(name string) bool { return seen[Fold(name)] })
			for _, name := range row.Names {
				seen[Fold(name)] = true
			}
			all = append(all, row)
		}
	}
	return all
}

// other is the key in Words for any word that they do not have.
const other = "*"

// merged joins words of several languages.
func merged(list ...Words) Words {
	all := Words{}
	for _, words := range list {
		maps.Copy(all, words)
	}
	return all
}

// Of returns the word of a choice for a word of the product in lower case; empty if there is none.
func (w Words) Of(word string) string {
	if of := w[word]; of != "" {
		return of
	}
	return w[other]
}

// kinds are the words for kinds of activities. What has no kind of its own, like a message of
// WhatsApp, is a note: it is no e-mail, and nobody knows whether it was a call.
var kinds = merged(
	Words{"phone": "call", "phone call": "call", "e-mail": "email", "mail": "email", "appointment": "meeting", "event": "meeting", "lunch": "meeting", "demo": "meeting",
		"visit": "meeting", "comment": "note", "to-do": "task", "todo": "task", "deadline": "task", other: "note"},
	Words{"anruf": "call", "telefonat": "call", "telefon": "call", "e-mail-nachricht": "email", "termin": "meeting", "besprechung": "meeting", "treffen": "meeting", "besuch": "meeting",
		"meeting vor ort": "meeting", "notiz": "note", "aufgabe": "task"},
	Words{"telefoontje": "call", "gesprek": "call", "telefoongesprek": "call", "belafspraak": "call", "afspraak": "meeting", "vergadering": "meeting", "bezoek": "meeting", "notitie": "note", "taak": "task"},
	Words{"appel": "call", "appel téléphonique": "call", "téléphone": "call", "courriel": "email", "mél": "email", "réunion": "meeting", "rendez-vous": "meeting", "rdv": "meeting", "visite": "meeting", "tâche": "task"},
	Words{"llamada": "call", "llamada telefónica": "call", "teléfono": "call", "correo": "email", "correo electrónico": "email", "reunión": "meeting", "reunion": "meeting", "cita": "meeting", "visita": "meeting", "nota": "note", "tarea": "task"},
	Words{"chiamata": "call", "telefonata": "call", "telefono": "call", "posta elettronica": "email", "riunione": "meeting", "incontro": "meeting", "appuntamento": "meeting", "attività": "task", "compito": "task"},
	Words{"ligação": "call", "chamada": "call", "telefonema": "call", "telefone": "call", "correio eletrónico": "email", "reunião": "meeting", "encontro": "meeting", "compromisso": "meeting", "tarefa": "task"})

// open are the words for a deal that is neither won nor lost. Those for the others are the words of
// a stage that sets the status.
var open = Words{"offen": "open", "laufend": "open", "in bearbeitung": "open", "in behandeling": "open", "ouvert": "open", "ouverte": "open", "en cours": "open", "abierto": "open", "abierta": "open",
	"en curso": "open", "aperto": "open", "aperta": "open", "in corso": "open", "aberto": "open", "aberta": "open", "em aberto": "open", "em andamento": "open"}

// undecided are the words for the status of a deal that is open. A ticket that is on hold is pending.
var undecided = merged(open, Words{"in progress": "open", "pending": "open", "on hold": "open", "negotiation": "open", "in negotiation": "open", "negotiating": "open", "active": "open", "ongoing": "open",
	"new": "open", "商談中": "open", "進行中": "open", "进行中": "open"})

// priorities are the words for how much something matters.
var priorities = Words{"medium": "normal", "urgent": "high", "highest": "high", "lowest": "low",
	"hoch": "high", "dringend": "high", "mittel": "normal", "niedrig": "low", "hoog": "high", "gemiddeld": "normal", "normaal": "normal", "laag": "low",
	"haute": "high", "élevée": "high", "urgente": "high", "moyenne": "normal", "normale": "normal", "basse": "low", "faible": "low",
	"alta": "high", "alto": "high", "media": "normal", "medio": "normal", "média": "normal", "baja": "low", "bassa": "low", "baixa": "low"}

// states are the words for the status of a ticket.
var states = merged(
	Words{"new": "open", "in progress": "open", "waiting": "pending", "on hold": "pending", "resolved": "solved", "done": "solved"}, open,
	Words{"neu": "open", "wartend": "pending", "gelöst": "solved", "erledigt": "solved", "geschlossen": "closed", "nieuw": "open", "wachtend": "pending", "opgelost": "solved", "gesloten": "closed",
		"nouveau": "open", "en attente": "pending", "résolu": "solved", "fermé": "closed", "clos": "closed", "nuevo": "open", "pendiente": "pending", "resuelto": "solved", "cerrado": "closed",
		"nuovo": "open", "in attesa": "pending", "risolto": "solved", "chiuso": "closed", "novo": "open", "pendente": "pending", "resolvido": "solved", "fechado": "closed"})

// names are the everyday names of columns in sheets in one language, by what they mean in any kind of
// record. A column that is a part of a name is the whole of it if it is alone in a row.
type names struct {
	name, given, middle, family list // of a person
	email, phone, company, job  list
	notes                       list

	street, city, region, postalCode, country list

	deal, amount, stage, closeAt list // of a deal
	task, dueAt                  list // of a task
	occurredAt, kind, body       list // of an activity
}

// list are the names of columns for one field.
type list []string

// everyday returns the names by kind of record.
func everyday(s names) language {
	contact := to("contact.name", slices.Concat(s.name, s.given)...)
	return language{
		contact: []Column{
			to("name", s.name...), to("name.given", s.given...), to("name.middle", s.middle...), to("name.family", s.family...),
			to("title", s.job...), to("email", s.email...), to("phone", s.phone...), to("notes", s.notes...), to("company.name", s.company...),
		},
		place: []Column{
			to("address.street", s.street...), to("address.city", s.city...), to("address.region", s.region...),
			to("address.postal_code", s.postalCode...), to("address.country", s.country...),
		},
		company: []Column{to("name", s.company...), to("notes", s.notes...)},
		deal: []Column{
			to("title", s.deal...), to("amount_cents", s.amount...), to("stage", s.stage...), to("close_at", s.closeAt...), to("notes", s.notes...),
		},
		task:     []Column{to("title", s.task...), to("due_at", s.dueAt...), to("notes", s.notes...)},
		activity: []Column{to("kind", s.kind...), to("body", slices.Concat(s.body, s.notes)...), to("occurred_at", s.occurredAt...)},
		party:    []Column{contact, to("contact.email", s.email...), to("company.name", s.company...)},
	}
}
