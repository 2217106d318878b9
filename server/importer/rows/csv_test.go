package rows

import (
	"encoding/csv"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"crmkit/crm/norm"
)

// TestCSVFiles reads small files, each with one thing that real files have.
func TestCSVFiles(t *testing.T) {
	for _, c := range []struct{ file, want string }{
		{"name,email\nJane,j@a.cc\n", "name=\"Jane\" email=\"j@a.cc\"\n"},
		{"name;email\n\"Doe; Jane\";\n", "name=\"Doe; Jane\"\n"},
		{"name\temail\na,b\tc\n", "name=\"a,b\" email=\"c\"\n"},
		{"sep=;\nname,x;email\na;b\n", "name,x=\"a\" email=\"b\"\n"},
		{"name\n\"two\nlines \"\"x\"\"\"\n", "name=\"two\\nlines \\\"x\\\"\"\n"},
		{"name , email\n \"a\" , \"b\" \n", "name=\"a\" email=\"b\"\n"},
		{"name,email\r\na,b\rc,d\ne,f\r\r\ng,h", "name=\"a\" email=\"b\"\nname=\"c\" email=\"d\"\nname=\"e\" email=\"f\"\nname=\"g\" email=\"h\"\n"},
		{"name\n\"a\rb\r\nc\"\n", "name=\"a\\nb\\nc\"\n"},
		{"name,zip,phone\n=\"01\",'00801,'+1801\n\"=\"\"02\"\"\",'t Hooft,'=x\n'round,'90s,'-5\n", "name=\"01\" zip=\"00801\" phone=\"+1801\"\nname=\"02\" zip=\"'t Hooft\" phone=\"=x\"\nname=\"'round\" zip=\"'90s\" phone=\"-5\"\n"},
		{"name,email\n=\"\",\"\"\n,x\n", "\nemail=\"x\"\n"},
		{"name,email\na,b,,\na,b,c\n", "name=\"a\" email=\"b\"\n! the row has 3 cells, but there are 2 columns; put cells that contain the separator in quotes.\n"},
		{"name,email\na \"b\" c,d\ne,f\n", "! line 2 has a quote in a cell that is not in quotes, \"a \\\"b\\\" c\"; put the cell in quotes, and write each quote in it twice.\nname=\"e\" email=\"f\"\n"},
		{"name,,name\na,b,c\n", "name=\"a\" column 2=\"b\" name 2=\"c\"\n"},
		{"x\n\ny\n", "x=\"y\"\n"},
	} {
		for _, how := range []string{"whole", "by bytes"} {
			in := strings.NewReader(c.file)
			list, _, err := readAll(in)
			if how == "by bytes" {
				list, _, err = readAll(iotest.OneByteReader(strings.NewReader(c.file)))
			}
			if got := shown(list); got != c.want || err != nil {
				t.Errorf("%s, %q reads\n%s%v\nwant\n%s", how, c.file, got, err, c.want)
			}
		}
	}
}

// TestCSVErrors checks the errors after which nothing more can be read: they name the line.
func TestCSVErrors(t *testing.T) {
	for _, c := range []struct{ file, want string }{
		{"name,email\nAnn,a\n\"Bob,b\nEve,e\n", "the quote that opens in line 3 is never closed"},
		{"name,email\nAnn,a\n\"Bob,b\n\"Eve\",e\n", `the quote that opens in line 3 is closed in line 4 before "Eve\",e"`},
		{"Notes\n\nname,email\n\"x\"y,z\n", "the quote that opens in line 4 is closed in line 4 before y,z"},
		{"name,email\na,\x00b\n", "line 2 has a NUL byte"},
		{"name\n" + strings.Repeat("x\r\n", 100_000) + "\x00", "line 100002 has a NUL byte"},
		{"name\n" + strings.Repeat("x\n", 100_000) + "M\xfcller\n", "the file is not UTF-8 in line 100002"},
		{"name\nM\xfcller\n", "the file is not UTF-8 in line 2"},
		{"name\n\"" + strings.Repeat("x\n", 1<<20), "the quote that opens in line 2 is closed too late"},
		{"name\nx\n" + strings.Repeat("x", 2<<20), "row 2 has more than the maximum of 1048576 bytes"},
		{strings.Repeat("x", 2<<20), "the line of column names has more than the maximum of 1048576 bytes"},
		{strings.Repeat(",", 1_000_000) + "\n", "the file has 1000001 columns; the maximum is 500"},
		{"na\"me,x\n", "line 1 has a quote in a cell"},
	} {
		list, _, err := readAll(strings.NewReader(c.file))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.40q: %v after %d rows, want %s", c.file, err, len(list), c.want)
		}
	}
}

