package server_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"crmkit/mail"
	"crmkit/server"
)

// TestMetrics checks that mails that could not be sent are counted where the
// operator of the server can see them, and nobody else.
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

// sample is a line of the Prometheus text format, without timestamp.
var sample = regexp.MustCompile(`\A([a-z_][a-z0-9_]*)(\{(?:[a-zA-Z_]+="[^"\\\n]*",? ?)+\})? (\S+)\z`)

// samples reads the text format as strictly as a scraper may: every family has one TYPE line,
// which its samples follow without others between them.
func samples(t testing.TB, text string) map[string]float64 {
	t.Helper()
	values, types := map[string]float64{}, map[string]string{}
	last := ""
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if rest, found := strings.CutPrefix(line, "# TYPE "); found {
			name, kind, _ := strings.Cut(rest, " ")
			if _, twice := types[name]; twice {
				t.Errorf("%s has two TYPE lines", name)
			}
			types[name], last = kind, name
			continue
		}
		if strings.HasPrefix(line, "# HELP ") {
			continue
		}
		m := sample.FindStringSubmatch(line)
		if m == nil {
			t.Fatalf("no sample: %q", line)
		}
		if m[1] != last && !((types[last] == "histogram" || types[last] == "summary") && regexp.MustCompile(`\A`+last+`_(bucket|sum|count)\z`).MatchString(m[1])) {
			t.Errorf("%q stands with the family %s", line, last)
		}
		if _, twice := values[m[1]+m[2]]; twice {
			t.Errorf("%q is there twice", line)
		}
		value, err := strconv.ParseFloat(m[3], 64)
		if err != nil {
			t.Errorf("%q: %v", line, err)
		}
		values[m[1]+m[2]] = value
	}
	return values
}

// scrape returns the samples of the metrics listener of a server.
func (r *rig) scrape() map[string]float64 {
	r.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		r.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(r.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.servers[0].ServeMetrics(ctx, l) }()
	res, err := http.Get("http://" + l.Addr().String() + "/metrics")
	if err != nil {
		r.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if kind := res.Header.Get("Content-Type"); err != nil || res.StatusCode != 200 || kind != "text/plain; version=0.0.4; charset=utf-8" {
		r.t.Fatalf("%v: %d %s", err, res.StatusCode, kind)
	}
	if res, err := http.Get("http://" + l.Addr().String() + "/whoami"); err != nil || res.StatusCode != 404 {
		r.t.Errorf("another path of the metrics listener: %v, %v", res, err)
	}
	stop()
	if err := <-ended; err != nil {
		r.t.Error(err)
	}
	return samples(r.t, string(text))
}

// grown checks by how much counters have grown.
func grown(t *testing.T, before, after map[string]float64, by map[string]float64) {
	t.Helper()
	for name, want := range by {
		if got := after[name] - before[name]; got != want {
			t.Errorf("%s grew by %v, want %v", name, got, want)
		}
	}
}

// TestRequestsAreCounted checks that requests are counted by the pattern of their route and their
// status, and that no text of a client becomes a label.
func TestRequestsAreCounted(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	before := r.scrape()
	r.want(201, "POST", "/contacts", `{"name":"Jane"}`)
	r.want(200, "GET", "/contacts/"+r.id("contact", 1), "")
	r.want(404, "GET", "/contacts/c_zzz", "")
	for i := range 20 {
		r.call("GET", fmt.Sprintf("/secret%d", i), "")
		r.call(fmt.Sprintf("ODD%d", i), "/contacts", "")
	}
	after := r.scrape()
	grown(t, before, after, map[string]float64{
		`crmkit_requests_total{via="http",method="POST",route="/contacts",status="201"}`:          1,
		`crmkit_requests_total{via="http",method="GET",route="/contacts/{id}",status="200"}`:      1,
		`crmkit_requests_total{via="http",method="GET",route="/contacts/{id}",status="404"}`:      1,
		`crmkit_requests_total{via="http",method="other",route="other",status="404"}`:             20,
		`crmkit_requests_total{via="http",method="other",route="/contacts",status="405"}`:         20,
		`crmkit_request_seconds_count{via="http",method="GET",route="/contacts/{id}"}`:            2,
		`crmkit_request_seconds_bucket{via="http",method="GET",route="/contacts/{id}",le="+Inf"}`: 2,
		`crmkit_request_seconds_count{via="http",method="other",route="other"}`:                   20,
		`crmkit_batch_writes_count`: 1, `crmkit_batch_writes_sum`: 1, `crmkit_batch_writes_bucket{le="1"}`: 1,
		`crmkit_commit_seconds_count`: 1, `crmkit_batches_failed_total`: 0,
	})
	for name := range after {
		if strings.Contains(name, "secret") || strings.Contains(name, "ODD") || strings.Contains(name, "c_zzz") {
			t.Errorf("a client chose a label: %s", name)
		}
	}
	if bucket := `crmkit_request_seconds_bucket{via="http",method="POST",route="/contacts",le="10"}`; after[bucket] != 1 {
		t.Errorf("there is no %s", bucket)
	}
}

// TestToolCallsAreCounted checks that requests of tools have a label of their own.
func TestToolCallsAreCounted(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	before := r.scrape()
	r.want(200, "POST", "/mcp", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"request","arguments":{"method":"GET","path":"/contacts"}}}`,
		"Content-Type", "application/json", "Accept", "application/json, text/event-stream")
	grown(t, before, r.scrape(), map[string]float64{
		`crmkit_requests_total{via="http",method="POST",route="/mcp",status="200"}`:    1,
		`crmkit_requests_total{via="mcp",method="GET",route="/contacts",status="200"}`: 1,
	})
}

// TestSignInsAreCounted checks the counters of codes and of tokens.
func TestSignInsAreCounted(t *testing.T) {
	onlyOneServer(t, "each counts what it was asked")
	r := newRig(t)
	misses, hits := 1.0, 2.0
	if r.store.Shared() {
		misses, hits = 3, 0
	}
	before := r.scrape()
	r.want(200, "POST", "/auth/request", `{"email":"jane@acme.com"}`)
	for range 2 {
		r.want(401, "POST", "/auth/verify", `{"email":"jane@acme.com","code":"wrong"}`)
	}
	r.as("jane@acme.com")
	for range 3 {
		r.want(200, "GET", "/whoami", "")
	}
	after := r.scrape()
	grown(t, before, after, map[string]float64{
		`crmkit_code_failures_total{kind="sign-in",reason="invalid_code"}`: 2,
		`crmkit_code_failures_total{kind="step-up",reason="invalid_code"}`: 0,
		`crmkit_session_lookups_total{result="miss"}`:                      misses,
		`crmkit_session_lookups_total{result="hit"}`:                       hits,
		`crmkit_sessions_cached`:                                           1,
	})
	if _, found := after[`crmkit_code_failures_total{kind="step-up",reason="rate_limited"}`]; !found {
		t.Error("a kind of failure that did not happen is not there")
	}
	if _, found := after["crmkit_last_backup_timestamp_seconds"]; found {
		t.Error("the time of a backup is shown where nobody knows it")
	}
	r.serve(server.Options{LastBackup: func() time.Time { return time.Unix(1790000000, 0) }})
	if at := r.scrape()["crmkit_last_backup_timestamp_seconds"]; at != 1790000000 {
		t.Errorf("the last backup is of %v", at)
	}
}
