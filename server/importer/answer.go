package importer

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/render"
)

// summary is the state of the answer.
type summary struct {
	rows    int
	started bool // the remarks about the columns were sent
	sent    int  // bytes of lines
	quiet   int  // rows without a line
	counts  Counts
}

// send sends a line for each result, and before the first how the columns were read.
// Its error ends the import: a client that does not read the answer may be gone.
func (im *Importer) send(results []result) error {
	var piece []byte
	if !im.summary.started {
		im.summary.started = true
		piece = im.appendRemarks(piece, append(im.remarks(), im.opts.Remarks...))
	}
	most := im.opts.MaxText
	for _, r := range results {
		im.summary.counts.add(r)
		if most > 0 && r.fault == nil && im.summary.sent+len(piece) > most {
			im.summary.quiet++ // rows that fail are always listed, because somebody must correct them
			continue
		}
		line := r.line()
		piece = line.Append(piece, im.opts.Format, nil)
	}
	im.summary.sent += len(piece)
	return im.output(piece)
}

// maxMarks is how many columns a remark names as the reason for a source.
const maxMarks = 3

// remarks say whose export the file is and how its columns were read.
func (im *Importer) remarks() []string {
	if im.isDump() {
		return nil
	}
	var list []string
	if im.source != "" && !strings.HasPrefix(im.source, unknownSource) {
		why := ""
		if len(im.marks) > 0 {
			why = ", known by the columns " + crm.Enumerate(im.marks[:min(len(im.marks), maxMarks)], "and")
		}
		list = append(list, "source: "+im.source+why)
	}
	list = append(list, im.rows.Remarks()...)
	return append(append(list, im.columns.Remarks()...), im.columns.StyleRemarks()...)
}

// appendRemarks appends remarks as lines of text or as one object.
func (im *Importer) appendRemarks(b []byte, remarks []string) []byte {
	if len(remarks) == 0 {
		return b
	}
	if im.opts.Format == render.Text {
		doc := render.Response{Remarks: remarks}
		return doc.Append(b, render.Text)
	}
	return append(b, `{"remarks":`+norm.QuoteList(remarks)+"}\n"...)
}

// finish sends the last lines: the counts, and why the import stopped unless it did at
// the end of the file. It returns an error that is not about the file.
func (im *Importer) finish(end error) error {
	var stopped *crm.Error
	if end != io.EOF && !errors.As(end, &stopped) {
		return end
	}
	if err := im.send(nil); err != nil {
		return err
	}
	token := ""
	if im.opts.DryRun && stopped == nil && im.confirmable() {
		var err error
		if token, err = im.opts.Keep(im.summary.counts); err != nil {
			return err
		}
	}
	var b []byte
	if im.summary.quiet > 0 {
		b = im.appendRemarks(b, []string{fmt.Sprintf("%d further rows without an error are not listed, because the answer is too long for a tool", im.summary.quiet)})
	}
	if im.opts.Format == render.JSON {
		return im.output(im.appendJSON(b, stopped, token))
	}
	return im.output(im.appendText(b, stopped, token))
}

// confirmable reports whether the import that a dry run showed would save anything: an atomic
// import saves nothing while a row fails.
func (im *Importer) confirmable() bool {
	return !im.opts.Atomic || im.summary.counts[failedRows] == 0
}

// changedSince reports whether the counts differ from those of the dry run that was
// confirmed.
func (im *Importer) changedSince() bool {
	return im.opts.Before != nil && *im.opts.Before != im.summary.counts
}

// appendText appends remarks with the counts, and after a dry run how to save the same.
func (im *Importer) appendText(b []byte, stopped *crm.Error, token string) []byte {
	if stopped != nil {
		b = fmt.Appendf(b, "# stopped after row %d: %s: %s\n", im.summary.rows, stopped.Code, norm.OneLine(stopped.Hint))
	}
	if im.changedSince() {
		b = fmt.Appendf(b, "# the result differs from the dry run, because records have changed since; the dry run had: %s\n", *im.opts.Before)
	}
	if !im.opts.DryRun {
		return fmt.Appendf(b, "# imported: %s\n", im.summary.counts)
	}
	b = fmt.Appendf(b, "# dry run: %s\n# nothing was saved\n", im.summary.counts)
	switch {
	case token != "":
		return fmt.Appendf(b, "# to do exactly this: repeat with confirm=%s\n", token)
	case stopped != nil:
		return b
	case !im.confirmable():
		return append(b, "# atomic=1 saves nothing if a row fails: correct the rows, then send the file again\n"...)
	}
	return append(b, "# the server has no room for the file: to save it, send it again without dry_run\n"...)
}

// appendJSON appends one object with the counts. Clients tell it from the objects of rows
// by the member complete.
func (im *Importer) appendJSON(b []byte, stopped *crm.Error, token string) []byte {
	l := render.Item{}
	for i, word := range outcomes {
		l.Fields = append(l.Fields, render.Field{Name: word, Value: crm.Number(im.summary.counts[i])})
	}
	l.Fields = append(l.Fields, render.Field{Name: "dry_run", Value: crm.Bool(im.opts.DryRun)}, render.Field{Name: "complete", Value: crm.Bool(stopped == nil)})
	text := func(name, s string) { l.Fields = append(l.Fields, render.Field{Name: name, Value: crm.Str(s)}) }
	if token != "" {
		text("confirm", token)
	}
	if im.changedSince() {
		text("dry_run_said", im.opts.Before.String())
	}
	if stopped != nil {
		text("error", string(stopped.Code))
		text("hint", stopped.Hint)
	}
	return l.Append(b, render.JSON, nil)
}
