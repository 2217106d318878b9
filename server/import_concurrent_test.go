package server_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"

	"crmkit/server"
)

// gate is a client that stops reading after the first piece of an answer, until it is released.
type gate struct {
	*httptest.ResponseRecorder
	once    sync.Once
	stopped chan struct{} // closed when the answer waits for the client
	on      chan error    // what the wait ends with
}

func (g *gate) Write(p []byte) (n int, err error) {
	n, err = g.ResponseRecorder.Write(p)
	if len(p) > 0 {
		g.once.Do(func() {
			close(g.stopped)
			err = <-g.on
		})
	}
	return n, err
}

// behind sends a file to import, and returns when its answer waits for the client.
func (r *rig) behind(path, file string) (g *gate, ended chan struct{}) {
	r.t.Helper()
	req, err := http.NewRequest("POST", "http://127.0.0.1:8080"+path, strings.NewReader(file))
	if err != nil {
		r.t.Fatal(err)
	}
	req.RemoteAddr, req.Header = "127.0.0.1:40000", r.header.Clone()
	g = &gate{ResponseRecorder: httptest.NewRecorder(), stopped: make(chan struct{}), on: make(chan error, 1)}
	ended = make(chan struct{})
	go func() {
		defer close(ended)
		defer func() { _ = recover() }() // an answer that is not whole
		r.handler.ServeHTTP(g, req)
	}()
	<-g.stopped
	return g, ended
}

func rowsOf(n int) string {
	var b strings.Builder
	b.WriteString("name,email\n")
	for i := range n {
		fmt.Fprintf(&b, "Row %d,row%d@acme.com\n", i, i)
	}
	return b.String()
}

// TestOthersWorkDuringImports stops an import in its middle, since its client does not read:
// nothing more is saved meanwhile, and others read and write.
func TestOthersWorkDuringImports(t *testing.T) {
	r := onFile(t).as("jane@acme.com")
	g, ended := r.behind("/import/contacts", rowsOf(1000))
	total := func() string { return fmt.Sprint(r.json(200, "GET", "/contacts?total=exact", "")["total"]) }
	first, err := strconv.Atoi(total())
	if err != nil || first == 0 || first > 700 {
		t.Errorf("%d contacts are saved behind the client's back, not those of one transaction", first)
	}
	together(8, func(i int) {
		for j := range 20 {
			r.want(201, "POST", "/contacts", fmt.Sprintf(`{"name":"other","email":"o%d-%d@acme.com"}`, i, j))
			r.want(200, "GET", "/contacts?search=row", "")
		}
	})
	g.on <- nil
	<-ended
	if !endsWith(g.Body.String(), "# imported: 1000 created, 0 updated, 0 unchanged, 0 failed\n") || total() != "1160" {
		t.Errorf("%s contacts, the answer ends %.300q", total(), g.Body.String()[max(0, g.Body.Len()-200):])
	}
}

// An import ends when its client is gone; the rows that were answered are saved.
func TestImportsEndWithTheirClient(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	g, ended := r.behind("/import/contacts", rowsOf(1000))
	g.on <- io.ErrClosedPipe
	<-ended
	n, err := strconv.Atoi(fmt.Sprint(r.json(200, "GET", "/contacts", "")["total"]))
	if err != nil || n == 0 || n > 700 {
		t.Errorf("%d contacts are saved, not those of the first transaction", n)
	}
	r.want(200, "POST", "/import/contacts", rowsOf(1000)) // its place is free
}

// A workspace runs two imports at once; a third is refused before its file is read.
func TestImportsOfAWorkspaceAreTwo(t *testing.T) {
	onlyOneServer(t, "each counts its own imports")
	r := newRig(t).as("jane@acme.com")
	one, oneEnded := r.behind("/import/contacts", rowsOf(300))
	two, twoEnded := r.behind("/import/companies", "name\nAcme\n")
	if a := r.call("POST", "/import/contacts", rowsOf(1)); a.status != 429 || a.header.Get("Retry-After") == "" || !strings.Contains(a.body, "two imports of this workspace") {
		t.Errorf("a third import: %d %s", a.status, a.body)
	}
	one.on <- nil
	two.on <- nil
	<-oneEnded
	<-twoEnded
	r.want(200, "POST", "/import/contacts", rowsOf(1))
}

// A user with several workspaces runs two imports at once in all of them together. Other users
// are not affected.
func TestImportsOfAUserAreTwo(t *testing.T) {
	onlyOneServer(t, "each counts its own imports")
	r := newRig(t)
	jane, max := r.mint("jane@acme.com"), r.mint("max@other.com")
	tokens := []string{jane.token}
	for _, name := range []string{"One", "Two"} {
		id := r.send(jane.token, "POST", "/workspaces", `{"name":"`+name+`"}`).text("id")
		tokens = append(tokens, r.send(jane.token, "POST", "/workspaces/"+id+"/tokens", "{}").text("token"))
	}
	for _, token := range tokens[:2] {
		r.header.Set("Authorization", "Bearer "+token)
		g, ended := r.behind("/import/contacts", rowsOf(300))
		defer func() { g.on <- nil; <-ended }()
	}
	if a := r.send(tokens[2], "POST", "/import/contacts", rowsOf(1)); a.status != 429 || a.header.Get("Retry-After") == "" || !strings.Contains(a.body, "two of your imports") {
		t.Errorf("a third import: %d %s", a.status, a.body)
	}
	if a := r.send(max.token, "POST", "/import/contacts", rowsOf(1)); a.status != 200 {
		t.Errorf("an import of another: %d %s", a.status, a.body)
	}
}

