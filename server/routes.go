package server

import (
	"net/http"
	"strings"

	"crmkit/crm"
	"crmkit/render"
	"crmkit/server/edge"
	"crmkit/server/manual"
)

// route is one row of the table from which routing, authentication, the manual,
// OpenAPI, the log's labels and the cross-tenant test follow. A path below
// /workspaces/:id is about that workspace, which must be one of the user's;
// every other one is about the workspace of the token.
type route struct {
	Method       string
	Path         string // httprouter pattern
	Access       access
	Doc          string      // empty: the manual and OpenAPI leave the row out
	Group        string      // of the manual
	Params       []string    // query parameters besides format
	Lists        bool        // takes the list language of Entity
	Entity       *crm.Entity // whose records the route is about
	Body         bool        // takes the fields of Entity
	RequestTypes []string    // takes these text fields; * marks those that are required
	Stream       stream      // how the answer is sent in pieces, and what the body is
	handle       func(*Server, *request) (*render.Response, error)

	pattern string // shown(), for the log and the metrics; the router sets it

	// What protocols other than the API itself need.
	Origins      edge.Origins                                         // whose pages may read the answers
	LenientMedia bool                                                 // unknown query parameters are ignored
	errorWriter  func(*Server, *request, *crm.Error) *render.Response // spells errors; nil: as the API does
}

// team reports whether the path names a workspace.
func (r *route) team() bool { return strings.HasPrefix(r.Path, "/workspaces/:id") }

// Pattern returns the path as the manual writes it: {id} for :id.
func (r *route) Pattern() string {
	var b strings.Builder
	for _, segment := range strings.Split(r.Path[1:], "/") {
		b.WriteByte('/')
		if name, ok := strings.CutPrefix(segment, ":"); ok {
			b.WriteString("{" + name + "}")
		} else {
			b.WriteString(segment)
		}
	}
	return b.String()
}

// routes returns the table: the fixed rows, then what the schema's entities
// offer.
func (s *Server) routes() []route {
	token := s.schema.ByName("token")
	change := s.schema.ByName("change")
	rows := []route{
		{Method: http.MethodGet, Path: "/", Access: public, Group: "start", Doc: "what this is and how to begin", handle: page(manual.Start, plainText)},
		{Method: http.MethodGet, Path: "/help", Access: public, Group: "start", Doc: "the manual", handle: page(manual.Help, plainText)},
		{Method: http.MethodGet, Path: "/help/:topic", Access: public, Group: "start", Doc: "one topic in depth", handle: (*Server).helpTopic},
		{Method: http.MethodGet, Path: "/.well-known/agent.md", Access: public, Group: "start", Doc: "the manual, for agents that look here", handle: page(manual.Help, "text/markdown; charset=utf-8")},
		{Method: http.MethodGet, Path: "/.well-known/agent-card.json", Access: public, Group: "start", Doc: "what this is, in the form of the A2A protocol", handle: (*Server).agentCard},
		{Method: http.MethodGet, Path: "/llms.txt", Access: public, Group: "start", Doc: "the pages above, listed for models", handle: page(manual.LLMs, plainText)},
		{Method: http.MethodGet, Path: "/openapi.json", Access: public, Group: "start", Doc: "OpenAPI 3.1", handle: (*Server).openAPI},
		{Method: http.MethodGet, Path: "/healthz", Access: public, Group: "start", Doc: "the process answers", handle: (*Server).healthz},
		{Method: http.MethodGet, Path: "/readyz", Access: public, Group: "start", Doc: "the database answers and takes writes", handle: (*Server).readyz},
		{Method: http.MethodGet, Path: "/metrics", Access: public, Group: "start", Doc: "Prometheus text, for who runs the server", handle: (*Server).metricsPage},

		{Method: http.MethodPost, Path: "/auth/request", Access: public, Group: "sign-in", Doc: "send a sign-in code", RequestTypes: []string{"email*"}, handle: (*Server).authRequest},
		{Method: http.MethodPost, Path: "/auth/verify", Access: public, Group: "sign-in", Doc: "exchange the code for a token", RequestTypes: []string{"email*", "code*", "token_name", "scope", "workspace_id"}, handle: (*Server).authVerify},
		{Method: http.MethodGet, Path: "/whoami", Access: read, Group: "sign-in", Doc: "you, your workspace, plan and usage", handle: (*Server).whoami},
		{Method: http.MethodGet, Path: "/tokens", Access: read, Group: "sign-in", Doc: "your tokens (sessions)", Lists: true, Entity: token, handle: (*Server).tokens},
		{Method: http.MethodGet, Path: "/tokens/:id", Access: read, Group: "sign-in", Doc: "one of them", Params: []string{"fields"}, Entity: token, handle: (*Server).fetch},
		{Method: http.MethodDelete, Path: "/tokens/:id", Access: full, Group: "sign-in", Doc: "revoke one of them, at once", Entity: token, handle: (*Server).revoke},
		{Method: http.MethodDelete, Path: "/account", Access: full, Group: "sign-in", Doc: "delete your account, and the workspaces of which you are the only member (step-up)", Params: []string{"code"}, handle: (*Server).deleteAccount},
	}
	rows = append(rows, teamRoutes(s.schema)...)
	rows = append(rows, s.mcpRoutes()...)
	rows = append(rows, s.oauthRoutes()...)
	for _, e := range s.schema.Entities {
		rows = append(rows, entityRoutes(s.schema, e)...)
	}
	return append(rows,
		dumpRoute(), restoreRoute(),
		route{Method: http.MethodGet, Path: "/search", Access: read, Group: "work", Doc: "look for q= in every kind at once, best first; types=contacts,deals only in those",
			Params: []string{"q", "types", "limit"}, handle: (*Server).search},
		route{Method: http.MethodGet, Path: "/reminders", Access: read, Group: "work", Doc: "follow-ups and tasks due by now, soonest first; days=N looks ahead, assignee=me only yours, overdue=yes only what is late, status=open no closed deals",
			Params: []string{"days", "assignee", "overdue", "status", "limit", "cursor", "total"}, handle: (*Server).reminders},
		route{Method: http.MethodGet, Path: "/audit", Access: read, Group: "work", Doc: "who changed what, newest first", Lists: true, Entity: change, handle: (*Server).list},
		route{Method: http.MethodGet, Path: "/audit/:id", Access: read, Group: "work", Doc: "one change", Params: []string{"fields"}, Entity: change, handle: (*Server).fetch})
}

