package client_test

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"crmkit/server/client"
)

// answers is a server that says what it was sent.
var answers = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/broken":
		io.WriteString(w, "half")
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	case "/elsewhere":
		http.Redirect(w, r, "/echo", http.StatusFound)
	default:
		body, _ := io.ReadAll(r.Body)
		w.WriteHeader(http.StatusAccepted)
		fmt.Fprintf(w, "%s %s %s %s", r.Method, r.URL.RequestURI(), r.Header.Get("Authorization"), body)
	}
})

// both calls test with a client over the network and with one in the same process.
func both(t *testing.T, test func(t *testing.T, c *client.Client)) {
	srv := httptest.NewServer(answers)
	t.Cleanup(srv.Close)
	t.Run("network", func(t *testing.T) { test(t, &client.Client{Endpoint: srv.URL, Token: "ck_x"}) })
	t.Run("process", func(t *testing.T) {
		test(t, &client.Client{Endpoint: "http://127.0.0.1", Token: "ck_x", Handler: answers})
	})
}

// do sends a request, and returns the status and the body of the answer.
func do(c *client.Client, method, target string, body io.Reader) (status int, text string, err error) {
	var out strings.Builder
	err = c.Do(context.Background(), client.Request{Method: method, Target: target, Body: body, Out: func(got int) io.Writer {
		status = got
		return &out
	}})
	return status, out.String(), err
}

func TestDo(t *testing.T) {
	both(t, func(t *testing.T, c *client.Client) {
		for _, test := range []struct {
			method, target, body, want string
			status                     int
		}{
			{"POST", "/echo?x=1", "hello", "POST /echo?x=1 Bearer ck_x hello", 202},
			{"GET", "/echo", "", "GET /echo Bearer ck_x ", 202},
			{"GET", "/elsewhere", "", "", 302}, // a token is sent to no other server
		} {
			var body io.Reader
			if test.body != "" {
				body = strings.NewReader(test.body)
			}
			status, text, err := do(c, test.method, test.target, body)
			if err != nil || status != test.status || test.want != "" && text != test.want {
				t.Errorf("%s %s: %d %q %v", test.method, test.target, status, text, err)
			}
		}
	})
}

// TestBrokenAnswers checks that an answer which ends too soon is an error, after its pieces.
func TestBrokenAnswers(t *testing.T) {
	both(t, func(t *testing.T, c *client.Client) {
		status, text, err := do(c, "GET", "/broken", nil)
		if err == nil || status != 200 || text != "half" || !strings.Contains(err.Error(), "broke off") {
			t.Errorf("%d %q %v", status, text, err)
		}
	})
}

// full is a disk on which nothing fits.
type full struct{}

var errFull = errors.New("no space left")

func (full) Write([]byte) (int, error) { return 0, errFull }

// TestFailingOutput checks that an error of the output is returned.
func TestFailingOutput(t *testing.T) {
	both(t, func(t *testing.T, c *client.Client) {
		err := c.Do(t.Context(), client.Request{Method: "GET", Target: "/echo", Out: func(int) io.Writer { return full{} }})
		if !errors.Is(err, errFull) {
			t.Errorf("%v", err)
		}
	})
}

// TestHealth checks what is taken for a crmkit server that is ready, one that is not, and
// something else.
func TestHealth(t *testing.T) {
	for _, test := range []struct {
		status int
		body   string
		header string // of Crmkit-Forwarded
		want   client.HealthStatus
		failed bool
	}{
		{200, "ready\n", "", client.HealthStatus{Ready: true, Answer: "ready"}, false},
		{200, "ready\nmore\n", "none", client.HealthStatus{Ready: true, Answer: "ready", HidesClients: true}, false},
		{503, "ERROR not_ready\nHINT  wait\n", "", client.HealthStatus{Answer: "ERROR not_ready"}, false},
		{200, "<html>\n", "", client.HealthStatus{Answer: "<html>"}, true},
		{404, "ready\n", "", client.HealthStatus{Answer: "ready"}, true},
		{302, "", "", client.HealthStatus{}, true},
	} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/readyz" {
				t.Errorf("GET %s", r.URL.Path)
			}
			if test.header != "" {
				w.Header().Set(client.ForwardedHeader, test.header)
			}
			w.Header().Set("Location", "/other")
			w.WriteHeader(test.status)
			io.WriteString(w, test.body)
		}))
		got, err := client.Health(t.Context(), srv.URL)
		srv.Close()
		if got != test.want || (err != nil) != test.failed {
			t.Errorf("%d %q: %+v %v", test.status, test.body, got, err)
		}
	}
	if _, err := client.Health(t.Context(), "http://127.0.0.1:1"); err == nil {
		t.Error("a server that is away is ready")
	}
}

// TestIssuerOf checks that a certificate of anybody cannot break the line in which the issuer
// is printed.
func TestIssuerOf(t *testing.T) {
	c := &x509.Certificate{}
	c.Issuer.Organization, c.Issuer.CommonName = []string{"Let's\nEncrypt"}, "R3"
	if got := client.IssuerOf(c); strings.Contains(got, "\n") || !strings.HasPrefix(got, "Let's") || !strings.HasSuffix(got, " R3") {
		t.Errorf("%q", got)
	}
}
