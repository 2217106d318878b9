package server

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/render"
	"crmkit/store"
)

// importResult is what became of a row.
type importResult struct {
	n       int
	outcome string // created, updated, unchanged
	handle  string
	fault   *crm.Error
}

// importSummary counts what became of the rows.
type importSummary struct {
	rows     int
	reported bool // how the columns were read
	sent     int  // bytes of lines
	quiet    int  // rows of which no line was sent
	counts   [4]int64
}

// outcomes are what a row can come to, as the last line counts it.
var outcomes = [4]string{store.Created, store.Updated, store.Unchanged, "failed"}

const failedRows = len(outcomes) - 1

func (t *importSummary) add(r importResult) {
	for i, word := range outcomes {
		if word == r.outcome || r.fault != nil && word == "failed" {
			t.counts[i]++
		}
	}
}

// line returns the result as a line. In a dry run the record that would be made has
// no name yet.
func (r importResult) line() render.Item {
	number := render.Field{Name: "row", Value: crm.Number(int64(r.n)), JSON: true}
	text := func(name, s string) render.Field { return render.Field{Name: name, Value: crm.Str(s), JSON: true} }
	if r.fault != nil {
		l := render.Item{Head: fmt.Sprintf("row %d ERROR %s %s", r.n, r.fault.Code, norm.OneLine(r.fault.Hint)),
			Fields: []render.Field{number, text("error", string(r.fault.Code)), text("hint", r.fault.Hint)}}
		if r.fault.Field != "" {
			l.Fields = append(l.Fields, text("field", r.fault.Field))
		}
		return l
	}
	return render.Item{Head: strings.TrimSpace(fmt.Sprintf("row %d %s %s", r.n, r.outcome, r.handle)),
		Fields: []render.Field{number, text("result", r.outcome), text("handle", r.handle)}}
}

// send sends the results of a batch; before the first, how columns were read.
func (im *importer) send(results []importResult) error {
	var piece []byte
	if !im.summary.reported {
		im.summary.reported = true
		piece = im.appendRemarks(piece, append(im.remarks(), im.rq.remarks...))
	}
	for _, r := range results {
		im.summary.add(r)
		if im.rq.internal && r.fault == nil && im.summary.sent+len(piece) > maxToolText/2 {
			im.summary.quiet++ // a tool shows no more than so much; rows that fail must be mended
			continue
		}
		line := r.line()
		piece = line.Append(piece, im.rq.format, nil)
	}
	im.summary.sent += len(piece)
	return im.output(piece) // a client that does not read what became of its rows stops the import
}

// remarks says whose export the rows are and how their columns were read.
func (im *importer) remarks() []string {
	if im.isDump {
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
		b = norm.AppendQuoted(b, remark)
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
	if im.summary.quiet > 0 {
		b = im.appendRemarks(b, []string{fmt.Sprintf("%d further rows that did not fail are not listed: the answer is longer than a tool may show", im.summary.quiet)})
	}
	if im.rq.format == render.JSON {
		return im.output(append(b, im.summaryJSON(stopped, dry, token)...))
	}
	if stopped != nil {
		b = fmt.Appendf(b, "# stopped behind row %d: %s: %s\n", im.summary.rows, stopped.Code, norm.OneLine(stopped.Hint))
	}
	if im.before != nil && *im.before != im.summary.counts {
		b = fmt.Appendf(b, "# since the dry run records changed; it said: %s\n", outcomeText(*im.before))
	}
	if !dry {
		return im.output(fmt.Appendf(b, "# imported: %s\n", outcomeText(im.summary.counts)))
	}
	b = fmt.Appendf(b, "# dry run: %s\n", outcomeText(im.summary.counts))
	return im.output(im.appendNext(b, stopped, token))
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
	return !atomic || im.summary.counts[failedRows] == 0
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
		l.Fields = append(l.Fields, render.Field{Name: word, Value: crm.Number(im.summary.counts[i])})
	}
	l.Fields = append(l.Fields, render.Field{Name: "dry_run", Value: crm.Bool(dry)}, render.Field{Name: "complete", Value: crm.Bool(stopped == nil)})
	if token != "" {
		l.Fields = append(l.Fields, render.Field{Name: "confirm", Value: crm.Str(token)})
	}
	if im.before != nil && *im.before != im.summary.counts {
		l.Fields = append(l.Fields, render.Field{Name: "dry_run_said", Value: crm.Str(outcomeText(*im.before))})
	}
	if stopped != nil {
		l.Fields = append(l.Fields, render.Field{Name: "error", Value: crm.Str(string(stopped.Code))}, render.Field{Name: "hint", Value: crm.Str(stopped.Hint)})
	}
	return l.Append(nil, render.JSON, nil)
}
