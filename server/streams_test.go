package server_test

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"crmkit/store"
)

// many makes n contacts with a company each.
func (r *rig) many(n int) {
	r.t.Helper()
	together(8, func(part int) {
		for i := part; i < n; i += 8 {
			r.want(201, "POST", "/contacts", fmt.Sprintf(`{"name":"Contact %d","email":"c%d@x.com","notes":%q,"custom":{"n":%d}}`, i, i, strings.Repeat("long ", 20), i))
		}
	})
}

// TestExportWalksEveryPage exports more records than a page has, in every format, while others
// write: each record that existed before is exported once.
func TestExportWalksEveryPage(t *testing.T) {
	const n = 650
	r := newRig(t).as("jane@acme.com")
	r.many(n)
	stop := make(chan struct{})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
				r.call("POST", "/contacts", fmt.Sprintf(`{"name":"late %d"}`, i))
				r.call("PATCH", "/contacts/"+r.id("contact", int64(i%n+1)), fmt.Sprintf(`{"stage":"s%d"}`, i))
			}
		}
	}()
	for format, emails := range map[string]func(string) []string{"text": textEmails, "ndjson": jsonEmails, "csv": csvEmails} {
		seen := map[string]int{}
		for _, email := range emails(r.want(200, "GET", "/export/contacts?format="+format, "")) {
			seen[email]++
		}
		delete(seen, "")
		if len(seen) != n {
			t.Errorf("%s: %d of %d contacts", format, len(seen), n)
		}
		for email, times := range seen {
			if times != 1 {
				t.Errorf("%s: %s comes %d times", format, email, times)
			}
		}
	}
	close(stop)
	<-ended
}

func textEmails(body string) (list []string) {
	for line := range strings.Lines(body) {
		if _, labels, err := parseLine(strings.TrimSuffix(line, "\n")); err == nil && !strings.HasPrefix(line, "#") {
			list = append(list, labels["email"])
		}
	}
	return list
}

func jsonEmails(body string) (list []string) {
	for line := range strings.Lines(body) {
		var object struct{ Email string }
		if json.Unmarshal([]byte(line), &object) == nil {
			list = append(list, object.Email)
		}
	}
	return list
}

func csvEmails(body string) (list []string) {
	rows, _ := csv.NewReader(strings.NewReader(body)).ReadAll()
	for _, row := range rows[1:] {
		list = append(list, row[3])
	}
	return list
}

// overHTTP serves the rig over real connections.
func (r *rig) overHTTP() *httptest.Server {
	srv := httptest.NewServer(r.handler)
	r.t.Cleanup(srv.Close)
	return srv
}

// open sends a request over a connection and returns the answer unread.
func (r *rig) open(srv *httptest.Server, method, path string, body io.Reader) *http.Response {
	r.t.Helper()
	req, err := http.NewRequest(method, srv.URL+path, body)
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header = r.header.Clone()
	res, err := srv.Client().Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { res.Body.Close() })
	return res
}

// TestSlowReadersOfExportsHoldNothing begins as many exports as the store has connections, reads
// only their first lines, and sends other requests.
func TestSlowReadersOfExportsHoldNothing(t *testing.T) {
	r := onFile(t).as("jane@acme.com")
	r.many(400)
	for i := range 20 {
		r.want(201, "POST", "/companies", fmt.Sprintf(`{"name":"x%d","notes":%q}`, i, strings.Repeat("y", 60_000)))
	}
	srv := r.overHTTP()
	var open []*bufio.Reader
	for range 16 {
		reader := bufio.NewReader(r.open(srv, "GET", "/export", nil).Body)
		if line, err := reader.ReadString('\n'); err != nil || !strings.HasPrefix(line, `{"crmkit":1,`) {
			t.Fatalf("first line %q, %v", line, err)
		}
		open = append(open, reader)
	}
	for i := range 20 {
		r.want(201, "POST", "/contacts", fmt.Sprintf(`{"name":"other %d"}`, i))
		r.want(200, "GET", "/contacts?search=other", "")
	}
	for _, reader := range open {
		rest, err := io.ReadAll(reader)
		if err != nil || !strings.Contains(string(rest), `"companies":20,"contacts":400,`) {
			t.Errorf("%v, the dump ends with %q", err, rest[max(0, len(rest)-100):])
		}
	}
}

// TestBrokenExportsAreVisible closes the store during an export: its last line says why, and the
// connection is cut, so that nobody takes the answer for complete.
func TestBrokenExportsAreVisible(t *testing.T) {
	if testing.Short() {
		t.Skip("left out: tests that take minutes")
	}
	for format, want := range map[string]string{"text": "\n# error: not_ready: ", "ndjson": "\n{\"error\":\"not_ready\",", "csv": ""} {
		t.Run(format, func(t *testing.T) {
			r := newRigWith(t, store.Options{}).as("jane@acme.com")
			for i := range 250 {
				r.want(201, "POST", "/companies", fmt.Sprintf(`{"name":"x%d","notes":%q}`, i, strings.Repeat("y", 60_000)))
			}
			res := r.open(r.overHTTP(), "GET", "/export/companies?format="+format, nil)
			if _, err := io.ReadFull(res.Body, make([]byte, 1000)); err != nil {
				t.Fatal(err)
			}
			r.store.Close()
			rest, err := io.ReadAll(res.Body)
			if err != io.ErrUnexpectedEOF || !strings.Contains(string(rest), want) {
				t.Errorf("%v after %d bytes: %q", err, len(rest), rest[max(0, len(rest)-200):])
			}
		})
	}
}

// TestExportsThroughToolsAreBounded exports more than the text of a tool may have.
func TestExportsThroughToolsAreBounded(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	for i := range 10 {
		r.want(201, "POST", "/companies", fmt.Sprintf(`{"name":"x%d","notes":%q}`, i, strings.Repeat("y", 60_000)))
	}
	body := r.want(200, "POST", "/mcp", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"request","arguments":{"method":"GET","path":"/export/companies"}}}`,
		"Content-Type", "application/json", "Accept", "application/json, text/event-stream")
	if len(body) > 210_000 || !strings.Contains(body, "# cut here") {
		t.Errorf("%d bytes, ends %q", len(body), body[max(0, len(body)-300):])
	}
}
