package server

import (
	"net/http"
	"slices"
	"strings"

	"github.com/julienschmidt/httprouter"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/server/edge"
)

// router finds the row of the route table for a method and a path. It is the
// only user of httprouter, and uses it for matching alone: redirects, OPTIONS
// and panic handling stay off.
type router struct {
	routes []route
	tree   *httprouter.Router
}

var methods = []string{http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodDelete}

// matched carries the row out of httprouter's handler type: handlers close over
// their row and put it here.
type matched struct {
	http.ResponseWriter
	route *route
}

func newRouter(routes []route) *router {
	r := &router{routes: routes, tree: httprouter.New()}
	for i := range routes {
		row := &routes[i]
		row.pattern = row.Pattern()
		r.tree.Handle(row.Method, row.Path, func(w http.ResponseWriter, _ *http.Request, _ httprouter.Params) {
			w.(*matched).route = row
		})
	}
	return r
}

// find returns the row and the parameters of the path; nil when no row has the
// path with this method, and then allowed names the methods that have it.
func (r *router) find(method, path string) (row *route, ids []string, allowed []string) {
	if method == http.MethodHead {
		method = http.MethodGet
	}
	if handle, params, _ := r.tree.Lookup(method, path); handle != nil {
		var m matched
		handle(&m, nil, nil)
		for _, p := range params {
			ids = append(ids, p.Value)
		}
		return m.route, ids, nil
	}
	for _, other := range methods {
		if handle, _, _ := r.tree.Lookup(other, path); handle != nil {
			if allowed = append(allowed, other); other == http.MethodGet {
				allowed = append(allowed, http.MethodHead)
			}
		}
	}
	return nil, nil, allowed
}

// shared returns a row with the path that pages of other origins may call, or nil.
func (r *router) shared(path string) *route {
	for _, method := range methods {
		if row, _, _ := r.find(method, path); row != nil && row.Origins != edge.NoOrigins {
			return row
		}
	}
	return nil
}

// methodsOf returns the methods of the rows with a pattern.
func (r *router) methodsOf(pattern string) (list []string) {
	for _, row := range r.routes {
		if row.Path == pattern {
			list = append(list, row.Method)
		}
	}
	return list
}

// notFound is the error for a path that no row has: it names the nearest.
func (r *router) notFound(method, path string) *crm.Error {
	first, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	var paths []string
	for _, row := range r.routes {
		head, _, _ := strings.Cut(strings.TrimPrefix(row.Path, "/"), "/")
		if row.Doc == "" {
			continue
		}
		if head != "" && !slices.Contains(paths, "/"+head) {
			paths = append(paths, "/"+head)
		}
	}
	err := crm.Errorf(crm.NotFound, "there is no path %s. GET /help lists every path.", norm.Quote(path)).Of("/"+first, paths)
	near := r.suggestPath(err.DidYouMean, path)
	if len(near) > 0 {
		err.Hint = "there is no path " + norm.Quote(path) + "; the nearest are " + strings.Join(near, ", ") + ". GET /help lists every path."
	}
	return err
}

// suggestPath returns the rows below the first segment, those of the path's own length
// where there are any.
func (r *router) suggestPath(head, path string) []string {
	var all, alike []string
	for _, row := range r.routes {
		if first, _, _ := strings.Cut(strings.TrimPrefix(row.Path, "/"), "/"); head == "" || "/"+first != head {
			continue
		}
		all = append(all, row.Method+" "+row.Pattern())
		if strings.Count(row.Path, "/") == strings.Count(path, "/") {
			alike = append(alike, row.Method+" "+row.Pattern())
		}
	}
	if len(alike) > 0 {
		return alike
	}
	return all
}

// notAllowed is the error for a path that exists with other methods. Where the
// method is offered by paths with the same end, it names them.
func (r *router) notAllowed(method, path string, allowed []string) *crm.Error {
	err := crm.Errorf(crm.MethodNotAllowed, "%s does not take %s; it takes %s.", norm.Quote(path), norm.Quote(method), strings.Join(allowed, ", "))
	var others []string
	for _, row := range r.routes {
		below, one := strings.CutPrefix(row.Pattern(), path+"/{")
		if row.Method == method && (strings.HasSuffix(row.Path, path) || one && !strings.Contains(below, "/")) {
			others = append(others, method+" "+row.Pattern())
		}
	}
	if len(others) > 0 {
		err.Hint += " There is " + strings.Join(others, ", ") + "."
	}
	err.Allowed, err.Allow = allowed, allowed
	return err
}
