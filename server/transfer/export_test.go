package transfer

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"crmkit/crm"
	"crmkit/crm/catalog"
	"crmkit/query"
	"crmkit/server/web"
)

func contact(t *testing.T) *crm.Entity {
	t.Helper()
	schema, err := catalog.Schema()
	if err != nil {
		t.Fatal(err)
	}
	return schema.ByName("contact")
}

// TestExportsAreOldestFirst checks that an export is in the order of creation unless the
// client names another, and that the parameters of the request are not changed.
func TestExportsAreOldestFirst(t *testing.T) {
	e := contact(t)
	sent := url.Values{"stage": {"lead"}}
	if got := oldestFirst(e, sent).Get("sort"); got == "" || strings.HasPrefix(got, "-") || "-"+got != e.Sort {
		t.Errorf("sort=%s, the list has %s", got, e.Sort)
	}
	if sent.Has("sort") {
		t.Errorf("the request has changed: %v", sent)
	}
	if got := oldestFirst(e, url.Values{"sort": {"-name"}}).Get("sort"); got != "-name" {
		t.Errorf("sort=%s, want -name", got)
	}
}

// exported returns what a writer sends of n records named Jane.
func exported(t *testing.T, media string, n int) (pieces []string) {
	t.Helper()
	e := contact(t)
	w := &recordWriter{rq: &web.Request{}, media: media, pick: []string{"name"}, put: func(piece []byte) error {
		pieces = append(pieces, string(piece))
		return nil
	}}
	rec := crm.NewRecord(e)
	for i := range e.Fields {
		if e.Fields[i].Name == "name" {
			rec.Values[i] = crm.Str("Jane")
		}
	}
	for range n {
		if err := w.record(rec); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.end(&query.Query{Entity: e, Fields: w.pick}); err != nil {
		t.Fatal(err)
	}
	return pieces
}

// TestFormatsOfExports checks the lines around the records in each format, also without
// a record.
func TestFormatsOfExports(t *testing.T) {
	for media, want := range map[string][2]string{
		web.CSVMedia:  {"name", "name"},
		web.RowsMedia: {"", `"name":"Jane"`},
		web.TextMedia: {"# exported: 0", "# exported: 2"},
	} {
		empty, two := strings.Join(exported(t, media, 0), ""), strings.Join(exported(t, media, 2), "")
		if !strings.Contains(empty, want[0]) || !strings.Contains(two, want[1]) || strings.Count(two, "Jane") != 2 || two != "" && !strings.HasSuffix(two, "\n") {
			t.Errorf("%s: %q and %q", media, empty, two)
		}
	}
}

// TestExportsAreSentInPieces checks that no more than a piece and a record is held in memory.
func TestExportsAreSentInPieces(t *testing.T) {
	pieces := exported(t, web.RowsMedia, 5000)
	for i, piece := range pieces {
		if len(piece) > pieceSize+1000 || !strings.HasSuffix(piece, "\n") {
			t.Errorf("piece %d has %d bytes and ends with %q", i, len(piece), piece[len(piece)-1:])
		}
	}
	if n := strings.Count(strings.Join(pieces, ""), "\n"); n != 5000 || len(pieces) < 3 {
		t.Errorf("%d lines in %d pieces", n, len(pieces))
	}
}

// TestSwitches checks the spellings of parameters that are on or off.
func TestSwitches(t *testing.T) {
	for value, want := range map[string]bool{"1": true, "true": true, "YES": true, "": false, "0": false, "false": false, "No": false} {
		on, fault := (&web.Request{Params: url.Values{"atomic": {value}}}).IsOn("atomic")
		if fault != nil || on != want {
			t.Errorf("atomic=%s: %v %v", value, on, fault)
		}
	}
	if _, fault := (&web.Request{Params: url.Values{"atomic": {"maybe"}}}).IsOn("atomic"); fault == nil || fault.Field != "atomic" {
		t.Errorf("atomic=maybe: %v", fault)
	}
}

// TestRequests checks which requests are the same, so that a token confirms no other.
func TestRequests(t *testing.T) {
	of := func(path, query string) string {
		params, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		return requestOf(&web.Request{Request: &http.Request{Method: http.MethodPost}, Path: path, Params: params})
	}
	first := of("/import/contacts", "dry_run=1&source=hubspot&format=json")
	for name, c := range map[string]struct {
		request string
		same    bool
	}{
		"its confirmation": {of("/import/contacts", "source=hubspot&confirm=x"), true},
		"another source":   {of("/import/contacts", "source=attio&confirm=x"), false},
		"one row failing":  {of("/import/contacts", "source=hubspot&atomic=1&confirm=x"), false},
		"another kind":     {of("/import/deals", "source=hubspot&confirm=x"), false},
	} {
		if (c.request == first) != c.same {
			t.Errorf("%s: %s and %s", name, c.request, first)
		}
	}
}
