package habit

import (
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/catalog"
	"crmkit/crm/norm"
)

// Known is what this server has: its kinds of records, and its routes.
type Known struct {
	Schema *crm.Schema
	Serves func(method, path string) bool // reports whether a route has the path
}

// prefixes are the first segments of paths of other systems, as in /api/v1/contacts. A path
// has three of them at most.
var prefixes = []string{"api", "v1", "v2", "v3", "crm", "rest"}

// Call returns a hint with the call that replaces a path of another system, or "".
func (k Known) Call(method, path string) string {
	parts, before := strings.Split(path, "/"), 0
	for before < 3 && before < len(parts)-1 && slices.Contains(prefixes, parts[before]) {
		before++
	}
	call := k.kindHabit(method, parts[before:])
	if rest := strings.Join(parts[before:], "/"); before > 0 && call == "" && k.Serves(method, "/"+rest) {
		return "paths begin with the kind: " + method + " /" + norm.Quote(rest) + "."
	}
	return call
}

// kindHabit is Call for a path without the prefixes.
func (k Known) kindHabit(method string, parts []string) string {
	word, _, _ := strings.Cut(parts[0], ".") // contacts.csv
	e := k.Schema.ByPath(word)
	switch {
	case len(parts) == 1 && strings.Contains(word, "_") && k.Schema.ByPrefix(word) != nil:
		return "a path begins with the kind: " + method + " /" + k.Schema.ByPrefix(word).Route() + "/" + norm.Quote(word) + "."
	case len(parts) == 1 && strings.Contains(parts[0], "."):
		return exportHint(e)
	case e == nil:
		return k.otherHabit(method, parts)
	case len(parts) == 2 && (method == "PUT" || method == "POST") && k.Schema.ByPrefix(parts[1]) == e:
		return "change it with PATCH /" + norm.Quote(parts[0]+"/"+parts[1]) + " {only what changes}."
	case len(parts) == 2:
		return InList(method, parts[1], e)
	case len(parts) == 3:
		return k.recordHabit(method, parts, e)
	}
	return ""
}

// otherHabit returns the call for a first segment that is not a kind, or "".
func (k Known) otherHabit(method string, parts []string) string {
	if parts[0] == "import" && len(parts) > 1 {
		return "" // the nearest paths are the kinds that may be imported
	}
	switch parts[0] {
	case "batch", "bulk", "import", "upload":
		if len(parts) > 1 {
			return "" // the nearest routes say more
		}
		return "several writes: POST /batch with a JSON array of them. Many rows of a kind: POST /import/contacts with a JSON array, JSON lines or CSV; it creates and updates."
	case "merge", "duplicates":
		return mergeHint
	case "trash", "deleted", "recycle-bin", "recyclebin", "bin", "archive":
		return "deleted records are in the lists: GET /contacts?deleted=only. POST /contacts/{id}/restore brings one back; see /help/trash."
	case "restore", "undelete", "unarchive":
		return "a deleted record comes back with POST /contacts/{id}/restore, and GET /contacts?deleted=only lists them. Other changes are taken back with POST /undo; see /help/undo."
	case "revert", "rollback":
		return `what was deleted or changed comes back with POST /undo {"record":"contact/c_…"}, or with the change group of the write: {"change":"chg_…"}. See /help/undo.`
	case "webhooks", "hooks", "events", "changes", "feed":
		return "there are no webhooks; GET /changes has what changed since your bookmark, and with wait=30 waits for the next change. See /help/changes."
	case "users", "team", "members":
		return "people are members of a workspace: GET /workspaces, then GET /workspaces/{id}/members."
	case "pipelines", "stages":
		return "stages are free text, so there is no list of them; GET /deals?stage=none shows those in use. To sum up a pipeline: GET /export/deals?status=open."
	case "reminders", "followups", "follow-ups", "followup":
		if method == "GET" {
			break
		}
		return reminderHint("contacts/{id}")
	case "schema", "fields", "metadata", "properties", "docs", "openapi", "swagger":
		return "the fields of every kind: GET /help/fields; for programs: GET /openapi.json."
	case "me", "user", "account", "profile":
		return "GET /whoami shows your user, workspace and limits."
	case "login", "signin", "sign-in", "signup", "token":
		return `sign in with POST /auth/request {"email":…}.`
	}
	for route, words := range otherKinds {
		if !slices.Contains(words, parts[0]) {
			continue
		}
		parts = append([]string{route}, parts[1:]...)
		return "in this CRM they are called " + route + ": " + method + " /" + norm.Quote(strings.Join(parts, "/")) + "."
	}
	return ""
}

// otherKinds are the names of the kinds in other systems, by their segment here.
var otherKinds = map[string][]string{
	"contacts":   {"people", "persons", "person", "leads", "lead", "customers", "clients"},
	"companies":  {"organizations", "organisations", "accounts", "orgs"},
	"deals":      {"opportunities", "opportunity", "sales"},
	"activities": {"notes", "note", "calls", "emails", "meetings", "interactions", "engagements", "events", "timeline", "logs"},
	"tickets":    {"cases", "issues", "requests"},
	"tasks":      {"todos", "todo"},
	"reminders":  {"followups", "follow-ups", "followup", "due"},
	"campaigns":  {"lists", "segments", "sequences"},
}

