package importer

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
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
	listed  int  // rows without an error that have a line
	quiet   int  // those that have none
	counts  Counts
	digest  rowsDigest
	hints   hints
	created map[*crm.Entity]int64 // records that rows refer to, and that were created for them
}

// send sends a line for each result, and before the first how the columns were read.
// Its error ends the import: a client that does not read the answer may be gone.
func (im *Importer) send(results []result) error {
	var piece []byte
	if !im.summary.started {
		im.summary.started = true
		var plan []string
		if !im.isDump() && im.opts.Before == nil { // which its dry run has shown
			plan = append(slices.Clone(im.remarks), im.Plan()...)
		}
		piece = im.appendRemarks(piece, append(plan, im.opts.Remarks...))
	}
	most := im.opts.MaxText
	for _, r := range results {
		im.summary.add(r)
		full := most > 0 && im.summary.sent+len(piece) > most || im.opts.DryRun && im.summary.listed >= im.opts.Limits.Samples
		if r.fault == nil && full && (len(r.notes) == 0 || im.summary.hints.noted > int64(im.opts.Limits.Samples)) {
			im.summary.quiet++ // rows that fail are always listed, because somebody must correct them
			continue
		}
		if r.fault == nil {
			im.summary.listed++
		}
		line := r.line(im.opts.Env.Zone)
		piece = line.Append(piece, im.opts.Format, nil)
	}
	im.summary.sent += len(piece)
	return im.output(piece)
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
	var kept Kept
	var err error
	switch {
	case stopped != nil:
	case im.opts.DryRun && im.confirmable():
		kept, err = im.opts.Keep(im.summary.shown())
	case im.opts.Before != nil && !im.opts.DryRun:
		err = im.opts.Done(im.summary.counts)
	}
	if err != nil {
		return err
	}
	im.trial = nil // its memory is free while the client reads
	var remarks []string
	if im.summary.quiet > 0 {
		remarks = append(remarks, fmt.Sprintf("%d further rows without an error are not listed", im.summary.quiet))
	}
	if n := im.summary.hints.loose; n > 0 && im.identified() {
		remarks = append(remarks, fmt.Sprintf("rows without %s: %d; when a cell of one is corrected, it is another record the next time; name a column that identifies the rows with key=", im.identities(), n))
	}
	b := im.appendRemarks(nil, append(remarks, im.summary.hints.lines()...))
	if im.opts.Format == render.JSON {
		return im.output(im.appendJSON(b, stopped, kept))
	}
	return im.output(im.appendText(b, stopped, kept))
}

// identities says what identifies a row.
func (im *Importer) identities() string {
	if unique := im.opts.Entity.Keys.Unique; unique != "" {
		return "id and " + unique
	}
	return "an id"
}

// confirmable reports whether the import that a dry run showed would save anything: not if every
// row fails, and an atomic import saves nothing while one does.
func (im *Importer) confirmable() bool {
	failed := im.summary.counts[failedRows]
	return failed == 0 || !im.opts.Atomic && failed < int64(im.summary.rows)
}

// changedSince reports whether the import did something else than the dry run showed that was
// confirmed.
func (im *Importer) changedSince() bool {
	return im.opts.Before != nil && !im.opts.Before.equals(im.summary.shown())
}

// differs is the remark that an import did something else than its dry run showed. Of an import
// that broke off, the rows that were saved are unchanged the next time.
func (im *Importer) differs() string {
	const differs = "the result differs from the dry run, because records changed since, or an earlier try saved a part of it; "
	if im.opts.Before.Counts == im.summary.counts {
		return differs + "the counts are the same"
	}
	return differs + "the dry run had: " + im.opts.Before.Counts.String()
}

// shown returns what happened to all rows so far.
func (s *summary) shown() Shown { return Shown{Counts: s.counts, Rows: s.digest.String()} }

// add counts a result.
func (s *summary) add(r result) {
	s.counts.add(r)
	s.digest.add(r)
	s.hints.add(r)
	if s.created == nil {
		s.created = map[*crm.Entity]int64{}
	}
	for _, e := range r.created {
		s.created[e]++
	}
}

// alsoCreated returns how many records of each kind were created because rows refer to them, as
// words and as members of JSON.
func (s *summary) alsoCreated() (words []string, members []crm.Member) {
	kinds := slices.SortedFunc(maps.Keys(s.created), func(a, b *crm.Entity) int { return strings.Compare(a.Plural, b.Plural) })
	for _, e := range kinds {
		words = append(words, e.CountNoun(s.created[e]))
		members = append(members, crm.Member{Name: e.Plural, JSON: strconv.FormatInt(s.created[e], 10)})
	}
	return words, members
}

