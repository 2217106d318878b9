package main

import (
	"bytes"
	"strings"
	"testing"
)

// TestProgress checks that a terminal gets a progress bar and the rows that fail.
func TestProgress(t *testing.T) {
	var out, bar bytes.Buffer
	p := &progress{out: &out, bar: &bar, brief: true, size: 10}
	in := p.counted(strings.NewReader("0123456789"))
	steps := []func() (int, error){
		func() (int, error) { return in.Read(make([]byte, 5)) },
		func() (int, error) { return p.Write([]byte("row 1 created contact/c_1\nrow 2 ERR")) },
		func() (int, error) { return p.Write([]byte("OR invalid_email x\n")) },
		func() (int, error) { return in.Read(make([]byte, 5)) },
		func() (int, error) {
			return p.Write([]byte("# imported: 1 created, 0 updated, 0 unchanged, 1 failed\n"))
		},
	}
	for i, step := range steps {
		if _, err := step(); err != nil {
			t.Fatalf("step %d: %v", i, err)
		}
	}
	p.end()
	half, full := strings.Repeat("#", 20)+strings.Repeat(" ", 20), strings.Repeat("#", 40)
	want := "\r[" + half + "]  50 %  0 rows\r[" + half + "]  50 %  1 rows\r\x1b[K\r[" + half + "]  50 %  2 rows\r[" + full + "] 100 %  2 rows\r\x1b[K\r[" + full + "] 100 %  2 rows\r\x1b[K"
	if bar.String() != want {
		t.Errorf("the bar is\n%q\nwant\n%q", bar.String(), want)
	}
	if out.String() != "row 2 ERROR invalid_email x\n# imported: 1 created, 0 updated, 0 unchanged, 1 failed\n" {
		t.Errorf("lines %q", out.String())
	}
	if p.failure() == nil {
		t.Error("no failure")
	}
}
