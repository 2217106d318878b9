package batch

import (
	"errors"
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/render"
	"crmkit/server/plan"
	"crmkit/server/web"
	"crmkit/store"
)

// MaxChanges is how many records a batch changes, with all that follow: the writer takes some
// 100 ms for them, for which other writes wait.
const MaxChanges = 1000

// Route returns the route of batches.
func Route() web.Route {
	return web.Route{Method: "POST", Path: "/batch", Access: web.Write, Group: "work", Params: append([]string{"atomic"}, web.PagedParams...), Lines: MaxLines, Handle: handle,
		Doc: "many writes at once, all or none"}
}

// batch is a batch on its way through its request.
type batch struct {
	rq     *web.Request
	lines  []line
	atomic bool
	ready  []ready // the lines that use no names, decoded

	// Of the run that was the last one:
	receipts render.Receipts
	shown    []string // the records that errors of lines show
	ids      []string // of the records of the lines
}

// ready is a line that can be run, or its error.
type ready struct {
	line  *web.Line
	fault *crm.Error
}

// handle answers POST /batch with a receipt for each line. If a line of an atomic batch fails, or
// every line of another one, nothing is saved, and the answer has the code of the first error.
// The other lines are tried all the same, so that the answer has every error; but a line that
// needs the record of one that failed is not tried.
//
// Errors: those of the lines, and bad_json, unknown_field, missing_field and invalid_value for
// the form of the batch and its names.
func handle(rq *web.Request) (*render.Response, error) {
	b := &batch{rq: rq}
	var fault *crm.Error
	if b.atomic, fault = isAtomic(rq.Params.Get("atomic")); fault != nil {
		return nil, fault
	}
	if version, fault := rq.IfMatch(); fault != nil || version != 0 {
		return nil, crm.Errorf(crm.InvalidValue, `If-Match is for one record, and nothing was saved. Send the version in the lines that need it: "body":{"version":7}.`).On("If-Match")
	}
	data, fault := rq.Bytes()
	if fault != nil {
		return nil, fault
	}
	if b.lines, fault = parse(data); fault != nil {
		return nil, fault
	}
	if fault = link(b.lines, rq.Env.Schema, rq.FindRoute); fault != nil {
		return nil, fault
	}
	if err := b.prepare(); err != nil {
		return nil, err
	}
	transact := rq.Transact
	if slices.ContainsFunc(b.lines, func(l line) bool { return l.asks }) {
		transact = rq.TransactConfirmed
	}
	doc, err := transact(b.save)
	var offer *web.Offer
	switch {
	case store.TooLong(err):
		return nil, crm.Errorf(crm.InvalidValue, "the %d lines take longer to save than one write may, and nothing was saved. Send them in several batches.", len(b.lines))
	case errors.Is(err, errNothingSaved):
		doc = b.refused()
		if errors.Is(err, web.ErrFailsNow) {
			doc.Error = plan.FailsNow(doc.Error)
		}
		return doc, nil
	case errors.As(err, &offer):
		return b.unconfirmed(offer), nil
	}
	return doc, err
}

// isAtomic reads ?atomic=, on if it is missing. Other values are refused: atomic=none could mean
// either.
func isAtomic(value string) (bool, *crm.Error) {
	switch strings.ToLower(value) {
	case "", "1", "true", "yes":
		return true, nil
	case "0", "false", "no":
		return false, nil
	}
	return false, crm.Errorf(crm.InvalidValue, "atomic=%s: write atomic=0 to save each line alone, or leave it out to save all lines or none.", norm.Quote(value)).On("atomic")
}

// errNothingSaved ends the transaction of a batch of which nothing is saved, because lines failed.
var errNothingSaved = errors.New("lines of the batch failed")

// prepare decodes the lines that use no names.
func (b *batch) prepare() (err error) {
	b.ready = make([]ready, len(b.lines))
	for i, l := range b.lines {
		if len(l.needs) > 0 {
			continue
		}
		if b.ready[i], err = b.decode(l.call); err != nil {
			return err
		}
		if b.ready[i].line != nil {
			b.rq.WillAsk(b.ready[i].line.WillAsk())
		}
	}
	return nil
}

// decode decodes a call. The error is not that of the call, which is in the result.
func (b *batch) decode(c web.Call) (ready, error) {
	l, err := b.rq.Line(c)
	if err == nil {
		return ready{line: l}, nil
	}
	fault, known := b.rq.Known(err)
	if !known {
		return ready{}, err
	}
	return ready{fault: fault}, nil
}

// save runs the lines in a transaction, which may run several times.
func (b *batch) save(tx *store.Tx) (*render.Response, error) {
	b.receipts, b.ids, b.shown = make(render.Receipts, 0, len(b.lines)), make([]string, len(b.lines)), nil
	before, err := tx.Counters()
	if err != nil {
		return nil, err
	}
	for i := range b.lines {
		r, err := b.run(tx, i, before.Last)
		if err != nil {
			return nil, err
		}
		b.receipts = append(b.receipts, r)
	}
	done, failed, _ := b.receipts.Counts()
	if done == 0 || failed > 0 && b.atomic {
		return nil, errNothingSaved
	}
	return &render.Response{Receipts: b.receipts}, nil
}

// run runs the line at a place, in a transaction before which the log ended with an entry. What a
// line that fails wrote is taken back.
func (b *batch) run(tx *store.Tx, i int, logged int64) (r render.Receipt, err error) {
	l := &b.lines[i]
	if r.Line, r.As = i+1, l.as; b.cause(l) > 0 {
		r.Needs = b.cause(l)
		return r, nil
	}
	next := b.ready[i]
	if len(l.needs) > 0 {
		call, fault := l.resolve(b.rq.Env.Schema, b.idOf)
		if fault != nil {
			return r, fault
		}
		if next, err = b.decode(call); err != nil {
			return r, err
		}
	}
	if next.fault == nil {
		err = tx.Savepoint(func() (err error) {
			before := len(tx.Changes())
			if r.Doc, err = next.line.Run(tx); err != nil {
				return err
			}
			r.Doc.Remarks = append(r.Doc.Remarks, alsoChanged(r.Doc, tx.Changes()[before:])...)
			return checkChanges(tx, logged)
		})
	}
	if err != nil {
		var known bool
		if next.fault, known = b.rq.Known(err); !known {
			return r, err
		}
	}
	if next.fault != nil {
		r.Doc = &render.Response{Error: b.brief(next.fault)}
		return r, nil
	}
	b.ids[i] = crm.CutHandle(r.Doc.Line.Handle())
	return r, nil
}

// checkChanges refuses the line after which a batch has changed too many records. Each change of a
// record has an entry in the log.
func checkChanges(tx *store.Tx, logged int64) error {
	now, err := tx.Counters()
	if err == nil && now.Last-logged > MaxChanges {
		return crm.Errorf(crm.InvalidValue, "with this line the batch changes more than the maximum of %d records, those included that follow. Send this line and the rest in another batch.", MaxChanges)
	}
	return err
}

// cause returns the number of the line that failed and whose record a line needs; 0: there is none.
func (b *batch) cause(l *line) int {
	for _, by := range l.needs {
		r := b.receipts[by]
		if r.Doc == nil {
			return r.Needs
		}
		if r.Doc.Error != nil {
			return r.Line
		}
	}
	return 0
}

// idOf returns the id of the record with a name, whose line was run.
func (b *batch) idOf(name string) (string, *crm.Error) {
	for i, l := range b.lines {
		if l.as == name {
			return b.ids[i], nil
		}
	}
	return "", nil
}
