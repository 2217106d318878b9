package server

import (
	"net/http"
	"slices"

	"crmkit/crm"
	"crmkit/render"
	"crmkit/server/aggregate"
	"crmkit/server/batch"
	"crmkit/server/brief"
	"crmkit/server/due"
	"crmkit/server/duplicate"
	"crmkit/server/manual"
	"crmkit/server/merge"
	"crmkit/server/past"
	"crmkit/server/pipeline"
	"crmkit/server/purge"
	"crmkit/server/trash"
	"crmkit/server/web"
)

// routes returns the table of routes: fixed rows, then those of the entities of the schema. The manual, the OpenAPI
// document and the limits of rights are read from it, so a route exists in all of them or in none.
func (s *Server) routes() []web.Route {
	token := s.schema.ByName("token")
	change := s.schema.ByName("change")
	rows := []web.Route{
		// An agent that knows only the address of the server begins with these rows.
		{Method: http.MethodGet, Path: "/", Access: web.Public, Group: "start", Doc: "what this is and how to begin", Handle: s.page(manual.Start, web.PlainText)},
		{Method: http.MethodGet, Path: "/help", Access: web.Public, Group: "start", Doc: "the manual", Handle: s.page(manual.Help, web.PlainText)},
		{Method: http.MethodGet, Path: "/help/:topic", Access: web.Public, Group: "start", Doc: "one topic in depth", Handle: s.helpTopic},
		{Method: http.MethodGet, Path: "/.well-known/agent.md", Access: web.Public, Group: "start", Doc: "the manual", Handle: s.page(manual.Help, "text/markdown; charset=utf-8")},
		{Method: http.MethodGet, Path: "/.well-known/agent-card.json", Access: web.Public, Group: "start", Doc: "the same for the A2A protocol", Handle: s.agentCard},
		{Method: http.MethodGet, Path: "/llms.txt", Access: web.Public, Group: "start", Doc: "these pages, for models", Handle: s.page(manual.LLMs, web.PlainText)},
		{Method: http.MethodGet, Path: "/openapi.json", Access: web.Public, Group: "start", Doc: "OpenAPI 3.1", Tokens: true, Handle: s.openAPI},
		{Method: http.MethodGet, Path: "/healthz", Access: web.Public, Group: "start", Doc: "the process answers", Handle: s.healthz},
		{Method: http.MethodGet, Path: "/readyz", Access: web.Public, Group: "start", Doc: "it can read and write", Handle: s.readyz},
		{Method: http.MethodGet, Path: "/metrics", Access: web.Public, Group: "start", Doc: "Prometheus text", Handle: s.metricsPage},

		// A text with a * is required.
		{Method: http.MethodPost, Path: "/auth/request", Access: web.Public, Group: "sign-in", Doc: "send a sign-in code", Texts: []string{"email*"}, Handle: s.authRequest},
		{Method: http.MethodPost, Path: "/auth/verify", Access: web.Public, Group: "sign-in", Doc: "the code for a token", Texts: []string{"email*", "code*", "token_name", "scope", "workspace_id"}, Handle: s.authVerify},
		{Method: http.MethodGet, Path: "/whoami", Access: web.Read, Group: "sign-in", Doc: "you, your workspace, plan and usage", Handle: s.whoami},
		{Method: http.MethodGet, Path: "/tokens", Access: web.Read, Group: "sign-in", Doc: "your tokens", Lists: true, Entity: token, Handle: s.tokens},
		{Method: http.MethodGet, Path: "/tokens/:id", Access: web.Read, Group: "sign-in", Doc: "one of them", Params: []string{"fields", "times"}, Entity: token, Handle: s.fetch},
		{Method: http.MethodDelete, Path: "/tokens/:id", Access: web.Full, Group: "sign-in", Doc: "revoke one at once", Entity: token, Handle: s.revoke},
		{Method: http.MethodDelete, Path: "/account", Access: web.Full, Group: "sign-in", Doc: "delete your account and the workspaces you are alone in (step-up)", Params: []string{"code"}, Handle: s.deleteAccount},
	}
	rows = append(rows, s.teamRoutes()...)
	rows = append(rows, s.mcp.Routes()...)
	rows = append(rows, s.oauth.Routes()...)
	for _, e := range s.schema.Entities {
		rows = append(rows, s.entityRoutes(e)...)
	}
	rows = append(rows, merge.Routes(s.store)...)
	rows = append(rows, s.transfer.Routes()...)
	rows = slices.Concat(rows, s.duplicates.Routes(), s.pipelines.Routes(), brief.New(s.store).Routes())
	rows = append(rows, s.feed.Routes()...)
	rows = slices.Concat(rows, s.undo.Routes(), s.trash.Routes(), s.shape.Routes())
	rows = append(rows, batch.Route(),
		web.Route{Method: http.MethodGet, Path: "/search", Access: web.Read, Group: "work", Doc: "find q= in all kinds, best first; types=contacts,deals only these",
			Params: []string{"q", "types", "limit"}, Handle: s.search})
	rows = append(rows, due.New(s.store).Routes()...)
	return append(rows,
		web.Route{Method: http.MethodGet, Path: "/audit", Access: web.Read, Group: "work", Doc: "who changed what, newest first", Lists: true, Entity: change, Handle: s.list},
		web.Route{Method: http.MethodGet, Path: "/audit/:id", Access: web.Read, Group: "work", Doc: "one change", Params: []string{"fields", "times"}, Entity: change, Handle: s.fetch})
}

