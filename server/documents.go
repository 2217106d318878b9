package server

import (
	"net/http"
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/render"
	"crmkit/server/edge"
	"crmkit/server/manual"
	"crmkit/store"
)

// newManual writes the documents about this server.
func (s *Server) newManual() (*manual.Manual, error) {
	opts := manual.Options{Schema: s.schema, Version: s.opts.Version, Local: s.opts.Local, ImportMax: s.opts.ImportMax,
		IdleDays: int(store.IdleLimit.Hours() / 24), Scope: scopeWord}
	for i := range s.router.routes {
		opts.Routes = append(opts.Routes, described(&s.router.routes[i]))
	}
	return manual.New(opts)
}

// described returns what the documents say of a route.
func described(r *route) manual.Route {
	d := manual.Route{Method: r.Method, Pattern: r.Pattern(), Group: r.Group, Doc: r.Doc, Public: r.Access == public,
		Entity: r.Entity, Lists: r.Lists, Params: r.Params, Formats: r.formats(), Plain: r.Path == "/metrics"}
	d.Texts, d.Needs = r.texts()
	if r.Lists {
		d.Params = crm.ListParams[:len(crm.ListParams)-1] // the last is format
	}
	if r.repeatable() {
		d.MaxKey = maxKey
	}
	switch {
	case r.Stream == imports:
		d.Body = manual.RowsBody
	case r.Stream == restoring:
		d.Body = manual.WorkspaceBody
	case r.Body:
		d.Body = manual.FieldsBody
	case len(r.RequestTypes) > 0:
		d.Body = manual.TextsBody
	}
	if r.Body && len(r.Entity.AtLeastOne) > 0 && strings.Contains(r.Path, ":id/") {
		d.Bulk = &manual.Bulk{Kinds: linkParam(r.Entity), Texts: extraLinkParams(r.Entity), Max: maxBulkLinks}
	}
	if r.Stream == exports {
		d.Params = []string{"search", "sort", "fields"}
	}
	if r.Stream != fullAnswer {
		d.Stream = streamMedia(d.Formats)
	}
	d.Creates = r.Method == http.MethodPost && (r.Body || strings.HasSuffix(r.Path, "/invites") || strings.HasSuffix(r.Path, "/tokens"))
	return d
}

// streamMedia returns the media types of an answer that is sent in pieces, which is
// never one JSON document.
func streamMedia(formats []string) (list []string) {
	for _, known := range medias {
		if slices.Contains(formats, known.word) && known.media != jsonMedia {
			list = append(list, known.media)
		}
	}
	return list
}

// base returns the origin at which the client of the request reaches this server.
func (s *Server) base(rq *request) string { return edge.Base(rq.Request, s.opts.BaseURL) }

const plainText = "text/plain; charset=utf-8"

// page returns the handler of a page of the manual.
func page(name, media string) func(*Server, *request) (*render.Response, error) {
	return func(s *Server, rq *request) (*render.Response, error) {
		return document(s.manual.Page(name, s.base(rq)), media), nil
	}
}

// document returns a text that JSON answers carry as the member text.
func document(text, media string) *render.Response {
	return &render.Response{Raw: &render.Raw{Type: media, Name: "text", Body: text}}
}

// helpTopic answers GET /help/{topic}.
func (s *Server) helpTopic(rq *request) (*render.Response, error) {
	text, fault := s.manual.Topic(rq.recordID, s.base(rq))
	if fault != nil {
		return nil, fault
	}
	return document(text, plainText), nil
}

// openAPI answers GET /openapi.json, which is JSON in every format.
func (s *Server) openAPI(rq *request) (*render.Response, error) {
	text, err := s.manual.OpenAPI(s.base(rq))
	return rawJSON(text), err
}

// agentCard answers GET /.well-known/agent-card.json.
func (s *Server) agentCard(rq *request) (*render.Response, error) {
	text, err := s.manual.AgentCard(s.base(rq))
	return rawJSON(text), err
}

// rawJSON returns a JSON document that is sent as it is in every format.
func rawJSON(text string) *render.Response {
	return &render.Response{Raw: &render.Raw{Type: "application/json", Body: text}}
}
