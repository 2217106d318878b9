package progress

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
)

// TestProgress checks that a terminal gets how much was sent, then the rows with their rate and
// the time left, and the rows that fail.
func TestProgress(t *testing.T) {
	var out, shown bytes.Buffer
	file := "name\na\nb\nc\nd\n"
	count, _ := NewRowCount([]byte(file))
	now := time.Unix(1e9, 0)
	p := &Import{Out: &out, Bar: &shown, Brief: true, Size: int64(len(file)), Count: count, Clock: func() time.Time { return now }}
	in := p.Counted(strings.NewReader(file))
	steps := []func() (int, error){
		func() (int, error) { return in.Read(make([]byte, 7)) },
		func() (int, error) { return in.Read(make([]byte, 50)) },
		func() (int, error) { return p.Write([]byte("row 1 created contact/c_1\nrow 2 ERR")) },
		func() (int, error) {
			now = now.Add(2 * time.Second)
			return p.Write([]byte("OR invalid_email x\n"))
		},
		func() (int, error) {
			return p.Write([]byte("# imported: 1 created, 0 updated, 0 unchanged, 1 failed\n"))
		},
	}
	for i, step := range steps {
		if _, err := step(); err != nil {
			t.Fatalf("step %d: %v", i, err)
		}
	}
	p.End()
	of := func(full int) string { return "[" + strings.Repeat("#", full) + strings.Repeat(" ", 40-full) + "]" }
	rate := of(20) + "  50 %  2 of 4 rows, 1 a second, 2s left"
	want := "\r" + of(21) + "  53 % sent\r" + of(40) + " 100 % sent\r" + of(10) + "  25 %  1 of 4 rows\r\x1b[K\r" + rate + "\r\x1b[K\r" + rate + "\r\x1b[K"
	if shown.String() != want {
		t.Errorf("the bar is\n%q\nwant\n%q", shown.String(), want)
	}
	if out.String() != "row 2 ERROR invalid_email x\n# imported: 1 created, 0 updated, 0 unchanged, 1 failed\n" {
		t.Errorf("lines %q", out.String())
	}
	if p.Failure() == nil {
		t.Error("no failure")
	}
}

// TestRowsAreCounted counts the rows of files in the forms that have lines.
func TestRowsAreCounted(t *testing.T) {
	for file, want := range map[string]int{
		"name,notes\na,\"two\nlines\"\nb,\"a \"\" quote\"\n": 2,
		"name\na\nb":                  2,
		"{\"name\":\"a \\\" b\"}\n{}": 2,
		"{\"crmkit\":1}\n{\"id\":\"c_1\"}\n{\"end\":true}\n": 1,
		"name\n": 0,
	} {
		c, known := NewRowCount([]byte(file))
		for part := range strings.SplitAfterSeq(file, "\n") {
			_, _ = io.Copy(&countWriter{&c}, strings.NewReader(part))
		}
		if !known || c.rows() != want {
			t.Errorf("%q has %d rows, want %d", file, c.rows(), want)
		}
	}
	for _, file := range []string{"[{}]", "", " begin:vcard\n"} {
		if _, known := NewRowCount([]byte(file)); known {
			t.Errorf("rows of %s are counted", fmt.Sprintf("%q", file))
		}
	}
}

// countWriter adds what is written to a count.
type countWriter struct{ c *RowCount }

func (w *countWriter) Write(b []byte) (int, error) {
	w.c.add(b)
	return len(b), nil
}
