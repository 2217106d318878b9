package server_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"crmkit/server"
)

// Of two confirmations with the file at once, one saves, and the other gets its result: also when
// it comes just when the first one ends.
func TestConfirmationsWithTheirFileSaveOnce(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	for round := range 300 {
		file := fmt.Sprintf("name,email\nAnn,ann%d@acme.com\n", round)
		token := r.dryRun("/import/contacts?dry_run=1", file)
		var saved, done atomic.Int64
		together(2, func(int) {
			a := r.call("POST", "/import/contacts?confirm="+token, file)
			for a.status == 429 { // it runs
				a = r.call("POST", "/import/contacts?confirm="+token, file)
			}
			switch {
			case strings.HasPrefix(a.body, "# already done"):
				done.Add(1)
			case endsWith(a.body, "# imported: 1 created, 0 updated, 0 unchanged, 0 failed\n"):
				saved.Add(1)
			default:
				t.Errorf("round %d: %d %s", round, a.status, a.body)
			}
		})
		if saved.Load() != 1 || done.Load() != 1 {
			t.Fatalf("round %d: %d saved, %d were done already", round, saved.Load(), done.Load())
		}
	}
}

// signal is an empty body that says when it is read.
type signal chan struct{}

func (s signal) Read([]byte) (int, error) {
	close(s)
	return 0, io.EOF
}

// confirmAndLeave confirms a dry run without its file, and the client is gone as soon as the server
// has seen that there is no body.
func (r *rig) confirmAndLeave(token string) {
	r.t.Helper()
	ctx, leave := context.WithCancel(r.t.Context())
	read := make(signal)
	req, err := http.NewRequestWithContext(ctx, "POST", "http://127.0.0.1:8080/import/contacts?confirm="+token, read)
	if err != nil {
		r.t.Fatal(err)
	}
	req.RemoteAddr, req.Header = "127.0.0.1:40000", r.header.Clone()
	go func() {
		<-read
		leave()
	}()
	r.handler.ServeHTTP(httptest.NewRecorder(), req)
}

// A confirmation that gets no turn, because the server is busy with other imports, leaves the file
// where it was: the next try needs no body.
func TestConfirmationsWithoutATurnKeepTheFile(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	token := r.dryRun("/import/contacts?dry_run=1", twoRows)
	jane := r.header
	var gates []*gate
	var ends []chan struct{}
	for i := range 24 { // as many as the server has open
		if i%2 == 0 {
			r.as(fmt.Sprintf("u%d@other.com", i))
		}
		g, ended := r.behind("/import/contacts", rowsOf(300))
		gates, ends = append(gates, g), append(ends, ended)
	}
	r.header = jane
	r.confirmAndLeave(token)
	for i, g := range gates {
		g.on <- nil
		<-ends[i]
	}
	if text := r.want(200, "POST", "/import/contacts?confirm="+token, ""); !strings.Contains(text, "2 created") {
		t.Error(text)
	}
}

// A confirmed import that broke off is repeated without its file, and goes on where it was.
func TestConfirmationsThatBrokeOffGoOn(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	token := r.dryRun("/import/contacts?dry_run=1", rowsOf(1000))
	g, ended := r.behind("/import/contacts?confirm="+token, "")
	g.on <- io.ErrClosedPipe
	<-ended
	if text := r.want(200, "POST", "/import/contacts?confirm="+token, ""); !regexp.MustCompile(`, or an earlier try saved a part of it; .*\n# imported: [1-9]\d* created, 0 updated, [1-9]\d* unchanged, 0 failed\n$`).MatchString(changeLine.ReplaceAllString(text, "")) {
		t.Errorf("ends %.300s", text[max(0, len(text)-300):])
	}
	if n := fmt.Sprint(r.json(200, "GET", "/contacts?total=exact", "")["total"]); n != "1000" {
		t.Errorf("%s contacts", n)
	}
}

// An atomic import that fails is confirmed again, without its file, when the reason is gone.
func TestAtomicConfirmationsThatFailKeepTheFile(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	token := r.dryRun("/import/contacts?dry_run=1&atomic=1", "name,email\nAnn,ann@acme.com\n")
	other := r.json(201, "POST", "/contacts", `{"name":"Max Moritz","email":"ann@acme.com"}`)["id"].(string)
	r.want(409, "POST", "/import/contacts?atomic=1&confirm="+token, "")
	r.want(200, "PATCH", "/contacts/"+other, `{"email":"max@acme.com"}`)
	if text := r.want(200, "POST", "/import/contacts?atomic=1&confirm="+token, ""); !strings.Contains(text, "1 created") {
		t.Error(text)
	}
}

// A file that is put back does not replace newer ones.
func TestFilesThatArePutBackReplaceNone(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	r.serve(server.Options{})
	token := r.dryRun("/import/contacts?dry_run=1", rowsOf(1000))
	g, ended := r.behind("/import/contacts?confirm="+token, "")
	one := r.dryRun("/import/companies?dry_run=1", "name\nAcme\n")
	two := r.dryRun("/import/companies?dry_run=1", "name\nGlobex\n")
	g.on <- io.ErrClosedPipe
	<-ended
	if a := r.call("POST", "/import/contacts?confirm="+token, ""); a.status != 400 || !strings.Contains(a.body, "send the same file again") {
		t.Errorf("%d %s", a.status, a.body)
	}
	for _, newer := range []string{one, two} {
		r.want(200, "POST", "/import/companies?confirm="+newer, "")
	}
}

// A confirmation that is repeated while its import runs says so, also if that is one of two imports
// of the workspace, and a third is refused.
func TestConfirmationsThatRunSaySo(t *testing.T) {
	onlyOneServer(t, "each counts its own imports")
	r := newRig(t).as("jane@acme.com")
	token := r.dryRun("/import/contacts?dry_run=1", rowsOf(1000))
	confirmed, ended := r.behind("/import/contacts?confirm="+token, "")
	other, otherEnded := r.behind("/import/contacts", rowsOf(1000))
	if text := r.want(429, "POST", "/import/contacts?confirm="+token, ""); !strings.Contains(text, "this import is running now") {
		t.Error(text)
	}
	r.want(429, "POST", "/import/contacts?confirm=x"+token, "")
	other.on <- io.ErrClosedPipe
	<-otherEnded
	confirmed.on <- nil
	<-ended
	if text := r.want(200, "POST", "/import/contacts?confirm="+token, ""); !strings.HasPrefix(text, "# already done") {
		t.Error(text)
	}
}