// teamRoutes returns the rows about workspaces, members and invites. A path below
// /workspaces/{id} moves the actor into that workspace, if the token may act there.
func (s *Server) teamRoutes() []web.Route {
	workspace, member, invite := s.schema.ByName("workspace"), s.schema.ByName("member"), s.schema.ByName("invite")
	fields, code := []string{"fields", "times"}, []string{"code"}
	rows := []web.Route{
		{Method: http.MethodGet, Path: "/workspaces", Access: web.Read, Doc: "yours, with your role", Lists: true, Entity: workspace, Handle: s.workspaces},
		{Method: http.MethodPost, Path: "/workspaces", Access: web.Full, Doc: "create one", Entity: workspace, Body: true, Handle: s.createWorkspace},
		{Method: http.MethodGet, Path: "/workspaces/:id", Access: web.Read, Doc: "one of them", Params: fields, Entity: workspace, Handle: s.fetch},
		{Method: http.MethodPatch, Path: "/workspaces/:id", Access: web.Manage, Doc: "name, time_zone, country, custom_keys (admin)", Entity: workspace, Body: true, Handle: s.updateWorkspace},
		{Method: http.MethodDelete, Path: "/workspaces/:id", Access: web.Manage, Doc: "delete it and all in it (admin, step-up)", Params: code, Entity: workspace, Handle: s.deleteWorkspace},
		{Method: http.MethodPost, Path: "/workspaces/:id/tokens", Access: web.Full, Doc: "a token that acts there", Texts: []string{"token_name", "scope"}, Handle: s.mint},
		{Method: http.MethodGet, Path: "/workspaces/:id/members", Access: web.Read, Doc: "members and pending invites", Lists: true, Entity: member, Handle: s.members},
		{Method: http.MethodGet, Path: "/workspaces/:id/members/:userId", Access: web.Read, Doc: "one of them", Params: fields, Entity: member, Handle: s.fetch},
		{Method: http.MethodDelete, Path: "/workspaces/:id/members/:userId", Access: web.Leave, Doc: "remove (admin; an admin: step-up), or leave", Params: code, Entity: member, Handle: s.removeMember},
		{Method: http.MethodPost, Path: "/workspaces/:id/members/:userId/role", Access: web.Manage, Doc: "change a role (admin; from or to admin: step-up)", Params: code, Entity: member, Texts: []string{"role*"}, Handle: s.setRole},
		{Method: http.MethodGet, Path: "/workspaces/:id/invites", Access: web.Read, Doc: "pending invites", Lists: true, Entity: invite, Handle: s.members},
		{Method: http.MethodPost, Path: "/workspaces/:id/invites", Access: web.Manage, Doc: "invite by mail (admin; as admin: step-up)", Params: code, Entity: invite, Texts: []string{"email*", "role"}, Handle: s.invite},
		{Method: http.MethodGet, Path: "/workspaces/:id/invites/:inviteId", Access: web.Read, Doc: "one of them", Params: fields, Entity: invite, Handle: s.fetch},
		{Method: http.MethodDelete, Path: "/workspaces/:id/invites/:inviteId", Access: web.Manage, Doc: "cancel an invite (admin)", Entity: invite, Handle: s.cancelInvite},
	}
	// Tools of OpenAPI show the groups as sections.
	for i := range rows {
		rows[i].Group = "teams"
	}
	return rows
}

