package server

import (
	"errors"
	"net/http"

	"crmkit/crm"
	"crmkit/render"
	"crmkit/server/edge"
)

// RouteRow is a row of the route table as tests see it.
type RouteRow struct {
	Method, Path, Doc string
	Public, Lists     bool
	Entity            *crm.Entity
	Access            string
}

// Rows returns the route table.
func (s *Server) Rows() []RouteRow {
	var rows []RouteRow
	for _, r := range s.router.routes {
		rows = append(rows, RouteRow{r.Method, r.Pattern(), r.Doc, r.Access == public, r.Lists, r.Entity, r.Access.word()})
	}
	return rows
}

// Find routes a method and a path as requests are routed.
func (s *Server) Find(method, path string) (row string, ids []string) {
	r, ids, _ := s.router.find(method, path)
	if r == nil {
		return "", ids
	}
	return r.Method + " " + r.Pattern(), ids
}

// CleanPath is cleanPath.
var CleanPath = cleanPath

// HTTPServer returns the http.Server that Serve runs.
func (s *Server) HTTPServer() *http.Server { return edge.NewServer(s, s.opts.Log) }

// AddFaults adds the routes /panic and /fault, whose handlers fail.
func (s *Server) AddFaults() {
	s.router = newRouter(append(s.routes(),
		route{Method: http.MethodGet, Path: "/panic", Access: public, handle: func(*Server, *request) (*render.Response, error) { panic("kaboom in SQL") }},
		route{Method: http.MethodGet, Path: "/fault", Access: public, handle: func(*Server, *request) (*render.Response, error) { return nil, errors.New("kaboom in SQL") }}))
}

// word returns the access as the source of the route table spells it.
func (a access) word() string {
	words := map[access]string{manage: "manage", leave: "leave", full: "full", write: "write", read: "read", public: "public"}
	return words[a]
}

// AddUnmarked adds two routes without Access, one of them about a workspace.
func (s *Server) AddUnmarked() {
	handle := func(*Server, *request) (*render.Response, error) { return status("in"), nil }
	s.router = newRouter(append(s.routes(),
		route{Method: http.MethodGet, Path: "/unmarked", handle: handle},
		route{Method: http.MethodGet, Path: "/workspaces/:id/unmarked", handle: handle}))
}
