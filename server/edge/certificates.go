package edge

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"
)

// Certificates are what a server needs to speak TLS itself, of version 1.2 or newer.
type Certificates struct {
	Config  *tls.Config
	domains []string          // those of ACME
	manager *autocert.Manager // nil: the certificate is in files
}

// ACME says how to get certificates from a certificate authority, a CA (RFC 8555).
type ACME struct {
	Domains   []string // the only names it gets certificates for; clients that name others are refused
	Dir       string   // where keys and certificates are stored
	Directory string   // directory URL of the CA; empty: Let's Encrypt
}

// domainName matches a host name with a dot, in ASCII. A wildcard is not allowed, since ACME
// over HTTP cannot prove it.
var domainName = regexp.MustCompile(`\A([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]([a-z0-9-]*[a-z0-9])?\z`)

// ParseDomains parses a list of host names like "crm.example.com, crm.example.org".
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

// ByACME returns certificates that a CA issues on demand and that are renewed in time. By
// using it the operator of the server agrees to the terms of the CA.
func ByACME(a ACME) *Certificates {
	m := &autocert.Manager{Prompt: autocert.AcceptTOS, Cache: autocert.DirCache(a.Dir), HostPolicy: autocert.HostWhitelist(a.Domains...),
		Client: &acme.Client{DirectoryURL: a.Directory, UserAgent: "crmkit"}}
	config := m.TLSConfig()
	config.MinVersion = tls.VersionTLS12
	return &Certificates{Config: config, domains: a.Domains, manager: m}
}

// FromFiles returns the certificate in two PEM files. They are read again while the server
// runs, so that a renewed certificate takes effect without a restart.
func FromFiles(cert, key string, log *slog.Logger) (*Certificates, error) {
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return nil, err
	}
	f := &pairFiles{cert: cert, key: key, log: log, pair: &pair, read: time.Now()}
	return &Certificates{Config: &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: f.get}}, nil
}

// pairFiles is a certificate in files, and the last one that was read from them.
type pairFiles struct {
	cert, key string
	log       *slog.Logger

	mu   sync.Mutex
	pair *tls.Certificate
	read time.Time
}

// rereadEvery bounds how often the files are read. Reading takes a tenth of a millisecond,
// and happens only when a client connects.
const rereadEvery = time.Second

// get returns the certificate. While the two files do not match, as in the middle of a
// renewal, the last certificate stays in use.
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

// Prepare gets the missing certificates before a client waits for them, and logs whether
// that worked.
func (c *Certificates) Prepare(log *slog.Logger) {
	for _, name := range c.domains {
		// Without a cipher suite the manager takes the client for one that needs an RSA key.
		hello := &tls.ClientHelloInfo{ServerName: name, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}}
		if _, err := c.manager.GetCertificate(hello); err != nil {
			log.Error("no certificate; DNS must point the name to this machine, and the certificate authority must reach its port 80 or 443. A minute later the next connection tries again", "domain", name, "error", err)
			continue
		}
		log.Info("certificate ready", "domain", name)
	}
}

// ChallengeHandler returns a handler for plain HTTP that answers the challenges of the CA,
// and passes all other requests on.
func (c *Certificates) ChallengeHandler(next http.Handler) http.Handler {
	if c.manager == nil {
		return next
	}
	return c.manager.HTTPHandler(next)
}
