package server_test

import (
	"encoding/csv"
	"slices"
	"strings"
	"testing"
)

// rows returns the cells of a file that are not empty, by row and column, read by another reader
// than the importer's.
func (f *fixture) rows(t testing.TB) map[int]map[string]string {
	if strings.HasSuffix(f.name, ".csv") {
		return f.csvRows(t)
	}
	return nil // what is wanted of other files is in the .want file
}

func (f *fixture) csvRows(t testing.TB) map[int]map[string]string {
	text := strings.TrimPrefix(f.text, "\ufeff")
	read := csv.NewReader(strings.NewReader(text))
	read.FieldsPerRecord, read.LazyQuotes = -1, true
	if first, _, _ := strings.Cut(text, "\n"); strings.Count(first, ";") > strings.Count(first, ",") {
		read.Comma = ';'
	}
	records, err := read.ReadAll()
	if err != nil || len(records) < 2 {
		t.Fatalf("%s: %d lines, %v", f.name, len(records), err)
	}
	return tableRows(records)
}

// tableRows returns the rows of a table. The lines above the columns have one cell; each group of a
// board has its title and the columns again.
func tableRows(records [][]string) map[int]map[string]string {
	isTitle := func(record []string) bool { return record[0] != "" && strings.Join(record[1:], "") == "" }
	at := slices.IndexFunc(records, func(record []string) bool { return !isTitle(record) })
	header, rows, n, title := records[at], map[int]map[string]string{}, 0, ""
	isHeader := func(i int) bool { return i < len(records) && slices.Equal(records[i], header) }
	if at > 0 && slices.ContainsFunc(records[at+1:], func(record []string) bool { return slices.Equal(record, header) }) {
		title = records[at-1][0]
	}
	for i, record := range records[at+1:] {
		if i += at + 1; isHeader(i) {
			continue
		}
		if isTitle(record) && isHeader(i+1) {
			title = record[0]
			continue
		}
		n++
		rows[n] = map[string]string{}
		for i, cell := range record {
			if cell = strings.TrimSpace(cell); cell != "" {
				rows[n][strings.TrimSpace(header[i])] = cell
			}
		}
		if title != "" {
			rows[n]["Group"] = title
		}
	}
	return rows
}
