package server

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"crmkit/crm"
	"crmkit/render"
	"crmkit/store"
)

// result is what became of a row.
type result struct {
	n      int
	word   string // created, updated, unchanged
	handle string
	fault  *crm.Error
}

// tally counts what became of the rows.
type tally struct {
	rows   int
	told   bool // how the columns were read
	counts [4]int64
}

// outcomes are what a row can come to, as the last line counts it.
var outcomes = [4]string{store.Created, store.Updated, store.Unchanged, "failed"}

func (t *tally) add(r result) {
	for i, word := range outcomes {
		if word == r.word || r.fault != nil && word == "failed" {
			t.counts[i]++
		}
	}
}

// line returns the result as a line. In a dry run the record that would be made has
// no name yet.
func (r result) line() render.Line {
	number := render.Field{Name: "row", Value: crm.Number(int64(r.n)), JSON: true}
	text := func(name, s string) render.Field { return render.Field{Name: name, Value: crm.Str(s), JSON: true} }
	if r.fault != nil {
		l := render.Line{Head: fmt.Sprintf("row %d ERROR %s %s", r.n, r.fault.Code, crm.OneLine(r.fault.Hint)),
			Fields: []render.Field{number, text("error", string(r.fault.Code)), text("hint", r.fault.Hint)}}
		if r.fault.Field != "" {
			l.Fields = append(l.Fields, text("field", r.fault.Field))
		}
		return l
	}
	return render.Line{Head: strings.TrimSpace(fmt.Sprintf("row %d %s %s", r.n, r.word, r.handle)),
		Fields: []render.Field{number, text("result", r.word), text("handle", r.handle)}}
}

// send sends the results of a batch; before the first, how columns were read.
func (im *importer) send(results []result) error {
	var piece []byte
	if !im.tally.told {
		im.tally.told = true
		piece = im.appendRemarks(piece, im.remarks())
	}
	for _, r := range results {
		im.tally.add(r)
		line := r.line()
		piece = line.Append(piece, im.rq.format, nil)
	}
	return im.put(piece) // a client that does not read what became of its rows stops the import
}

// remarks says whose export the rows are and how their columns were read.
func (im *importer) remarks() []string {
	if im.whole {
		return nil
	}
	var list []string
	if im.source != "" && !strings.HasPrefix(im.source, unknownSource) {
		list = append(list, "source: "+im.source)
	}
	return append(list, im.columns.remarks()...)
}

func (im *importer) appendRemarks(b []byte, remarks []string) []byte {
	if len(remarks) == 0 {
		return b
	}
	doc := render.Doc{Remarks: remarks}
	if im.rq.format == render.Text {
		return doc.Append(b, render.Text)
	}
	b = append(b, `{"remarks":[`...)
	for i, remark := range remarks {
		if i > 0 {
			b = append(b, ',')
		}
		b = crm.AppendQuoted(b, remark)
	}
	return append(b, "]}\n"...)
}

// finish sends the last line: the counts, and why the import stopped where end is not
// the end of the file. An error that is not the file's own is returned.
func (im *importer) finish(end error, dry bool) error {
	var stopped *crm.Error
	if end != io.EOF && !errors.As(end, &stopped) {
		return end
	}
	if err := im.send(nil); err != nil {
		return err
	}
	if im.rq.format == render.JSON {
		return im.put(im.summaryJSON(stopped, dry))
	}
	var b []byte
	if stopped != nil {
		b = fmt.Appendf(b, "# stopped behind row %d: %s: %s\n", im.tally.rows, stopped.Code, crm.OneLine(stopped.Hint))
	}
	parts := make([]string, len(outcomes))
	for i, word := range outcomes {
		parts[i] = fmt.Sprintf("%d %s", im.tally.counts[i], word)
	}
	word := "imported"
	if dry {
		word = "dry run, nothing was saved"
	}
	return im.put(fmt.Appendf(b, "# %s: %s\n", word, strings.Join(parts, ", ")))
}

func (im *importer) summaryJSON(stopped *crm.Error, dry bool) []byte {
	l := render.Line{}
	for i, word := range outcomes {
		l.Fields = append(l.Fields, render.Field{Name: word, Value: crm.Number(im.tally.counts[i])})
	}
	l.Fields = append(l.Fields, render.Field{Name: "dry_run", Value: crm.Bool(dry)}, render.Field{Name: "complete", Value: crm.Bool(stopped == nil)})
	if stopped != nil {
		l.Fields = append(l.Fields, render.Field{Name: "error", Value: crm.Str(string(stopped.Code))}, render.Field{Name: "hint", Value: crm.Str(stopped.Hint)})
	}
	return l.Append(nil, render.JSON, nil)
}
