package server

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
)

// HealthStatus is how a server answered.
type HealthStatus struct {
	Ready        bool
	Answer       string    // the first line, where it is not ready
	Expires      time.Time // when its certificate does; zero without TLS
	Issuer       string    // of the certificate
	HidesClients bool      // it is behind a trusted proxy that does not say who its clients are
}

// blindHeader is set on the answer of /readyz to a trusted proxy that sent no
// X-Forwarded-For.
const blindHeader = "Crmkit-Forwarded"

// IssuerOf names who issued a certificate.
func IssuerOf(c *x509.Certificate) string {
	return crm.OneLine(strings.Join(append(append([]string{}, c.Issuer.Organization...), c.Issuer.CommonName), " "))
}

// Reach asks the server at an origin, like https://crm.example.com, whether it is
// ready, as a client would. An error means that no crmkit answers there.
func Reach(ctx context.Context, origin string) (r HealthStatus, err error) {
	ctx, cancel := context.WithTimeout(ctx, 2*probeTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, origin+"/readyz", nil)
	if err != nil {
		return r, err
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error {
		return errors.New("it leads elsewhere; name the origin that answers itself")
	}}
	defer client.CloseIdleConnections()
	res, err := client.Do(req)
	if err != nil {
		return r, err
	}
	defer res.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(res.Body, 1000)) // what came in time says enough
	first, _, _ := strings.Cut(string(text), "\n")
	r.Ready, r.Answer = res.StatusCode == http.StatusOK && first == "ready", crm.OneLine(first)
	if res.TLS != nil {
		r.Expires, r.Issuer = res.TLS.PeerCertificates[0].NotAfter, IssuerOf(res.TLS.PeerCertificates[0])
	}
	r.HidesClients = res.Header.Get(blindHeader) == "none"
	if !r.Ready && !strings.Contains(first, string(crm.NotReady)) {
		return r, fmt.Errorf("it answers %d %s, as no crmkit does", res.StatusCode, crm.Quote(first))
	}
	return r, nil
}
