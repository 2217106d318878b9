package server

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/render"
)

// origins says which web pages may call a route and read its answers (Fetch
// standard, CORS protocol). The routes of the API take no part in it: browsers
// keep other pages from reading them.
type origins int

const (
	noOrigins    origins = iota // no page but by the rules of the browser
	anyOrigin                   // every page, without cookies: metadata, registration, tokens
	knownOrigins                // this server's own, those of known clients, and loopback; others are refused
)

// clientOrigins are the pages of clients that call a connector from the browser.
var clientOrigins = []string{"https://claude.ai", "https://claude.com", "https://chatgpt.com", "https://vscode.dev", "https://insiders.vscode.dev"}

// checkOrigin refuses pages that may not call the route, and tells the browser
// that the others may read the answer.
func (s *Server) checkOrigin(rq *request) error {
	if rq.internal || rq.route == nil || rq.route.Origins == noOrigins {
		return nil
	}
	if rq.route.Origins == knownOrigins {
		for _, origin := range rq.Header.Values("Origin") {
			if !s.known(rq, origin) {
				return crm.Errorf(crm.CrossOrigin, "a web page of %s may not call this; call it from a program, or from a page of this server.", norm.Quote(origin))
			}
		}
	}
	s.allowOrigin(rq, rq.route.Origins)
	return nil
}

// known reports whether a page of the origin may call a connector.
func (s *Server) known(rq *request, origin string) bool {
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return false
	}
	return norm.IsLoopback(u.Host) || strings.EqualFold(origin, s.base(rq)) || slices.Contains(clientOrigins, strings.ToLower(origin))
}

func (s *Server) allowOrigin(rq *request, o origins) {
	h := rq.w.Header()
	origin := rq.Header.Get("Origin")
	switch {
	case o == anyOrigin:
		h.Set("Access-Control-Allow-Origin", "*")
	case origin != "":
		h.Set("Access-Control-Allow-Origin", origin)
		h.Add("Vary", "Origin")
	}
	h.Set("Access-Control-Expose-Headers", "WWW-Authenticate, Retry-After, X-Request-Id")
}

// preflight answers OPTIONS for a path whose rows have Origins, before anybody
// signs in, as browsers ask without credentials.
func (s *Server) preflight(rq *request) *render.Response {
	rq.status = http.StatusNoContent
	h := rq.w.Header()
	h.Set("Allow", strings.Join(append(s.router.methodsOf(rq.route.Path), http.MethodOptions), ", "))
	h.Set("Access-Control-Allow-Methods", "GET, POST, DELETE, OPTIONS")
	h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, Accept, MCP-Protocol-Version, Mcp-Method, Mcp-Name, Mcp-Session-Id, Last-Event-ID")
	h.Set("Access-Control-Max-Age", "600")
	return &render.Response{Raw: &render.Raw{Type: plainText}}
}

// proxyHeaders tell of a proxy, beside all X-Forwarded-*.
var proxyHeaders = []string{"Forwarded", "Via", "X-Real-Ip", "Cf-Connecting-Ip", "True-Client-Ip"}

// checkLocal keeps a local server local: it answers neither through a proxy nor
// under a foreign name, so no web page can reach it by DNS rebinding or by
// posting to it.
func (s *Server) checkLocal(rq *request) error {
	if !s.opts.Local {
		return nil
	}
	for name := range rq.Header {
		if slices.Contains(proxyHeaders, name) || strings.HasPrefix(name, "X-Forwarded-") {
			return crm.Errorf(crm.LocalOnly, "the request came through a proxy (%s); a server in local mode takes none. Call it directly.", name)
		}
	}
	if !norm.IsLoopback(rq.Host) {
		return crm.Errorf(crm.LocalOnly, "the Host %s is not this machine; call http://127.0.0.1 or http://localhost with the port of the server.", norm.Quote(rq.Host))
	}
	for _, origin := range rq.Header.Values("Origin") {
		if u, err := url.Parse(origin); err != nil || !norm.IsLoopback(u.Host) {
			return crm.Errorf(crm.LocalOnly, "a web page of %s may not call a server in local mode.", norm.Quote(origin))
		}
	}
	return nil
}
