package server_test

import (
	"net"
	"strings"
	"testing"
	"time"

	"crmkit/mail"
	"crmkit/server"
)

// TestMetrics holds that mails that could not be sent are counted where whoever
// runs the server can see them, and nobody else.
func TestMetrics(t *testing.T) {
	r := newRig(t)
	if a := r.call("GET", "/metrics", "", "Authorization", "Bearer "); a.status != 404 || !strings.Contains(a.body, "--metrics-token") {
		t.Errorf("without a setting: %d %s", a.status, a.body)
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0") // a port where no mail server answers
	if err != nil {
		t.Fatal(err)
	}
	taken.Close()
	sender, err := mail.New(mail.Options{URL: "smtp://" + taken.Addr().String() + "?tls=off", From: "crm@acme.com", Retry: []time.Duration{}})
	if err != nil {
		t.Fatal(err)
	}
	r.serve(server.Options{Mail: sender, MetricsToken: "scrape-me"})
	for _, header := range []string{"", "Bearer", "Bearer scrape", "Basic scrape-me"} {
		if a := r.call("GET", "/metrics", "", "Authorization", header); a.status != 401 {
			t.Errorf("%q is let in: %d", header, a.status)
		}
	}
	r.want(200, "POST", "/auth/request", `{"email":"jane@acme.com"}`)
	if err := sender.Close(t.Context()); err != nil {
		t.Log(err) // it says that mails were lost
	}
	text := r.want(200, "GET", "/metrics?format=json", "", "Authorization", "Bearer scrape-me")
	for _, want := range []string{`crmkit_mails_total{result="failed"} 1`, `crmkit_mails_total{result="sent"} 0`, "crmkit_mails_waiting 0"} {
		if !strings.Contains(text, want+"\n") {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
}
