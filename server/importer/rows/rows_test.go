package rows

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// knownColumns stand for the columns that an importer knows.
func knownColumns(name string) bool {
	return strings.Contains(" name email phone first last company ", " "+strings.ToLower(name)+" ")
}

// readAll reads a file to its end and returns its rows, and the error that ended it.
func readAll(file io.Reader) (list []Row, columns []string, err error) {
	in, fault := Open(file)
	if fault != nil {
		return nil, nil, fault
	}
	r, err := in.Rows(knownColumns, "")
	if err != nil {
		return nil, nil, err
	}
	for {
		row, err := r.Next()
		if err == io.EOF {
			return list, r.Columns(), nil
		}
		if err != nil {
			return list, r.Columns(), err
		}
		list = append(list, row)
	}
}

// shown returns rows in a short form: name=value for each cell, or the fault.
func shown(list []Row) string {
	var b strings.Builder
	for _, r := range list {
		if r.Fault != nil {
			b.WriteString("! " + r.Fault.Hint)
		}
		for i, cell := range r.Cells {
			if i > 0 {
				b.WriteByte(' ')
			}
			b.WriteString(cell.Name + "=" + cell.JSON)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// FuzzRows reads any file: it comes to an end, its cells are valid JSON under names that are not
// empty, and an error says what is wrong.
func FuzzRows(f *testing.F) {
	for _, seed := range []string{
		"name,email\nJane,jane@acme.com\n", "sep=;\nname;x\n\"a;b\";\"c\"\"d\"\n", "Notes:\n\"a,b\"\n\nname,email\nx,y\n", "name\r=\"01\"\r\n'2\n",
		`{"name":"x"}` + "\n" + `{"name":5}`, "{\n\"name\":\"x\"\n}\n{\n}", `[{"name":"x"},{}]`, "\ufeff[\n]", "\xff\xfen\x00\n\x00x\x00", "\xfe\xff\x00n\x00\n\xd8\x3d\xde\x00",
		"BEGIN:VCARD\nVERSION:2.1\nN;CHARSET=windows-1252;ENCODING=QUOTED-PRINTABLE:M=FC=\nller;A\nEND:VCARD\n",
		"BEGIN:VCARD\nVERSION:4.0\nFN:x\nitem1.TEL;VALUE=uri;PREF=1:tel:+1;ext=2\nPHOTO:data:,x\nEND:VCARD", "PK\x03\x04", "<html>",
		"Board\nNew\nname,Subitems\na,\nSubitems,name\n,b\n\nOld\nname,Subitems\nc\n",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, file string) {
		list, _, err := readAll(strings.NewReader(file))
		var fault *crm.Error
		if err != nil && err != io.EOF && !errors.As(err, &fault) {
			t.Fatalf("the error %v says nothing", err)
		}
		if len(list) > len(file)+1 {
			t.Fatalf("%d rows from %d bytes", len(list), len(file))
		}
		for _, r := range list {
			for _, cell := range r.Cells {
				if !json.Valid([]byte(cell.JSON)) {
					t.Fatalf("%q is not JSON", cell.JSON)
				}
				if _, isText := norm.Unquote(cell.JSON); !isText && cell.JSON[0] == '"' {
					t.Fatalf("%q is no text", cell.JSON)
				}
			}
		}
	})
}
