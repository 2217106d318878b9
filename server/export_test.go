package server

import (
	"errors"
	"net/http"

	"crmkit/crm"
	"crmkit/render"
	"crmkit/server/edge"
	"crmkit/server/web"
)

// RouteRow is a row of the route table as tests see it.
type RouteRow struct {
	Method, Path, Doc string
	Public            bool
	Lists, Many       bool
	Entity            *crm.Entity
	Access            string
	Params            []string
}

// Rows returns the route table.
func (s *Server) Rows() []RouteRow {
	var rows []RouteRow
	for _, r := range s.web.Routes() {
		rows = append(rows, RouteRow{r.Method, r.Pattern(), r.Doc, r.Access == web.Public, r.Lists, r.Many, r.Entity, accessName(r.Access), r.Params})
	}
	return rows
}

// Find routes a method and a path as requests are routed.
func (s *Server) Find(method, path string) (row string, ids []string) {
	r, ids := s.web.Find(method, path)
	if r == nil {
		return "", ids
	}
	return r.Method + " " + r.Pattern(), ids
}

// HTTPServer returns the http.Server that Serve runs.
func (s *Server) HTTPServer() *http.Server { return edge.NewServer(s, s.opts.Log) }

// AddFaults adds the routes /panic and /fault, whose handlers fail.
func (s *Server) AddFaults() {
	s.web.SetRoutes(append(s.routes(),
		web.Route{Method: http.MethodGet, Path: "/panic", Access: web.Public, Handle: func(*web.Request) (*render.Response, error) { panic("kaboom in SQL") }},
		web.Route{Method: http.MethodGet, Path: "/fault", Access: web.Public, Handle: func(*web.Request) (*render.Response, error) { return nil, errors.New("kaboom in SQL") }}))
}

// accessName returns the access as the source of the route table spells it.
func accessName(a web.Access) string {
	words := map[web.Access]string{web.Manage: "manage", web.Leave: "leave", web.Full: "full", web.Write: "write", web.Read: "read", web.Public: "public"}
	return words[a]
}

// AddUnmarked adds two routes without Access, one of them about a workspace.
func (s *Server) AddUnmarked() {
	handle := func(*web.Request) (*render.Response, error) { return status("in"), nil }
	s.web.SetRoutes(append(s.routes(),
		web.Route{Method: http.MethodGet, Path: "/unmarked", Handle: handle},
		web.Route{Method: http.MethodGet, Path: "/workspaces/:id/unmarked", Handle: handle}))
}

// EndWaiting ends what waits for changes, as a stop of the server does.
func (s *Server) EndWaiting() { s.feed.End() }

// SetBulkSteps sets how many records a bulk edit writes in one transaction, and in each step.
func (s *Server) SetBulkSteps(atOnce, step int) { s.bulk.AtOnce, s.bulk.StepRecords = atOnce, step }

// SetRestoreSteps sets up to how many changes a restore undoes at once, and how many in its first transaction if there
// are more.
func (s *Server) SetRestoreSteps(atOnce, first int64) { s.trash.AtOnce, s.trash.First = atOnce, first }

// SetUndoSteps sets up to how many changes are undone in one transaction, and how many in each step.
func (s *Server) SetUndoSteps(atOnce, step int) { s.undo.AtOnce, s.undo.StepEntries = atOnce, step }
