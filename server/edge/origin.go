package edge

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// Origins says which web pages may call a route and read its answers (Fetch standard, CORS
// protocol). By default a route takes no part in CORS, and browsers keep pages of other
// origins from reading its answers.
type Origins int

const (
	NoOrigins    Origins = iota // only pages that the browser allows by itself
	AnyOrigin                   // every page, without cookies: metadata, registration, tokens
	KnownOrigins                // pages of this server, of known clients and of loopback hosts; others are refused
)

// clientOrigins are the origins of clients that call a connector from the browser.
var clientOrigins = []string{"https://claude.ai", "https://claude.com", "https://chatgpt.com", "https://vscode.dev", "https://insiders.vscode.dev"}

// Check refuses a request from a page that may not call the route. Pages of this server may;
// base is its configured origin, as Base takes it.
func (o Origins) Check(r *http.Request, base string) *crm.Error {
	if o != KnownOrigins {
		return nil
	}
	for _, origin := range r.Header.Values("Origin") {
		if !isKnown(origin, Base(r, base)) {
			return crm.Errorf(crm.CrossOrigin, "a web page of %s may not call this; call it from a program, or from a page of this server.", norm.Quote(origin))
		}
	}
	return nil
}

// isKnown reports whether pages of the origin may call a connector.
func isKnown(origin, own string) bool {
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return false
	}
	return norm.IsLoopback(u.Host) || strings.EqualFold(origin, own) || slices.Contains(clientOrigins, strings.ToLower(origin))
}

// Allow sets the headers by which a browser lets a page of the origin read the answer.
func (o Origins) Allow(h http.Header, origin string) {
	switch {
	case o == NoOrigins:
		return
	case o == AnyOrigin:
		h.Set("Access-Control-Allow-Origin", "*")
	case origin != "":
		h.Set("Access-Control-Allow-Origin", origin)
		h.Add("Vary", "Origin")
	}
	h.Set("Access-Control-Expose-Headers", "WWW-Authenticate, Retry-After, X-Request-Id")
}

// Preflight sets the headers of the answer to OPTIONS for a path that takes the methods.
// Browsers ask before they send the request itself, and without credentials.
func Preflight(h http.Header, methods []string) {
	h.Set("Allow", strings.Join(append(methods, http.MethodOptions), ", "))
	h.Set("Access-Control-Allow-Methods", "GET, POST, DELETE, OPTIONS")
	h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, Accept, MCP-Protocol-Version, Mcp-Method, Mcp-Name, Mcp-Session-Id, Last-Event-ID")
	h.Set("Access-Control-Max-Age", "600")
}

// proxyHeaders are set by proxies, like all X-Forwarded-* headers.
var proxyHeaders = []string{"Forwarded", "Via", "X-Real-Ip", "Cf-Connecting-Ip", "True-Client-Ip"}

// CheckLocal keeps a server in local mode local. It refuses requests through a proxy and
// under a host name that is not this machine, so that no web page can reach the server by
// DNS rebinding or by posting to it.
func CheckLocal(r *http.Request) *crm.Error {
	for name := range r.Header {
		if slices.Contains(proxyHeaders, name) || strings.HasPrefix(name, "X-Forwarded-") {
			return crm.Errorf(crm.LocalOnly, "the request came through a proxy (%s), which a server in local mode does not allow. Call it directly.", name)
		}
	}
	if !norm.IsLoopback(r.Host) {
		return crm.Errorf(crm.LocalOnly, "the Host %s is not this machine; call http://127.0.0.1 or http://localhost with the port of the server.", norm.Quote(r.Host))
	}
	for _, origin := range r.Header.Values("Origin") {
		if u, err := url.Parse(origin); err != nil || !norm.IsLoopback(u.Host) {
			return crm.Errorf(crm.LocalOnly, "a web page of %s may not call a server in local mode.", norm.Quote(origin))
		}
	}
	return nil
}

// Base returns the origin at which the client of a request reaches this server: the
// configured one, else the one that the request names.
func Base(r *http.Request, configured string) string {
	switch {
	case configured != "":
		return configured
	case !plainHost(r.Host):
		return "http://localhost"
	case r.TLS != nil:
		return CanonicalOrigin("https://" + r.Host)
	}
	return CanonicalOrigin("http://" + r.Host)
}

// plainHost reports whether a Host header can stand in a URL as it is.
func plainHost(host string) bool {
	u, err := url.Parse("http://" + host)
	return err == nil && u.Host == host && u.Hostname() != "" && strings.Trim(strings.ToLower(host), "abcdefghijklmnopqrstuvwxyz0123456789.:-[]") == ""
}

// CanonicalOrigin returns an origin in the form in which URLs are compared: in lower case,
// and without the default port of its scheme (RFC 3986 section 6.2.3).
func CanonicalOrigin(origin string) string {
	origin = strings.ToLower(origin)
	if host, found := strings.CutSuffix(origin, ":443"); found && strings.HasPrefix(origin, "https:") {
		return host
	}
	if host, found := strings.CutSuffix(origin, ":80"); found && strings.HasPrefix(origin, "http:") {
		return host
	}
	return origin
}
