package web

import (
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/server/habit"
)

// notServed returns the error for a path or method that no route has. It is called only for
// requests within their rate, since it takes longer than finding a route.
func (a *Adapter) notServed(rq *Request, allowed []string) *crm.Error {
	if allowed != nil {
		return a.suggest(rq, a.router.notAllowed(rq.Method, rq.Path, allowed))
	}
	return a.suggest(rq, a.router.notFound(rq.Method, rq.Path))
}

// suggest adds to the error for a path or method that no route has: if other systems have
// the call, it names the one that does the same here. Models know the APIs of other products,
// and try their calls first.
func (a *Adapter) suggest(rq *Request, fault *crm.Error) *crm.Error {
	path := strings.Trim(rq.Path, "/")
	call := habit.Known{Schema: a.schema, Serves: a.serves}.Call(rq.Method, path)
	switch {
	case call != "": // the nearest paths would mislead
	case strings.HasSuffix(rq.Path, "/") && a.serves(rq.Method, "/"+path):
		call = "leave out the slash at the end: " + rq.Method + " /" + norm.Quote(path) + "."
	default:
		return fault
	}
	last := path[strings.LastIndexByte(path, '/')+1:]
	if fault.Code == crm.MethodNotAllowed && (last == path || strings.Contains(last, "_")) { // the path exists, with other methods
		fault.Hint = norm.Quote(rq.Method) + " is not allowed on " + norm.Quote(rq.Path) + "; allowed: " + strings.Join(fault.Allow, ", ") + ". " + strings.ToUpper(call[:1]) + call[1:]
	} else {
		fault.Hint = "there is no " + norm.Quote(rq.Method) + " " + norm.Quote(rq.Path) + "; " + call
	}
	fault.DidYouMean = ""
	return fault
}