// appendText appends remarks with the counts, and after a dry run how to save the same.
func (im *Importer) appendText(b []byte, stopped *crm.Error, kept Kept) []byte {
	if stopped != nil {
		b = fmt.Appendf(b, "# stopped after row %d: %s: %s\n", im.summary.rows, stopped.Code, norm.OneLine(stopped.Hint))
	}
	if words, _ := im.summary.alsoCreated(); len(words) > 0 {
		b = fmt.Appendf(b, "# also created, because rows refer to them: %s\n", strings.Join(words, ", "))
	}
	if im.changedSince() {
		b = fmt.Appendf(b, "# %s\n", im.differs())
	}
	if !im.opts.DryRun {
		return appendChange(fmt.Appendf(b, "# imported: %s\n", im.summary.counts), im.opts.Store.Change())
	}
	b = fmt.Appendf(b, "# dry run: %s\n# nothing was saved\n", im.summary.counts)
	switch {
	case kept.Resend:
		return fmt.Appendf(b, "# to do exactly this: repeat with the file and confirm=%s\n", kept.Token)
	case kept.Token != "":
		return fmt.Appendf(b, "# to do exactly this: repeat with confirm=%s\n", kept.Token)
	case stopped != nil:
		return b
	case !im.opts.Atomic:
		return append(b, "# every row fails: correct the rows, then send the file again\n"...)
	}
	return append(b, "# atomic=1 saves nothing if a row fails: correct the rows, then send the file again\n"...)
}

// Saved is what an import has saved.
type Saved struct {
	Counts Counts `json:"counts"`
	Change string `json:"change,omitempty"` // the id of its change group; empty: it has changed nothing
}

// AlreadyDone returns the answer to a repeated confirmation of an import that is done.
func AlreadyDone(s Saved, f render.Format) []byte {
	if f == render.Text {
		b := fmt.Appendf(nil, "# already done, and nothing was saved again: this is the result of the first time, without its rows\n# imported: %s\n", s.Counts)
		return appendChange(b, s.Change)
	}
	l := render.Item{Fields: append(s.Counts.fields(), render.Field{Name: "dry_run", Value: crm.Bool(false)}, render.Field{Name: "complete", Value: crm.Bool(true)}, render.Field{Name: "already_done", Value: crm.Bool(true)})}
	if s.Change != "" {
		l.Fields = append(l.Fields, render.Field{Name: "change", Value: crm.Str(s.Change)})
	}
	return l.Append(nil, render.JSON, nil)
}

// appendChange appends the line that names a change group, if there is one.
func appendChange(b []byte, change string) []byte {
	if change == "" {
		return b
	}
	return fmt.Appendf(b, "# change %s; undo: POST /undo {\"change\":\"%[1]s\"}\n", change)
}

// fields returns the counts, as members of JSON.
func (c Counts) fields() (list []render.Field) {
	for i, word := range outcomes {
		list = append(list, render.Field{Name: word, Value: crm.Number(c[i])})
	}
	return list
}

// appendJSON appends one object with the counts. Clients tell it from the objects of rows
// by the member complete.
func (im *Importer) appendJSON(b []byte, stopped *crm.Error, kept Kept) []byte {
	l := render.Item{Fields: im.summary.counts.fields()}
	l.Fields = append(l.Fields, render.Field{Name: "dry_run", Value: crm.Bool(im.opts.DryRun)}, render.Field{Name: "complete", Value: crm.Bool(stopped == nil)})
	text := func(name, s string) { l.Fields = append(l.Fields, render.Field{Name: name, Value: crm.Str(s)}) }
	if _, members := im.summary.alsoCreated(); len(members) > 0 {
		l.Fields = append(l.Fields, render.Field{Name: "also_created", Value: crm.Members(members)})
	}
	if change := im.opts.Store.Change(); change != "" {
		text("change", change)
	}
	if kept.Token != "" {
		text("confirm", kept.Token)
	}
	if kept.Resend {
		text("confirm_needs", "file")
	}
	if im.changedSince() {
		text("dry_run_said", im.opts.Before.Counts.String())
		text("differs", im.differs())
	}
	if stopped != nil {
		text("error", string(stopped.Code))
		text("hint", stopped.Hint)
	}
	return l.Append(b, render.JSON, nil)
}
