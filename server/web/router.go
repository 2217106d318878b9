package web

import (
	"net/http"
	"slices"
	"strings"

	"github.com/julienschmidt/httprouter"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/server/edge"
)

// router finds the route for a method and a path. It uses httprouter for matching alone:
// redirects, OPTIONS and panic handling stay off.
type router struct {
	routes []Route
	tree   *httprouter.Router
}

// Methods are the methods that routes may have.
var Methods = []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}

// methodQuery asks a list with the parameters of a form in its body (RFC 10008). It has the route of GET.
const methodQuery = "QUERY"

// matched carries the route out of httprouter's handler type: each handler puts its route
// here.
type matched struct {
	http.ResponseWriter
	route *Route
}

// newRouter returns a router of the routes. httprouter panics for two routes of one path, when
// the server starts.
func newRouter(routes []Route) *router {
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

// find returns the route and the parameters of the path. If no route has the path with this
// method, row is nil, and allowed holds the methods of the path.
func (r *router) find(method, path string) (row *Route, ids []string, allowed []string) {
	asked := method
	if method == http.MethodHead || method == methodQuery {
		method = http.MethodGet
	}
	var m matched
	handle, params, _ := r.tree.Lookup(method, path)
	if handle != nil {
		handle(&m, nil, nil)
	}
	if handle != nil && (asked != methodQuery || m.route.Lists) {
		for _, p := range params {
			ids = append(ids, p.Value)
		}
		return m.route, ids, nil
	}
	for _, other := range Methods {
		if handle, _, _ := r.tree.Lookup(other, path); handle != nil {
			if allowed = append(allowed, other); other == http.MethodGet {
				allowed = append(allowed, http.MethodHead)
			}
		}
	}
	return nil, nil, allowed
}

// shared returns a route of the path that pages of other origins may call, or nil.
func (r *router) shared(path string) *Route {
	for _, method := range Methods {
		if row, _, _ := r.find(method, path); row != nil && row.origins() != edge.NoOrigins {
			return row
		}
	}
	return nil
}

// methodsOf returns the methods of a pattern.
func (r *router) methodsOf(pattern string) (list []string) {
	for _, row := range r.routes {
		if row.Path == pattern {
			list = append(list, row.Method)
		}
	}
	return list
}

// notFound returns the error for a path that no route has. It names the nearest paths.
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
	err := crm.Errorf(crm.NotFound, "there is no path %s. GET /help/paths lists every path.", norm.Quote(path)).Of("/"+first, paths)
	near := r.suggestPath(err.DidYouMean, path)
	if len(near) > 0 {
		err.Hint = "there is no path " + norm.Quote(path) + "; the nearest are " + strings.Join(near, ", ") + ". GET /help/paths lists every path."
	}
	return err
}

// suggestPath returns the routes that begin with head; if some are as long as the path, only
// those.
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

// notAllowed returns the error for a path that exists with other methods. It names paths
// with the same end that take the method.
func (r *router) notAllowed(method, path string, allowed []string) *crm.Error {
	err := crm.Errorf(crm.MethodNotAllowed, "%s is not allowed on %s; allowed: %s.", norm.Quote(method), norm.Quote(path), strings.Join(allowed, ", "))
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
