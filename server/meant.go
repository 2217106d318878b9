package server

import (
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// unserved is the error for a path or method that no route has. It is made for requests that
// were let in alone, as it takes longer than to find a row.
func (s *Server) unserved(rq *request, allowed []string) *crm.Error {
	if allowed != nil {
		return s.meant(rq, s.router.notAllowed(rq.Method, rq.path, allowed))
	}
	return s.meant(rq, s.router.notFound(rq.Method, rq.path))
}

// meant completes the error for a path or method that no route has: where other systems
// have such a call, it names the one that does here what was meant.
func (s *Server) meant(rq *request, fault *crm.Error) *crm.Error {
	path := strings.Trim(rq.path, "/")
	call := s.habit(rq.Method, path)
	switch {
	case call != "": // what is near leads astray
	case strings.HasSuffix(rq.path, "/") && s.router.has(rq.Method, "/"+path):
		call = "a path has no slash at its end: " + rq.Method + " /" + norm.Quote(path) + "."
	default:
		return fault
	}
	last := path[strings.LastIndexByte(path, '/')+1:]
	if fault.Code == crm.MethodNotAllowed && (last == path || strings.Contains(last, "_")) { // a path that is served otherwise
		fault.Hint = norm.Quote(rq.path) + " does not take " + norm.Quote(rq.Method) + "; it takes " + strings.Join(fault.Allow, ", ") + ". " + strings.ToUpper(call[:1]) + call[1:]
	} else {
		fault.Hint = "there is no " + norm.Quote(rq.Method) + " " + norm.Quote(rq.path) + "; " + call
	}
	fault.DidYouMean = ""
	return fault
}

// has reports whether there is a route for the method and path.
func (r *router) has(method, path string) bool {
	row, _, _ := r.find(method, path)
	return row != nil
}

// prefixes are what paths of other systems begin with, as in /api/v1/contacts; such a path
// has three of them at most.
var prefixes = []string{"api", "v1", "v2", "v3", "crm", "rest"}

// habit returns the call that does what a path of another system does, or "".
func (s *Server) habit(method, path string) string {
	parts, before := strings.Split(path, "/"), 0
	for before < 3 && before < len(parts)-1 && slices.Contains(prefixes, parts[before]) {
		before++
	}
	call := s.called(method, parts[before:])
	if rest := strings.Join(parts[before:], "/"); before > 0 && call == "" && s.router.has(method, "/"+rest) {
		return "paths begin with the kind: " + method + " /" + norm.Quote(rest) + "."
	}
	return call
}

// called returns the call that does what a path without such a prefix does, or "".
func (s *Server) called(method string, parts []string) string {
	word, _, _ := strings.Cut(parts[0], ".") // contacts.csv
	e := s.schema.ByPath(word)
	switch {
	case len(parts) == 1 && strings.Contains(word, "_") && s.schema.ByPrefix(word) != nil:
		return "a path begins with the kind: " + method + " /" + s.schema.ByPrefix(word).Route() + "/" + norm.Quote(word) + "."
	case len(parts) == 1 && strings.Contains(parts[0], "."):
		return export(e)
	case e == nil:
		return s.foreign(method, parts)
	case len(parts) == 2 && (method == "PUT" || method == "POST") && s.schema.ByPrefix(parts[1]) == e:
		return "change it with PATCH /" + norm.Quote(parts[0]+"/"+parts[1]) + " {only what changes}."
	case len(parts) == 2:
		return ofKind(method, parts[1], e)
	case len(parts) == 3:
		return s.below(method, parts, e)
	}
	return ""
}

// foreign returns the call for a first segment that no kind has.
func (s *Server) foreign(method string, parts []string) string {
	if parts[0] == "import" && len(parts) > 1 {
		return "" // the nearest paths are the kinds that may be imported
	}
	switch parts[0] {
	case "batch", "bulk", "import", "upload":
		if len(parts) > 1 {
			return "" // the nearest routes say more
		}
		return "one call writes one record. Many rows of a kind: POST /import/contacts with a JSON array, JSON lines or CSV; it creates and updates."
	case "merge", "duplicates":
		return merge
	case "webhooks", "hooks", "events", "changes":
		return "nothing is pushed; what changed since is at GET /audit?at=gte:-1h."
	case "users", "team", "members":
		return "people are members of a workspace: GET /workspaces, then GET /workspaces/{id}/members."
	case "pipelines", "stages":
		return "a stage is a word of your own on each record; an empty list shows those in use: GET /deals?stage=none. To add up a pipeline: GET /export/deals?status=open."
	case "reminders", "followups", "follow-ups", "followup":
		if method == "GET" {
			break
		}
		return reminders("contacts/{id}")
	case "schema", "fields", "metadata", "properties", "docs", "openapi", "swagger":
		return "the fields of every kind: GET /help/fields; for programs: GET /openapi.json."
	case "me", "user", "account", "profile":
		return "who you are says GET /whoami."
	case "login", "signin", "sign-in", "signup", "token":
		return `sign in with POST /auth/request {"email":…}.`
	}
	for route, words := range otherKinds {
		if !slices.Contains(words, parts[0]) {
			continue
		}
		parts = append([]string{route}, parts[1:]...)
		return "here these are " + route + ": " + method + " /" + norm.Quote(strings.Join(parts, "/")) + "."
	}
	return ""
}

// otherKinds are what other systems call the kinds, by the segment that they have here.
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

func reminders(record string) string {
	return "a reminder is a date of the record: PATCH /" + record + ` {"follow_up_at":"+3d","follow_up_note":…}; or a task: POST /` + record + `/tasks {"title":…,"due_at":"+3d"}.`
}

const merge = "records are not merged by a call. PATCH the one that stays with what the other has, give activities, deals and tasks of the other its id (PATCH /deals/{id} {\"contact_id\":…}), then DELETE the other."

func export(e *crm.Entity) string {
	if e == nil {
		return ""
	}
	return "all of them as CSV: GET /export/" + e.Route() + "?format=csv."
}

// ofKind returns the call for a word behind a kind, where an id is awaited.
func ofKind(method, word string, e *crm.Entity) string {
	kind := e.Route()
	switch word {
	case "import", "bulk", "batch", "upload", "bulk_create", "bulk-create", "bulk_update", "upsert":
		if method == "GET" {
			return ""
		}
		return "many rows at once: POST /import/" + kind + " with a JSON array, JSON lines or CSV; it creates and updates. One: POST /" + kind + " {…}, or PATCH /" + kind + "/{id} {…}."
	case "merge":
		return merge
	case "export", "download":
		return export(e)
	case "search", "query", "filter", "find", "list", "all":
		return "a list takes words and filters: GET /" + kind + "?search=<words>, GET /" + kind + "?created_at=gte:-7d."
	case "count", "stats", "total":
		return "a list says how many there are: GET /" + kind + "?limit=1."
	}
	return ""
}

// below returns the call for a word behind a record: another kind, that refers to it, or
// something to do with it.
func (s *Server) below(method string, parts []string, e *crm.Entity) string {
	if parts[2] == "merge" {
		return merge
	}
	word, record := parts[2], norm.Quote(parts[0]+"/"+parts[1])
	f := e.Field(word)
	switch {
	case f == nil:
		f = e.Meant(word)
	case crm.Writable(f) && word != "notes":
		return "a field is changed with the record: PATCH /" + record + ` {"` + f.Name + `":…}.`
	}
	switch {
	case f != nil && f.Name == e.ReminderField || slices.Contains(otherKinds["reminders"], word) || word == "reminders":
		if e.ReminderField != "" {
			return reminders(record)
		}
	case word == "won" || word == "lost" || word == "close" || word == "complete":
		if g := e.Field("status"); g != nil && g.TransitionOf != "" {
			return "a deal is won or lost by its stage: PATCH /" + record + ` {"stage":"won"}.`
		} else if e.Field("done") != nil {
			return "a task is completed with PATCH /" + record + ` {"done":true}.`
		}
	}
	if slices.Contains(otherKinds["activities"], word) && s.router.has(method, "/"+parts[0]+"/x/activities") {
		return "what happened is an activity: " + method + " /" + record + "/activities."
	}
	to := s.schema.ByPath(word)
	if to == nil {
		return ""
	}
	for i := range to.Fields {
		f := &to.Fields[i]
		if f.Type != crm.Ref || f.ReadOnly || to.Target(f) != e {
			continue
		}
		if method == "POST" {
			return "the reference goes into the body: POST /" + word + " {\"" + f.Name + "\":" + string(norm.AppendQuoted(nil, parts[1])) + ",…}."
		}
		return "a list takes the reference: GET /" + word + "?" + f.Name + "=" + norm.Quote(parts[1]) + "."
	}
	return ""
}
