package server

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"

	"crmkit/crm"
	"crmkit/render"
)

// Certificates are how a server speaks TLS by itself, of version 1.2 or newer.
type Certificates struct {
	config  *tls.Config
	domains []string          // those of ACME
	manager *autocert.Manager // nil: the certificate is in files
}

// ACME says how certificates are got from a CA (RFC 8555).
type ACME struct {
	Domains   []string // the only names that are asked for; clients that name others are refused
	Dir       string   // keeps keys and certificates
	Directory string   // URL at which the CA begins; empty: Let's Encrypt
}

// domainName is a host name with a dot, in ASCII: what a CA certifies, and no
// wildcard, which ACME over HTTP cannot prove.
var domainName = regexp.MustCompile(`\A([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]([a-z0-9-]*[a-z0-9])?\z`)

// ParseDomains reads a list of host names like "crm.example.com, crm.example.org".
func ParseDomains(list string) ([]string, error) {
	var domains []string
	for _, name := range strings.Split(list, ",") {
		name = strings.ToLower(strings.TrimSpace(name))
		if !domainName.MatchString(name) {
			return nil, fmt.Errorf("%q is no host name; write names like crm.example.com, several with commas between", name)
		}
		domains = append(domains, name)
	}
	return domains, nil
}

// ByACME returns certificates that a CA gives and that are renewed in time. By
// using it the owner of the server agrees to the terms of the CA.
func ByACME(a ACME) *Certificates {
	m := &autocert.Manager{Prompt: autocert.AcceptTOS, Cache: autocert.DirCache(a.Dir), HostPolicy: autocert.HostWhitelist(a.Domains...),
		Client: &acme.Client{DirectoryURL: a.Directory, UserAgent: "crmkit"}}
	config := m.TLSConfig()
	config.MinVersion = tls.VersionTLS12
	return &Certificates{config: config, domains: a.Domains, manager: m}
}

// FromFiles returns the certificate of two PEM files. They are read again while
// the server runs, so that a renewed certificate takes effect by itself.
func FromFiles(cert, key string, log *slog.Logger) (*Certificates, error) {
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return nil, err
	}
	f := &pairFiles{cert: cert, key: key, log: log, pair: &pair, read: time.Now()}
	return &Certificates{config: &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: f.get}}, nil
}

// pairFiles is a certificate in files.
type pairFiles struct {
	cert, key string
	log       *slog.Logger

	mu   sync.Mutex
	pair *tls.Certificate
	read time.Time
}

// rereadEvery bounds how often the files are read; it takes a tenth of a
// millisecond, and only when a client connects.
const rereadEvery = time.Second

// get returns the certificate. Files that do not fit together, as in the middle of
// a renewal, leave the last one in use.
func (f *pairFiles) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if time.Since(f.read) < rereadEvery {
		return f.pair, nil
	}
	f.read = time.Now()
	pair, err := tls.LoadX509KeyPair(f.cert, f.key)
	if err != nil {
		f.log.Warn("the certificate cannot be read again; the last one stays in use", "error", err)
		return f.pair, nil
	}
	f.pair = &pair
	return f.pair, nil
}

// prepare gets what certificates are missing before a client waits for them, and
// says in the log whether it worked.
func (c *Certificates) prepare(log *slog.Logger) {
	for _, name := range c.domains {
		// Without a cipher suite the client would seem to want an RSA key.
		hello := &tls.ClientHelloInfo{ServerName: name, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}}
		if _, err := c.manager.GetCertificate(hello); err != nil {
			log.Error("no certificate; the name must lead to this machine, and the CA reach its port 80 or 443. The next client that comes after a minute makes another try", "domain", name, "error", err)
			continue
		}
		log.Info("certificate is there", "domain", name)
	}
}

// ServeRedirect answers plain HTTP on the listener until the context ends: what
// the CA asks to prove that the domain is ours, and else where to go instead.
func (s *Server) ServeRedirect(ctx context.Context, l net.Listener) error {
	handler := http.Handler(http.HandlerFunc(s.redirect))
	if m := s.opts.Certificates.manager; m != nil {
		handler = m.HTTPHandler(handler)
	}
	return run(ctx, s.httpServer(handler), l)
}

// redirect sends readers to the same path over https. A request that changes
// something, or shows a secret, is refused, so that it is not repeated in the clear
// by a client that follows redirects.
func (s *Server) redirect(w http.ResponseWriter, r *http.Request) {
	path := "/" + strings.TrimLeft(r.URL.EscapedPath(), "/") // the path of "GET x:y" is empty
	if r.URL.RawQuery != "" {
		path += "?" + r.URL.RawQuery
	}
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	if (r.Method == http.MethodGet || r.Method == http.MethodHead) && r.Header.Get("Authorization") == "" {
		h.Set("Location", s.opts.BaseURL+path)
		h.Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(http.StatusPermanentRedirect)
		_, _ = fmt.Fprintln(w, "this server speaks https:", s.opts.BaseURL)
		return
	}
	fault := crm.Errorf(crm.HTTPSRequired, "nothing was done: this came over plain HTTP, where others can read it. Send it to %s. A token that was in it is no secret now: DELETE /tokens/{id} there, and sign in again.", s.opts.BaseURL)
	doc, format := &render.Response{Error: fault}, formatOf(mediaOf(r, r.URL.Query()))
	h.Set("Content-Type", doc.Type(format))
	h.Set("Connection", "close") // its body is not read
	w.WriteHeader(fault.Status())
	if r.Method != http.MethodHead {
		_, _ = w.Write(doc.Append(nil, format))
	}
}