// teamRoutes returns the rows about workspaces and who belongs to them.
func teamRoutes(schema *crm.Schema) []route {
	workspace, member, invite := schema.ByName("workspace"), schema.ByName("member"), schema.ByName("invite")
	fields, code := []string{"fields"}, []string{"code"}
	rows := []route{
		{Method: http.MethodGet, Path: "/workspaces", Access: read, Doc: "those you belong to, with your role", Lists: true, Entity: workspace, handle: (*Server).workspaces},
		{Method: http.MethodPost, Path: "/workspaces", Access: full, Doc: "make one", Entity: workspace, Body: true, handle: (*Server).createWorkspace},
		{Method: http.MethodGet, Path: "/workspaces/:id", Access: read, Doc: "one of them", Params: fields, Entity: workspace, handle: (*Server).fetch},
		{Method: http.MethodPatch, Path: "/workspaces/:id", Access: manage, Doc: "rename it, set its time_zone (admin)", Entity: workspace, Body: true, handle: (*Server).updateWorkspace},
		{Method: http.MethodDelete, Path: "/workspaces/:id", Access: manage, Doc: "delete it and all in it (admin, step-up)", Params: code, Entity: workspace, handle: (*Server).deleteWorkspace},
		{Method: http.MethodPost, Path: "/workspaces/:id/tokens", Access: full, Doc: "a token that acts there", RequestTypes: []string{"token_name", "scope"}, handle: (*Server).mint},
		{Method: http.MethodGet, Path: "/workspaces/:id/members", Access: read, Doc: "members and pending invites", Lists: true, Entity: member, handle: (*Server).members},
		{Method: http.MethodGet, Path: "/workspaces/:id/members/:userId", Access: read, Doc: "one of them", Params: fields, Entity: member, handle: (*Server).fetch},
		{Method: http.MethodDelete, Path: "/workspaces/:id/members/:userId", Access: leave, Doc: "remove (admin; an admin: step-up), or leave", Params: code, Entity: member, handle: (*Server).removeMember},
		{Method: http.MethodPost, Path: "/workspaces/:id/members/:userId/role", Access: manage, Doc: "change a role (admin; from or to admin: step-up)", Params: code, Entity: member, RequestTypes: []string{"role*"}, handle: (*Server).setRole},
		{Method: http.MethodGet, Path: "/workspaces/:id/invites", Access: read, Doc: "pending invites", Lists: true, Entity: invite, handle: (*Server).members},
		{Method: http.MethodPost, Path: "/workspaces/:id/invites", Access: manage, Doc: "invite by mail (admin; as admin: step-up)", Params: code, Entity: invite, RequestTypes: []string{"email*", "role"}, handle: (*Server).invite},
		{Method: http.MethodGet, Path: "/workspaces/:id/invites/:inviteId", Access: read, Doc: "one of them", Params: fields, Entity: invite, handle: (*Server).fetch},
		{Method: http.MethodDelete, Path: "/workspaces/:id/invites/:inviteId", Access: manage, Doc: "cancel an invite (admin)", Entity: invite, handle: (*Server).cancelInvite},
	}
	for i := range rows {
		rows[i].Group = "teams"
	}
	return rows
}