// A file that cannot be read to its end changes nothing, wherever the fault is.
func TestIncompleteFilesChangeNothing(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	r.serve(server.Options{ImportMax: 4 << 20})
	long := strings.Repeat("z", 1<<20)
	var wide, keys strings.Builder
	wide.WriteString("name")
	for i := range 500 {
		fmt.Fprintf(&wide, ",c%d", i)
		fmt.Fprintf(&keys, `{"name":"x","email":"k%d@acme.com","key%d":1}`+"\n", i, i)
	}
	for _, test := range []struct {
		what, path, file string
		status           int
		says             string
	}{
		{"a cell", "contacts", rowsOf(500) + "Big," + long + "z\n", 400, "row 501 has more than the maximum of 1048576 bytes"},
		{"a quoted cell", "contacts", rowsOf(500) + "Big,\"" + long + "\nz\"\n", 400, "row 501 has more than"},
		{"a quote without end", "contacts", rowsOf(500) + "Big,\"" + strings.Repeat(long+"\n", 2), 400, "row 501 has more than"},
		{"a line of JSON", "contacts", `{"name":"x"}` + "\n" + `{"name":"` + long + "\"}\n", 400, "row 2 has more than"},
		{"an element", "contacts", `[{"name":"x"},{"name":"` + long + `"}]`, 400, "row 2 has more than"},
		{"the header", "contacts", "name," + long + "\nx,y\n", 400, "the line of column names has more than"},
		{"columns", "contacts", wide.String() + "\nx\n", 400, "the file has 501 columns; the maximum is 500"},
		{"keys", "contacts", keys.String(), 400, "maximum of 500 different keys"},
		{"an array without end", "contacts", `[{"name":"x"},{"name":"y"}`, 400, "has no end"},
		{"the size", "contacts", "name\n" + strings.Repeat("x\n", 2<<20), 413, "the file is over 4194304 bytes"},
		{"lines that came as one", "contacts", "name,emailAnn,ann@nl.exampleBob,bob@nl.example", 400, "--data-binary"},
		{"lines of JSON that came as one", "contacts", `{"name":"Ann"}{"name":"Bob"}`, 400, "--data-binary"},
		{"column names alone", "contacts", "name,email\n", 400, "only a line of column names"},
		{"a workspace that came as one line", "", `{"crmkit":1,"workspace":"ws_1"}{"end":true}`, 400, "--data-binary"},
	} {
		for _, how := range []string{"", "?dry_run=1", "?atomic=1"} {
			a := r.call("POST", strings.TrimSuffix("/import/"+test.path, "/")+how, test.file)
			if a.status != test.status || !strings.Contains(a.body, test.says) {
				t.Errorf("%s%s: %d %.300s; want %d with %q", test.what, how, a.status, a.body, test.status, test.says)
			}
		}
	}
	if n := r.json(200, "GET", "/contacts", "")["total"]; fmt.Sprint(n) != "0" {
		t.Errorf("%v contacts were saved", n)
	}
	most := `{"name":"` + long[:200] + `","notes":"` + strings.Repeat("n", 60_000) + `","pad":"` + strings.Repeat("\\u0061", 1000) + "\"}\n"
	r.want(200, "POST", "/import/contacts?atomic=1", most+most)
}

// TestBrokenImportsAreVisible closes the store during an import.
func TestBrokenImportsAreVisible(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	g, ended := r.behind("/import/contacts", rowsOf(1000))
	r.store.Close()
	g.on <- nil
	<-ended
	if text := g.Body.String(); !strings.Contains(text, "row 100 created") || !strings.Contains(text, "# error: not_ready: ") {
		t.Errorf("%.300q", text[max(0, len(text)-300):])
	}
}

// TestReadingBesideSaving imports a file of several batches whose rows are wrong, refer to others and
// have no id, with the line above the column names that the answer mentions. The rows of a batch
// are read while those before are saved and answered, which only the race detector sees.
func TestReadingBesideSaving(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	r.tune(func(s *server.Server) { s.SaveAtOnce(10) })
	var file strings.Builder
	file.WriteString("Export of June\nname,company,Shoe size,custom,Amount\n")
	for i := range 100 {
		fmt.Fprintf(&file, "n%d,co%d,%d,%s,%d\n", i, i%7, i, []string{"", "x"}[i%2], i)
	}
	answer := r.want(200, "POST", "/import/contacts", file.String())
	if !strings.Contains(answer, "Export of June") || !strings.Contains(answer, "50 created, 0 updated, 0 unchanged, 50 failed") {
		t.Error(answer)
	}
	dump := r.want(200, "GET", "/export", "")
	other := newRig(t).as("jane@acme.com")
	other.tune(func(s *server.Server) { s.SaveAtOnce(10) })
	if answer := other.want(200, "POST", "/import", dump); !strings.Contains(answer, " 0 failed") {
		t.Error(answer)
	}
}
