package importer

import (
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"crmkit/crm"
	"crmkit/server/importer/rows"
)

// TestPanicOfARow reads a workspace of which the rows of one kind cannot be read, because of a
// fault of the server. The rows are named, and the others are read.
func TestPanicOfARow(t *testing.T) {
	const file = `{"crmkit":1,"workspace":"ws_1"}
{"handle":"contact/c_1","name":"A"}
{"handle":"company/co_1","name":"B"}
{"handle":"contact/c_2","name":"C"}
{"end":true,"counts":{"contacts":2,"companies":1}}
`
	im := fuzzImporter(t, "")
	im.opts.Limits = DefaultLimits
	delete(im.byKind, im.opts.Env.Schema.ByName("company"))
	var causes []string
	im.opts.Broken = func(row int, cause error) *crm.Error {
		causes = append(causes, cause.Error())
		return crm.Errorf(crm.Internal, "row %d", row)
	}
	if err := im.open(strings.NewReader(file)); err != nil {
		t.Fatal(err)
	}
	batch := im.recoveredBatch(nil)
	if !errors.Is(batch.err, io.EOF) || len(batch.entries) != 3 {
		t.Fatalf("%d rows, %v", len(batch.entries), batch.err)
	}
	for i, e := range batch.entries {
		if broken := i == 1; e.n != i+1 || broken != (e.fault != nil && e.fault.Code == crm.Internal) {
			t.Errorf("row %d: %v", e.n, e.fault)
		}
	}
	if len(causes) != 1 || !strings.Contains(causes[0], "panic: ") || !strings.Contains(causes[0], "row.go") {
		t.Errorf("logged: %q", causes)
	}
}

// endless is a file with an empty row after the other.
type endless struct{ rows.Reader }

func (endless) Next() (rows.Row, error) { return rows.Row{}, nil }

// TestReadingStops stops an import at the beginning of a long part of its file without any row.
func TestReadingStops(t *testing.T) {
	im := fuzzImporter(t, "contact")
	im.opts.Limits, im.rows = DefaultLimits, endless{}
	_, stop := im.readAhead()
	stopped := make(chan struct{})
	go func() {
		stop()
		close(stopped)
	}()
	select {
	case <-stopped:
	case <-time.After(10 * time.Second):
		t.Fatal("it reads on after 10 s")
	}
}
