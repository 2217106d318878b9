package server

import (
	"net/http"
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/render"
	"crmkit/server/batch"
	"crmkit/server/manual"
	"crmkit/server/oauth"
	"crmkit/server/web"
	"crmkit/store"
)

// newManual writes the documents about this server. It reads the table of routes, so it is
// called after SetRoutes.
func (s *Server) newManual() (*manual.Manual, error) {
	opts := manual.Options{Schema: s.schema, Version: s.opts.Version, Local: s.opts.Local, ImportMax: s.opts.ImportMax,
		Batch:      manual.Batch{Lines: batch.MaxLines, Changes: batch.MaxChanges},
		ToolBudget: web.ToolBudget,
		IdleDays:   int(store.IdleLimit.Hours() / 24), Scope: oauth.Scope}
	for _, r := range s.web.Routes() {
		opts.Routes = append(opts.Routes, described(&r))
	}
	return manual.New(opts)
}

// described returns a route as the documents describe it, so that package manual knows no HTTP
// and no handlers.
func described(r *web.Route) manual.Route {
	d := manual.Route{Method: r.Method, Pattern: r.Pattern(), Group: r.Group, Doc: r.Doc, Public: r.Access == web.Public,
		Entity: r.Entity, Lists: r.Lists, Many: r.Many, Params: r.Params, Formats: r.Formats(), Plain: r.Path == "/metrics", Budget: r.TakesBudget()}
	d.Texts, d.Needs = r.TextFields()
	if r.Lists {
		d.Params = slices.Concat(crm.ListParams[:len(crm.ListParams)-1], r.Params) // the last is format
	}
	if r.IsRepeatable() {
		d.MaxKey = web.MaxKey
	}
	switch {
	case r.Stream == web.Importing:
		d.Body = manual.RowsBody
	case r.Stream == web.Restoring:
		d.Body = manual.WorkspaceBody
	case r.Lines > 0:
		d.Body, d.Lines = manual.LinesBody, r.Lines
	case r.Merges > 0:
		d.Body, d.Lines = manual.MergeBody, r.Merges
	case r.Body:
		d.Body = manual.FieldsBody
	case len(r.Texts) > 0:
		d.Body = manual.TextsBody
	}
	if r.Body && r.Entity.IsLink() && strings.Contains(r.Path, ":id/") {
		d.Bulk = &manual.Bulk{Kinds: linkParam(r.Entity), Texts: extraLinkParams(r.Entity), Max: maxBulkLinks}
	}
	if r.Stream == web.Exporting {
		d.Params = []string{"search", "sort", "fields", "times", "view", "where"}
	}
	if r.Stream != web.NoStream {
		d.Stream = r.StreamMedia()
	}
	// Where POST creates or updates, the answer may be 201 or 200.
	d.Creates = r.Method == http.MethodPost && (r.Body || strings.HasSuffix(r.Path, "/invites") || strings.HasSuffix(r.Path, "/tokens"))
	return d
}

// page returns the handler of a page of the manual: text, in JSON as the member text. It has
// no errors, since the pages are written when the server starts.
func (s *Server) page(name, media string) web.Handler {
	return func(rq *web.Request) (*render.Response, error) {
		return document(s.manual.Page(name, audience(rq), rq.Base()), media), nil
	}
}

// audience returns for whom a page is written. These routes are public, so a request over
// HTTP says nothing about its token; a tool has one.
func audience(rq *web.Request) manual.Audience {
	if rq.ByTool {
		return manual.SignedIn
	}
	return manual.Anybody
}

// document returns a text that JSON answers carry as the member text: a client that asks for
// JSON always gets JSON.
func document(text, media string) *render.Response {
	return &render.Response{Raw: &render.Raw{Type: media, Name: "text", Body: text}}
}

// helpTopic answers GET /help/{topic} with a page. The error is not_found, with the topics.
func (s *Server) helpTopic(rq *web.Request) (*render.Response, error) {
	text, fault := s.manual.Topic(rq.RecordID, audience(rq), rq.Base())
	if fault != nil {
		return nil, fault
	}
	return document(text, web.PlainText), nil
}

// openAPI answers GET /openapi.json, which is JSON in every format. A client that sends a token gets the fields that its
// workspace declares too.
func (s *Server) openAPI(rq *web.Request) (*render.Response, error) {
	text, err := s.manual.OpenAPI(rq.Base(), rq.Env.Shape)
	return rawJSON(text), err
}

// agentCard answers GET /.well-known/agent-card.json, the address that the A2A
// protocol defines. It is JSON in every format.
func (s *Server) agentCard(rq *web.Request) (*render.Response, error) {
	text, err := s.manual.AgentCard(rq.Base())
	return rawJSON(text), err
}

// rawJSON returns a JSON document that is sent as it is in every format.
func rawJSON(text string) *render.Response {
	return &render.Response{Raw: &render.Raw{Type: "application/json", Body: text}}
}
