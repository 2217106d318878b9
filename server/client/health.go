package client

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// HealthStatus is what a server's answer to GET /readyz says.
type HealthStatus struct {
	Ready        bool
	Answer       string    // the first line, where the server is not ready
	Expires      time.Time // end of the certificate; zero without TLS
	Issuer       string    // of the certificate
	HidesClients bool      // a trusted proxy does not pass on the addresses of its clients
}

// ForwardedHeader is "none" in an answer of /readyz that went to a trusted proxy which
// sent no X-Forwarded-For.
const ForwardedHeader = "Crmkit-Forwarded"

// healthTimeout is twice as long as a server takes at most to find out whether it is ready.
const healthTimeout = 10 * time.Second

// IssuerOf returns the name of the authority that issued a certificate.
func IssuerOf(c *x509.Certificate) string {
	return norm.OneLine(strings.Join(append(append([]string{}, c.Issuer.Organization...), c.Issuer.CommonName), " "))
}

// Health asks the server at an origin, like https://crm.example.com, whether it is ready.
// An error means that no crmkit server answers there.
func Health(ctx context.Context, origin string) (h HealthStatus, err error) {
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, origin+"/readyz", nil)
	if err != nil {
		return h, err
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error {
		return errors.New("it redirects to another address; use that address instead")
	}}
	defer client.CloseIdleConnections()
	res, err := client.Do(req)
	if err != nil {
		return h, err
	}
	defer res.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(res.Body, 1000)) // what came in time is enough
	first, _, _ := strings.Cut(string(text), "\n")
	h.Ready, h.Answer = res.StatusCode == http.StatusOK && first == "ready", norm.OneLine(first)
	if res.TLS != nil {
		h.Expires, h.Issuer = res.TLS.PeerCertificates[0].NotAfter, IssuerOf(res.TLS.PeerCertificates[0])
	}
	h.HidesClients = res.Header.Get(ForwardedHeader) == "none"
	if !h.Ready && !strings.Contains(first, string(crm.NotReady)) {
		return h, fmt.Errorf("it answers %d %s, as no crmkit does", res.StatusCode, norm.Quote(first))
	}
	return h, nil
}
