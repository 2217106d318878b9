package rows

import (
	"encoding/csv"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// TestGroups reads files that repeat their line of column names.
func TestGroups(t *testing.T) {
	for _, c := range []struct{ file, want string }{
		{"Board,\nNew,\nName,Email\na,b\n,\nOld,\nName,Email\nc,d\n", "Name=\"a\" Email=\"b\" Group=\"New\"\n\nName=\"c\" Email=\"d\" Group=\"Old\"\n"},
		{"Board\nNew\nName,Email\na,b\n\n\"Old, \"\"x\"\"\"\nName,Email\nc,d\n", "Name=\"a\" Email=\"b\" Group=\"New\"\nName=\"c\" Email=\"d\" Group=\"Old, \\\"x\\\"\"\n"},
		{"Board\nNew\nName,Email\na,b\n", "Name=\"a\" Email=\"b\"\n"}, // one group: its title says nothing about a row
		{"Name,Email\na,b\nName,Email\nc,d\n", "Name=\"a\" Email=\"b\"\nName=\"c\" Email=\"d\"\n"},
		{"Name,Email\na,b\nc\nd,e\nf\n", "Name=\"a\" Email=\"b\"\nName=\"c\"\nName=\"d\" Email=\"e\"\nName=\"f\"\n"},
		{"Name,Email\na\nb\nName,Email\nc,d\n", "Name=\"a\"\nName=\"b\"\nName=\"c\" Email=\"d\"\n"}, // two files were joined
		{"New\nName,Email\n" + strings.Repeat("a,b\n", sniffSize/4) + "Old\nName,Email\nc,d\n", strings.Repeat("Name=\"a\" Email=\"b\"\n", sniffSize/4) + "Name=\"c\" Email=\"d\" Group=\"Old\"\n"},
		{"New\nName,Email,Group\na,,b\nOld\nName,Email,Group\nc,,d\n", "Name=\"a\" Group=\"b\" Group 2=\"New\"\nName=\"c\" Group=\"d\" Group 2=\"Old\"\n"},
		{"Name;Email;Sum\na;;1,5\nSumme;;1.234,50\n;;\n\n", "Name=\"a\" Sum=\"1,5\"\n"},
		{"Name,Sum\nTotal,5\na,1\n", "Name=\"Total\" Sum=\"5\"\nName=\"a\" Sum=\"1\"\n"}, // not at the end
		{"Name,Sum,Phone\nTotal,5,+33 147444546\n", "Name=\"Total\" Sum=\"5\" Phone=\"+33 147444546\"\n"},
		{"Name,City\nTotal,Paris\n", "Name=\"Total\" City=\"Paris\"\n"},
		{"name\na\nname\n", "name=\"a\"\nname=\"name\"\n"}, // one column: the last row may be a value
		{"Name,Subitems,Owner\na,x,o\nSubitems,Name,Owner\n,x,p\nb,,q\nSubitems,Name,Owner\n,y,r\nName,Subitems,Owner\n,c,s\n",
			"Name=\"a\" Subitems=\"x\" Owner=\"o\"\n! the row is a subitem\nName=\"b\" Owner=\"q\"\n! the row is a subitem\nSubitems=\"c\" Owner=\"s\"\n"},
		{"Name,Owner\nSubitems,Name\n,x\n", "Name=\"Subitems\" Owner=\"Name\"\nOwner=\"x\"\n"},
	} {
		list, _, err := readAll(strings.NewReader(c.file))
		got := strings.ReplaceAll(shown(list), ", so its cells are not those of the columns. Leave subitems out of the export, or put them into a file of their own and send it to POST /import/tasks.", "")
		if got != c.want || err != nil {
			t.Errorf("%q reads\n%s%v\nwant\n%s", c.file, got, err, c.want)
		}
	}
}

// TestGroupIsAColumn checks that the title of the first group is not said to be left out.
func TestGroupIsAColumn(t *testing.T) {
	in, fault := Open(strings.NewReader("Board\nNew\nName,Email\na,b\nOld\nName,Email\n"))
	if fault != nil {
		t.Fatal(fault)
	}
	r, err := in.Rows(knownColumns)
	if err != nil {
		t.Fatal(err)
	}
	columns, remarks := strings.Join(r.Columns(), " "), strings.Join(r.Remarks(), " ")
	if columns != "Name Email Group" || remarks != "line 3 names the columns; the lines above it are left out: Board" {
		t.Errorf("the columns are %s; %s", columns, remarks)
	}
}

// TestGroupsReadLikeATable writes random groups as a board and as a table with a column for the
// title. Both have the same rows.
func TestGroupsReadLikeATable(t *testing.T) {
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 1))
	words := []string{"", "x\ny", "a", "b c", "ü,", "\"", "name", "email", "New"}
	header := []string{"name", "email", "phone"}
	for range 300 {
		var board, table strings.Builder
		b, flat := csv.NewWriter(&board), csv.NewWriter(&table)
		_ = b.Write([]string{"Title"})
		_ = flat.Write(append(slices.Clone(header), "Group"))
		for range 2 + random.IntN(3) {
			title := words[2+random.IntN(len(words)-2)] + "!" // of one line
			_ = b.Write([]string{title})
			_ = b.Write(header)
			for range random.IntN(4) {
				row := []string{words[random.IntN(len(words))], words[random.IntN(len(words))], "+1 555 0100"}
				_ = b.Write(row)
				_ = flat.Write(append(slices.Clone(row), title))
			}
		}
		b.Flush()
		flat.Flush()
		got, _, err := readAll(strings.NewReader(board.String()))
		want, _, _ := readAll(strings.NewReader(table.String()))
		if shown(got) != shown(want) || err != nil {
			t.Fatalf("seed %d: %q reads\n%s%v\nwant\n%s", seed, board.String(), shown(got), err, shown(want))
		}
	}
}