// TestHeaderIsFound checks which line names the columns, and what is left out above it.
func TestHeaderIsFound(t *testing.T) {
	for _, c := range []struct{ file, columns, remark string }{
		{"name,email\na,b\n", "name email", ""},
		{"Notes:\n\"When exporting, some\n addresses, may be missing\"\n\nFirst,Last,Company\na,b,c\n", "First Last Company", `line 5 names the columns; the lines above it are left out: Notes:, "\"When exporting, some", "addresses, may be missing\""`},
		{"My contacts\n\n\nemail\na@b.cc\n", "email", `line 4 names the columns; the lines above it are left out: "My contacts"`},
		{"Report;;\n;;\nname;email;x\na;b;c\n", "name email x", "line 3 names the columns; the lines above it are left out: Report;;, ;;"},
		{"sep=;\nTitle\nname;email\na;b\n", "name email", "line 3 names the columns; the lines above it are left out: Title"},
		{"a\nb\nc\nd\ne\nname,email\n", "name email", "line 6 names the columns; the lines above it are left out: a, b, c, …"},
		{"x,name,y\n1,2,3\nname,email,phone\n", "x name y", "line 3"}, // nothing contradicts that the third line is the header
		{"x,name\nname,email,phone\n1,2\n", "x name", ""},             // no row has three cells
		{"x,y\nname,z\n1,2\n", "x y", ""},                                   // one known column of two
		{strings.Repeat("x\n", headerLines) + "name,email\na,b\n", "x", ""}, // too late
		{"name,email\nname,email\n", "name email", ""},                      // the first of equals
		{strings.Repeat("5\" screens, 6\" screens\n", 3) + "name,email\na,b\n", "name email", "line 4"},
	} {
		in, fault := Open(strings.NewReader(c.file))
		if fault != nil {
			t.Fatal(fault)
		}
		r, err := in.Rows(knownColumns, "")
		if err != nil {
			t.Errorf("%q: %v", c.file, err)
			continue
		}
		columns, remarks := strings.Join(r.Columns(), " "), strings.Join(r.Remarks(), " ")
		if c.remark == "line 3" {
			c.columns = "name email phone"
		}
		if columns != c.columns || !strings.HasPrefix(remarks, c.remark) || c.remark == "" && remarks != "" {
			t.Errorf("%q has the columns %s, and says: %s", c.file, columns, remarks)
		}
	}
}

// TestCSVAgreesWithTheLibrary writes random tables with encoding/csv and reads them.
func TestCSVAgreesWithTheLibrary(t *testing.T) {
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 1))
	parts := []string{"a", "ü", "日", " ", ",", ";", "\t", "\"", "\n", "\r\n", "'", "=", "1", ""}
	for range 2000 {
		var b, want strings.Builder
		w := csv.NewWriter(&b)
		w.Comma = []rune(",;\t")[random.IntN(3)]
		columns := 2 + random.IntN(3)
		header := strings.Fields("name email phone first")[:columns]
		_ = w.Write(header)
		for range 1 + random.IntN(4) {
			record := []string{"x"} // a line that is not blank
			for len(record) < columns {
				text := ""
				for range random.IntN(5) {
					text += parts[random.IntN(len(parts))]
				}
				record = append(record, text)
			}
			_ = w.Write(record)
			var cells []string
			for i, text := range record {
				if text = cellValue(strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n"))); text != "" {
					cells = append(cells, header[i]+"="+norm.QuoteJSON(text))
				}
			}
			fmt.Fprintln(&want, strings.Join(cells, " "))
		}
		w.Flush()
		list, _, err := readAll(strings.NewReader(b.String()))
		if got := shown(list); got != want.String() || err != nil {
			t.Fatalf("seed %d: %q reads\n%s%v\nwant\n%s", seed, b.String(), got, err, want.String())
		}
	}
}

// FuzzCSV compares the cells of any record with those of encoding/csv, if that can read it.
func FuzzCSV(f *testing.F) {
	for _, seed := range []string{"a,b", "\"a\"\"b\",c", "\"a\nb\",,", ",", "a,\"b\nc\"\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.ContainsAny(text, "\r\x00") || len(text) > sniffSize {
			return
		}
		r := csv.NewReader(strings.NewReader(text))
		r.FieldsPerRecord = -1
		want, err := r.Read()
		if err != nil || strings.ToValidUTF8(text, "") != text || len(want) > maxCells {
			return
		}
		c := csvCells{in: newFile(strings.NewReader(text)), separator: ','}
		cells, err := c.record(1)
		if err != nil || c.count != len(want) {
			t.Fatalf("%q has %d cells, want %q: %v", text, c.count, want, err)
		}
		got := make([]string, len(want))
		for _, cell := range cells {
			got[cell.at] = cell.text
		}
		for i := range want {
			if got[i] != strings.TrimSpace(want[i]) {
				t.Fatalf("%q: cell %d is %q, want %q", text, i, got[i], want[i])
			}
		}
	})
}

// TestWideRowsTakeNoMemory reads a row of a million blank cells.
func TestWideRowsTakeNoMemory(t *testing.T) {
	file := "name,email\n" + strings.Repeat(strings.Repeat(",", 1_000_000)+"\n", 20)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	list, _, err := readAll(strings.NewReader(file))
	runtime.ReadMemStats(&after)
	if len(list) != 20 || err != nil {
		t.Fatalf("%d rows, %v", len(list), err)
	}
	if took := after.TotalAlloc - before.TotalAlloc; took > 16<<20 {
		t.Errorf("the rows took %d bytes", took)
	}
}
