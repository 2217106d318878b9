package importer

import (
	"errors"
	"io"
	"strings"
	"testing"

	"crmkit/crm"
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
	batch := im.recoveredBatch()
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