// reminderHint says how to set a reminder of a record.
func reminderHint(record string) string {
	return "to set a reminder, set a date on the record: PATCH /" + record + ` {"follow_up_at":"+3d","follow_up_note":…}; or create a task: POST /` + record + `/tasks {"title":…,"due_at":"+3d"}.`
}

// mergeHint says how to merge records.
const mergeHint = "contacts, companies, deals and tickets are merged: POST /contacts/{id}/merge {\"from\":[\"c_…\"]}; see /help/merge."

// exportHint says how to export the records of a kind.
func exportHint(e *crm.Entity) string {
	if e == nil {
		return ""
	}
	return "all of them as CSV: GET /export/" + e.Route() + "?format=csv."
}

// InList returns the call for a word behind a kind, where an id is expected, or "".
func InList(method, word string, e *crm.Entity) string {
	kind := e.Route()
	switch word {
	case "import", "bulk", "batch", "upload", "bulk_create", "bulk-create", "bulk_update", "upsert":
		if method == "GET" {
			return ""
		}
		return "many rows at once: POST /import/" + kind + " with a JSON array, JSON lines or CSV; it creates and updates. Several writes of any kind: POST /batch. One: POST /" + kind + " {…}, or PATCH /" + kind + "/{id} {…}."
	case "merge":
		return mergeHint
	case "export", "download":
		return exportHint(e)
	case "trash", "deleted", "archived":
		return "deleted ones: GET /" + kind + "?deleted=only."
	case "restore", "undelete":
		return "one at a time: POST /" + kind + "/{id}/restore; all that a change deleted: POST /undo with its change group. GET /" + kind + "?deleted=only lists them."
	case "search", "query", "filter", "find", "list", "all":
		return "to search, use the list: GET /" + kind + "?search=<words>, GET /" + kind + "?created_at=gte:-7d."
	case "count", "stats", "total":
		return "to count, read the total of the list: GET /" + kind + "?limit=1."
	}
	return ""
}

// wholeHabit returns the call for a word behind a record that is about the whole of it, or "".
func (k Known) wholeHabit(parts []string) string {
	switch parts[2] {
	case "merge":
		return mergeHint
	case "restore", "undelete", "undestroy", "recover", "unarchive", "unarchived":
		if k.Serves("POST", "/"+strings.Join(parts[:2], "/")+"/restore") {
			return "a deleted record comes back with POST /" + norm.Quote(parts[0]+"/"+parts[1]) + "/restore."
		}
	case "trash", "delete", "archive":
		if k.Serves("DELETE", "/"+strings.Join(parts[:2], "/")) {
			return "delete it with DELETE /" + norm.Quote(parts[0]+"/"+parts[1]) + "; it can be restored."
		}
	}
	return ""
}

// recordHabit returns the call for a word behind a record, or "": another kind that refers to
// it, or something to do with it.
func (k Known) recordHabit(method string, parts []string, e *crm.Entity) string {
	if call := k.wholeHabit(parts); call != "" {
		return call
	}
	word, record := parts[2], norm.Quote(parts[0]+"/"+parts[1])
	f := e.Field(word)
	switch {
	case f == nil:
		f = catalog.Meant(e, word)
	case crm.Writable(f) && word != "notes":
		return "a field has no path of its own; change the record: PATCH /" + record + ` {"` + f.Name + `":…}.`
	}
	switch {
	case f != nil && f.Name == e.Reminder.Field || slices.Contains(otherKinds["reminders"], word) || word == "reminders":
		if e.Reminder.Field != "" {
			return reminderHint(record)
		}
	case word == "won" || word == "lost" || word == "close" || word == "complete":
		if g := e.Field("status"); g != nil && g.Transition() != nil {
			return "to win or lose a deal, set its stage: PATCH /" + record + ` {"stage":"won"}.`
		} else if e.Field("done") != nil {
			return "a task is completed with PATCH /" + record + ` {"done":true}.`
		}
	}
	if slices.Contains(otherKinds["activities"], word) && k.Serves(method, "/"+parts[0]+"/x/activities") {
		return "calls, e-mails and notes are activities: " + method + " /" + record + "/activities."
	}
	to := k.Schema.ByPath(word)
	if to == nil {
		return ""
	}
	for i := range to.Fields {
		f := &to.Fields[i]
		if !f.IsReference() || f.ReadOnly || to.Target(f) != e {
			continue
		}
		if method == "POST" {
			return "put the reference into the body: POST /" + word + " {\"" + f.Name + "\":" + string(norm.AppendQuoted(nil, parts[1])) + ",…}."
		}
		return "filter the list by the reference: GET /" + word + "?" + f.Name + "=" + norm.Quote(parts[1]) + "."
	}
	return ""
}