// entityRoutes returns what an entity offers: its own paths, and the paths below
// the records it belongs to. Entities with random ids have hand-written routes.
func entityRoutes(schema *crm.Schema, e *crm.Entity) []route {
	if e.RandomID {
		return nil
	}
	base, one := "/"+e.Route(), "/"+e.Route()+"/:id"
	all := []struct {
		verb crm.Ops
		row  route
	}{
		{crm.List, route{Method: http.MethodGet, Path: base, Access: read, Doc: "list or search", Lists: true, handle: (*Server).list}},
		{crm.Create, route{Method: http.MethodPost, Path: base, Access: write, Doc: createDoc(e), Body: true, Params: linkParams(e), handle: (*Server).create}},
		{crm.Fetch, route{Method: http.MethodGet, Path: one, Access: read, Doc: "one of them", Params: []string{"fields"}, handle: (*Server).fetch}},
		{crm.Update, route{Method: http.MethodPatch, Path: one, Access: write, Doc: "change the fields you send", Body: true, handle: (*Server).update}},
		{crm.Delete, route{Method: http.MethodDelete, Path: one, Access: full, Doc: "delete, in two steps", Params: []string{"confirm"}, handle: (*Server).remove}},
	}
	var rows []route
	for _, a := range all {
		if e.Can(a.verb) {
			a.row.Entity, a.row.Group = e, e.Plural
			rows = append(rows, a.row)
		}
	}
	for _, name := range e.Parents {
		above := e.Target(e.Field(name))
		path := "/" + above.Route() + "/:id/" + e.ChildRoute()
		rows = append(rows,
			route{Method: http.MethodGet, Path: path, Access: read, Group: e.Plural, Entity: e, Lists: true,
				Doc: "those of one record", handle: below(above, name, (*Server).listBelow)},
			route{Method: http.MethodPost, Path: path, Access: write, Group: e.Plural, Entity: e, Body: true,
				Doc: "make one for it", handle: below(above, name, (*Server).createBelow)})
		if len(e.AtLeastOne) > 0 {
			rows = append(rows, route{Method: http.MethodDelete, Path: path + "/:memberId", Access: full, Group: e.Plural, Entity: e,
				Doc: "take one out, by its id or that of the record it ties", handle: below(above, name, (*Server).detach)})
		}
	}
	return append(rows, exportRoute(e), importRoute(e))
}

func createDoc(e *crm.Entity) string {
	if e.Unique != "" {
		return "create, or update the one with that " + e.Unique
	}
	return "create"
}

// parent is the record a path like /contacts/{id}/activities goes through.
type parent struct {
	entity *crm.Entity
	field  string // the reference that points to it
}

func below(above *crm.Entity, field string, handle func(*Server, *request, parent) (*render.Response, error)) func(*Server, *request) (*render.Response, error) {
	return func(s *Server, rq *request) (*render.Response, error) { return handle(s, rq, parent{above, field}) }
}