// entityRoutes returns the rows of an entity: its own paths, and the paths below the
// records it belongs to. Views have rows of their own above.
func (s *Server) entityRoutes(e *crm.Entity) []web.Route {
	if e.IsView() {
		return nil
	}
	base, one, listParams := "/"+e.Route(), "/"+e.Route()+"/:id", slices.Concat([]string{trash.Param}, past.ListParams, aggregate.Params)
	// Deletes need a token with scope full: what is gone for everybody may have been made by others.
	all := []struct {
		verb crm.Ops
		row  web.Route
	}{
		{crm.List, web.Route{Method: http.MethodGet, Path: base, Access: web.Read, Doc: "list or search", Lists: true, Params: listParams, Handle: s.aggregate.Lists(s.trash.Lists(s.past.Lists(s.list)))}},
		{crm.Create, web.Route{Method: http.MethodPost, Path: base, Access: web.Write, Doc: createDoc(e), Body: true, AsLine: true, Params: slices.Concat(linkParams(e), duplicate.Params(e), pipeline.Params(e), web.PlanParams), Handle: s.pipelines.Adds(e, s.create)}},
		{crm.Fetch, web.Route{Method: http.MethodGet, Path: one, Access: web.Read, Doc: "one of them", Params: append([]string{"fields", "times", trash.Param}, past.Params...), Handle: s.trash.Fetches(s.fetch)}},
		{crm.Update, web.Route{Method: http.MethodPatch, Path: one, Access: web.Write, Doc: "change the fields you send", Body: true, AsLine: true, Params: slices.Concat(pipeline.Params(e), web.PlanParams), Handle: s.pipelines.Adds(e, s.update)}},
		{crm.Delete, web.Route{Method: http.MethodDelete, Path: one, Access: web.Full, Doc: "delete, in two steps", AsLine: true, Asks: true, Params: slices.Concat(web.PagedParams, purge.Params), Handle: s.remove}},
	}
	var rows []web.Route
	for _, a := range all {
		if !e.Can(a.verb) {
			continue
		}
		a.row.Entity, a.row.Group = e, e.Plural
		if e.IsDefinition() {
			a.row = s.defined.Adapt(a.row)
		}
		rows = append(rows, a.row)
	}
	// A parent has a path for each kind that may belong to it. There is no third level, since a
	// record is reached by its own path.
	for _, name := range e.Parents.Fields {
		above := e.Target(e.Field(name))
		path, params := "/"+above.Route()+"/:id/"+e.ChildRoute(), web.PlanParams
		if e.IsLink() {
			params = web.PagedParams // its body may name many
		}
		rows = append(rows,
			web.Route{Method: http.MethodGet, Path: path, Access: web.Read, Group: e.Plural, Entity: e, Lists: true, Params: listParams,
				Doc: "those of this record", Handle: s.aggregate.Below(above, name, s.trash.ListsBelow(above, name, s.past.Below(above, name, below(above, name, s.listBelow))))},
			web.Route{Method: http.MethodPost, Path: path, Access: web.Write, Group: e.Plural, Entity: e, Body: true, AsLine: true, Params: params,
				Doc: "create one for this record", Handle: below(above, name, s.createBelow)})
		if e.IsLink() {
			rows = append(rows, web.Route{Method: http.MethodDelete, Path: path + "/:memberId", Access: web.Full, Group: e.Plural, Entity: e, AsLine: true, Params: web.PlanParams,
				Doc: "remove a member, by its id or the record's", Handle: below(above, name, s.detach)})
		}
	}
	if e.IsDefinition() {
		return slices.Concat(rows, s.defined.Routes(e), s.transfer.EntityRoutes(e))
	}
	return s.defined.TakeViews(e, slices.Concat(rows, s.bulk.Routes(e), s.transfer.EntityRoutes(e)))
}

// createDoc returns the description of POST on a collection. A kind with a unique field has
// upserts: many agents save what they hear of the same person.
func createDoc(e *crm.Entity) string {
	if e.Keys.Unique != "" {
		return "create, or update the one with that " + e.Keys.Unique
	}
	return "create"
}

// parent is the first record of a path like /contacts/{id}/activities.
type parent struct {
	entity *crm.Entity
	field  string // the reference that points to it
}

// below returns a handler for the records that belong to one of the entity above, to which their field refers.
func below(above *crm.Entity, field string, handle func(*web.Request, parent) (*render.Response, error)) web.Handler {
	return func(rq *web.Request) (*render.Response, error) { return handle(rq, parent{above, field}) }
}
