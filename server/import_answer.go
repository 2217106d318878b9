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
	sent   int  // bytes of lines
	quiet  int  // rows of which no line was sent
	counts [4]int64
}

// outcomes are what a row can come to, as the last line counts it.
var outcomes = [4]string{store.Created, store.Updated, store.Unchanged, "failed"}

const failedRows = len(outcomes) - 1

func (t *tally) add(r result) {
	for i, word := range outcomes {
		if word == r.word || r.fault != nil && word == "failed" {
			t.counts[i]++
		}
	}
}

// line returns the result as a line. In a dry run the record that would be made has
// no name yet.
func (r result) line() render.Item {
	number := render.Field{Name: "row", Value: crm.Number(int64(r.n)), JSON: true}
	text := func(name, s string) render.Field { return render.Field{Name: name, Value: crm.Str(s), JSON: true} }
	if r.fault != nil {
		l := render.Item{Head: fmt.Sprintf("row %d ERROR %s %s", r.n, r.fault.Code, crm.OneLine(r.fault.Hint)),
			Fields: []render.Field{number, text("error", string(r.fault.Code)), text("hint", r.fault.Hint)}}
		if r.fault.Field != "" {
			l.Fields = append(l.Fields, text("field", r.fault.Field))
		}
		return l
	}
	return render.Item{Head: strings.TrimSpace(fmt.Sprintf("row %d %s %s", r.n, r.word, r.handle)),
		Fields: []render.Field{number, text("result", r.word), text("handle", r.handle)}}
}

// send sends the results of a batch; before the first, how columns were read.
func (im *importer) send(results []result) error {
	var piece []byte
	if !im.tally.told {
		im.tally.told = true
		piece = im.appendRemarks(piece, append(im.remarks(), im.rq.remarks...))
	}
	for _, r := range results {
		im.tally.add(r)
		if im.rq.inner && r.fault == nil && im.tally.sent+len(piece) > maxToolText/2 {
			im.tally.quiet++ // a tool shows no more than so much; rows that fail must be mended
			continue
		}
		line := r.line()
		piece = line.Append(piece, im.rq.format, nil)
	}
	im.tally.sent += len(piece)
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
	doc := render.Response{Remarks: remarks}
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
	token := ""
	if dry && stopped == nil && im.confirmable() {
		var err error
		if token, err = im.keepFile(); err != nil {
			return err
		}
	}
	var b []byte
	if im.tally.quiet > 0 {
		b = im.appendRemarks(b, []string{fmt.Sprintf("%d further rows that did not fail are not listed: the answer is longer than a tool may show", im.tally.quiet)})
	}
	if im.rq.format == render.JSON {
		return im.put(append(b, im.summaryJSON(stopped, dry, token)...))
	}
	if stopped != nil {
		b = fmt.Appendf(b, "# stopped behind row %d: %s: %s\n", im.tally.rows, stopped.Code, crm.OneLine(stopped.Hint))
	}
	if im.before != nil && *im.before != im.tally.counts {
		b = fmt.Appendf(b, "# since the dry run records changed; it said: %s\n", outcomeText(*im.before))
	}
	if !dry {
		return im.put(fmt.Appendf(b, "# imported: %s\n", outcomeText(im.tally.counts)))
	}
	b = fmt.Appendf(b, "# dry run: %s\n", outcomeText(im.tally.counts))
	return im.put(im.appendNext(b, stopped, token))
}

// outcomeText words what became of rows.
func outcomeText(counts [4]int64) string {
	parts := make([]string, len(outcomes))
	for i, word := range outcomes {
		parts[i] = fmt.Sprintf("%d %s", counts[i], word)
	}
	return strings.Join(parts, ", ")
}

// confirmable reports whether what a dry run shows can be done: atomic saves nothing
// while a row fails.
func (im *importer) confirmable() bool {
	atomic, _ := switchedOn(im.rq, "atomic")
	return !atomic || im.tally.counts[failedRows] == 0
}

// appendNext says behind a dry run how to do what it showed.
func (im *importer) appendNext(b []byte, stopped *crm.Error, token string) []byte {
	b = append(b, "# nothing was saved\n"...)
	switch {
	case token != "":
		return fmt.Appendf(b, "# to do exactly this: repeat with confirm=%s\n", token)
	case stopped != nil:
		return b
	case !im.confirmable():
		return append(b, "# atomic=1 saves nothing while a row fails: mend the rows, then send the file again\n"...)
	}
	return append(b, "# the server cannot keep the file for now: to do this, send the file again without dry_run\n"...)
}

func (im *importer) summaryJSON(stopped *crm.Error, dry bool, token string) []byte {
	l := render.Item{}
	for i, word := range outcomes {
		l.Fields = append(l.Fields, render.Field{Name: word, Value: crm.Number(im.tally.counts[i])})
	}
	l.Fields = append(l.Fields, render.Field{Name: "dry_run", Value: crm.Bool(dry)}, render.Field{Name: "complete", Value: crm.Bool(stopped == nil)})
	if token != "" {
		l.Fields = append(l.Fields, render.Field{Name: "confirm", Value: crm.Str(token)})
	}
	if im.before != nil && *im.before != im.tally.counts {
		l.Fields = append(l.Fields, render.Field{Name: "dry_run_said", Value: crm.Str(outcomeText(*im.before))})
	}
	if stopped != nil {
		l.Fields = append(l.Fields, render.Field{Name: "error", Value: crm.Str(string(stopped.Code))}, render.Field{Name: "hint", Value: crm.Str(stopped.Hint)})
	}
	return l.Append(nil, render.JSON, nil)
}
