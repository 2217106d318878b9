package rows

import (
	"bytes"
	"encoding/binary"
	"io"
	"strings"
	"unicode/utf8"

	"crmkit/crm"
)

// People send the file that they have. Each kind of file that has no rows to read is named, with
// the way to a file that has.

// magicSize is how many bytes show what a file is that is not text.
const magicSize = 128

// binaries are files that are not text, by their first bytes.
var binaries = []struct{ magic, what, next string }{
	{"PK\x03\x04", "a zip archive", "unpack it, and send one of its files"},
	{"PK\x05\x06", "an empty zip archive", "send the file that should be in it"},
	{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Excel workbook in the old format (.xls)", saveSheet},
	{"%PDF-", "a PDF", "it has pages, not rows: export the data as CSV where the PDF was made"},
	{"\x1f\x8b", "compressed (gzip)", "unpack it (gunzip FILE), and send what is in it"},
	{"BZh91AY", "compressed (bzip2)", "unpack it (bunzip2 FILE), and send what is in it"},
	{"\xfd7zXZ\x00", "compressed (xz)", "unpack it (unxz FILE), and send what is in it"},
	{"\x28\xb5\x2f\xfd", "compressed (zstd)", "unpack it (unzstd FILE), and send what is in it"},
	{"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", "unpack it, and send one of its files"},
	{"Rar!\x1a\x07", "a RAR archive", "unpack it, and send one of its files"},
	{"SQLite format 3\x00", "an SQLite database", "export a table of it as CSV; a database of crmkit: crmkit export --db FILE"},
	{"\xff\xfe\x00\x00", "UTF-32", "save it as UTF-8"},
	{"\x00\x00\xfe\xff", "UTF-32", "save it as UTF-8"},
	{"{\\rtf", "a text document (RTF)", "save it as plain text, CSV (UTF-8)"},
}

const saveSheet = "open it and save the sheet as CSV (UTF-8)"

// archives are zip archives of a known kind, by the name of the first file in them.
var archives = []struct{ name, what string }{
	{"[Content_Types].xml", "an Excel workbook (.xlsx)"},
	{"_rels/", "an Excel workbook (.xlsx)"},
	{"xl/", "an Excel workbook (.xlsx)"},
	{"docProps/", "an Excel workbook (.xlsx)"},
	{"mimetype", "a LibreOffice document (.ods)"},
	{"Index/", "a Numbers document (.numbers)"},
}

// decoded returns a file as UTF-8, or the error for one that is not text. UTF-16 is known by its
// byte order mark.
func decoded(file io.Reader) (io.Reader, *crm.Error) {
	head := make([]byte, magicSize)
	n, _ := io.ReadFull(file, head) // an error comes again when the rest is read
	head = head[:n]
	if fault := checkMagic(string(head)); fault != nil {
		return nil, fault
	}
	rest := io.MultiReader(bytes.NewReader(head), file)
	switch {
	case bytes.HasPrefix(head, []byte("\xff\xfe")):
		return newUTF16Reader(rest, binary.LittleEndian), nil
	case bytes.HasPrefix(head, []byte("\xfe\xff")):
		return newUTF16Reader(rest, binary.BigEndian), nil
	}
	return rest, nil
}

// checkMagic refuses a file that is not text, by its first bytes.
func checkMagic(head string) *crm.Error {
	for _, kind := range binaries {
		if !strings.HasPrefix(head, kind.magic) {
			continue
		}
		if what := archiveOf(head); what != "" {
			return isNoText(what, saveSheet)
		}
		return isNoText(kind.what, kind.next)
	}
	return nil
}

// archiveOf returns what a zip archive is, by its first file; "" if it is just an archive.
func archiveOf(head string) string {
	const beforeName = 30 // bytes
	if !strings.HasPrefix(head, "PK\x03\x04") || len(head) < beforeName {
		return ""
	}
	for _, a := range archives {
		if strings.HasPrefix(head[beforeName:], a.name) {
			return a.what
		}
	}
	return ""
}

func isNoText(what, next string) *crm.Error {
	return crm.Errorf(crm.UnsupportedMedia, "the file is %s, which has no rows to read; %s. Nothing was saved.", what, next)
}

// checkText refuses the beginning of a file that is empty, not UTF-8, or of a kind that has
// no rows. Bytes that are not UTF-8 may be right in vCards, which name the characters of each
// value.
func checkText(head []byte) *crm.Error {
	text := bytes.TrimSpace(head)
	switch {
	case len(head) == 0:
		return crm.Errorf(crm.BadJSON, "the body is empty; %s.", whatToSend)
	case len(text) == 0:
		return crm.Errorf(crm.BadJSON, "the file begins with nothing but blanks; %s.", whatToSend)
	case text[0] == '<':
		return isMarkup(text)
	case hasPrefixFold(text, "BEGIN:VCALENDAR"):
		return isNoText("a calendar (iCalendar)", "send its events as CSV or JSON lines to POST /import/activities")
	case hasPrefixFold(text, vCardBegin):
		return nil
	}
	if at := invalidAt(head); at >= 0 {
		return notUTF8(1+bytes.Count(head[:at], []byte("\n")), lineAround(head, at))
	}
	return nil
}

const whatToSend = "send CSV with a line of column names, JSON lines, a JSON array, or vCards"

// isMarkup is the error for a file that begins with a tag.
func isMarkup(text []byte) *crm.Error {
	lower := bytes.ToLower(text[:min(len(text), 1000)])
	for _, tag := range []string{"<html", "<!doctype html", "<head", "<body", "<table"} {
		if bytes.Contains(lower, []byte(tag)) {
			return isNoText("a web page (HTML)", "it may be the sign-in page of the site it came from; download the data itself as CSV. If it is a table with the ending .xls, open it and save it as CSV (UTF-8)")
		}
	}
	return isNoText("XML", "export the data as CSV or JSON")
}

// hasPrefixFold reports whether a text begins with an ASCII prefix in any case.
func hasPrefixFold(text []byte, prefix string) bool {
	return len(text) >= len(prefix) && strings.EqualFold(string(text[:len(prefix)]), prefix)
}

// invalidAt returns where text stops being UTF-8, -1 if it does not.
func invalidAt(text []byte) int {
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return -1
}
