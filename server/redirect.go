package server

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"

	"crmkit/crm"
	"crmkit/render"
	"crmkit/server/edge"
	"crmkit/server/web"
)

// ServeRedirect answers plain HTTP on the listener until the context ends: the challenges
// of the certificate authority, and all other requests with the https address.
func (s *Server) ServeRedirect(ctx context.Context, l net.Listener) error {
	handler := s.opts.Certificates.ChallengeHandler(http.HandlerFunc(s.redirect))
	return edge.Serve(ctx, edge.NewServer(handler, s.opts.Log), l)
}

// redirect sends readers to the same path over https, with 308, after which a client keeps the
// method (RFC 9110 section 15.4.9). A request that changes
// something, or carries a token, gets https_required: a client that follows redirects would
// send the token in the clear each time, and nobody would notice.
func (s *Server) redirect(w http.ResponseWriter, r *http.Request) {
	path := "/" + strings.TrimLeft(r.URL.EscapedPath(), "/") // the path of "GET x:y" is empty
	if r.URL.RawQuery != "" {
		path += "?" + r.URL.RawQuery
	}
	h := w.Header()
	h.Set("Cache-Control", "no-store") // a 308 is cached otherwise
	if (r.Method == http.MethodGet || r.Method == http.MethodHead) && r.Header.Get("Authorization") == "" {
		h.Set("Location", s.opts.BaseURL+path)
		h.Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(http.StatusPermanentRedirect)
		_, _ = fmt.Fprintln(w, "use https:", s.opts.BaseURL)
		return
	}
	fault := crm.Errorf(crm.HTTPSRequired, "the request was refused because it came over plain HTTP, which others can read. Send it to %s. If it had a token, that is no longer secret: sign in again there, then DELETE /tokens/{id} of the old one.", s.opts.BaseURL)
	doc, format := &render.Response{Error: fault}, web.ErrorFormat(r)
	h.Set("Content-Type", doc.Type(format))
	h.Set("Connection", "close") // its body is not read
	w.WriteHeader(fault.Status())
	if r.Method != http.MethodHead {
		_, _ = w.Write(doc.Append(nil, format))
	}
}
