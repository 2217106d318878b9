package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"crmkit/crm"
)

// Reached is how a server answered.
type Reached struct {
	Ready   bool
	Answer  string    // the first line, where it is not ready
	Expires time.Time // when its certificate does; zero without TLS
}

// Reach asks the server at an origin, like https://crm.example.com, whether it is
// ready, as a client would. An error means that no crmkit answers there.
func Reach(ctx context.Context, origin string) (r Reached, err error) {
	ctx, cancel := context.WithTimeout(ctx, 2*probePatience)
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
		r.Expires = res.TLS.PeerCertificates[0].NotAfter
	}
	if !r.Ready && !strings.Contains(first, string(crm.NotReady)) {
		return r, fmt.Errorf("it answers %d %s, as no crmkit does", res.StatusCode, crm.Show(first))
	}
	return r, nil
}
