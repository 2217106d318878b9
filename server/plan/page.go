package plan

import (
	"net/url"
	"strconv"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/query/param"
	"crmkit/render"
	"crmkit/store"
)

// How many effects of a dry run an answer shows.
const (
	Shown    = 20 // unless the request has a limit
	MaxShown = 200
)

// PageParams are the parameters of the pages of a dry run.
var PageParams = []string{"limit", "cursor"}

// Page says which effects of a dry run an answer shows.
type Page struct {
	Token       string // of the dry run that the page continues; empty: it is the first page
	From, Limit int
}

// ParsePage reads limit and cursor. A cursor has the token of a dry run and how many of its effects were
// shown, with a dot between them.
func ParsePage(params url.Values) (p Page, fault *crm.Error) {
	p.Limit = Shown
	if params.Has("limit") {
		if p.Limit, _, fault = param.Limit(params.Get("limit"), MaxShown); fault != nil {
			return p, fault
		}
	}
	if !params.Has("cursor") {
		return p, nil
	}
	token, from, _ := strings.Cut(params.Get("cursor"), ".")
	at, err := strconv.Atoi(from)
	if err != nil || at < 0 || token == "" {
		return p, crm.Errorf(crm.InvalidCursor, "cursor=%s is not one of a dry run: send the one of its answer.", norm.Quote(params.Get("cursor"))).On("cursor")
	}
	p.Token, p.From = token, at
	return p, nil
}

// Of returns the place of the page in a list of so many effects.
func (p Page) Of(total int) (from, to int) {
	from = min(p.From, total)
	return from, from + min(p.Limit, total-from)
}

// Next returns the cursor of the page after this one of a dry run with the token; empty: there is none.
func (p Page) Next(token string, total int) string {
	if _, to := p.Of(total); to < total {
		return token + "." + strconv.Itoa(to)
	}
	return ""
}

// has reports whether the nth effect is on the page, counted from 0.
func (p Page) has(n int) bool { return n >= p.From && n-p.From < p.Limit }

// maxLabel is the most characters that an effect has of the name of a record.
const maxLabel = 80

// Label returns the name of a record as effects show it. A record whose name is that of another one has none.
func Label(rec crm.Record) string {
	f := rec.Entity.Field(rec.Entity.LabelField)
	if f == nil || f.IsReference() {
		return ""
	}
	label := []rune(rec.Value(f.Name).Text)
	if len(label) > maxLabel {
		return string(label[:maxLabel]) + "…"
	}
	return string(label)
}

// effectOf returns what a change does to a record, as answers show it. A record that does not exist yet has
// its kind instead of its handle, and so have references to it.
func effectOf(r Receipt, c store.Change, made madeRecords) render.Effect {
	if r.isMade() && r.Result == store.Created {
		return render.Effect{Handle: r.kind(), Result: r.Result, Fields: render.NewValues(c.After)}
	}
	e := render.Effect{Handle: r.Record, Result: r.Result, Label: Label(c.Before)}
	if r.isMade() {
		e.Handle = r.kind()
	}
	if r.Result != store.Updated {
		return e
	}
	e.Changed = render.Preview(r.changes)
	for i, to := range e.Changed {
		if name := made.names[to.ToID]; name != "" {
			e.Changed[i].To, e.Changed[i].ToID = crm.Str("the new "+Receipt{Record: name}.kind()), ""
		}
	}
	return e
}

// Report returns the effects of the page of a write, for its answer. handle is that of the record that the
// answer is about: nil if the write changes no other one.
func (l *Collector) Report(token, handle string) *render.Bulk {
	total := len(l.list)
	if total == 0 || total == 1 && (l.list[0].Record == handle || l.list[0].isMade()) {
		return nil
	}
	b := &render.Bulk{Effects: l.effects, Next: l.Page.Next(token, total)}
	if l.Page.Token != "" {
		b.Counts = []render.Number{{Name: "shown", N: len(l.effects)}, {Name: "total", N: total}}
		return b
	}
	for _, result := range []string{store.Created, store.Updated, merged, deleted} {
		if n := l.results[result]; n > 0 {
			b.Counts = append(b.Counts, render.Number{Name: result, N: n})
		}
	}
	return b
}

// Differs is the remark of a further page of a dry run whose plan does not hold any more.
func Differs(what string) string {
	return "the plan does not hold any more: " + what + ". confirm= would be refused; repeat the dry run without cursor"
}

// Results of receipts that are about no change of a record. The name of their record is followed by a blank and
// what they are about.
const (
	counted = "counted" // records that are not listed
	fails   = "fails"
)

// Failure returns the receipt of a part of a write that fails, and does not stop the others: a record, or a line
// of a batch. Of the error it has only what is the same each time.
func Failure(what string, fault *crm.Error) Receipt {
	return Receipt{Record: what + " " + fails, Result: fails, Digest: string(fault.Code) + " " + fault.Field}
}

// Counted returns the receipts of what follows the delete or merge of a record to which so many refer that
// they are counted and not listed.
func Counted(rec crm.Record, counts []crm.Count) (list []Receipt) {
	for _, c := range counts {
		if c.Deleted+c.Unlinked == 0 {
			continue
		}
		list = append(list, Receipt{Record: rec.Handle() + " " + c.Of.Plural, Result: counted, Digest: strconv.FormatInt(c.Deleted, 10) + " " + strconv.FormatInt(c.Unlinked, 10),
			count: c.Of.CountNoun(c.Deleted + c.Unlinked)})
	}
	return list
}

// FailedLines returns the receipts of the lines of a batch that fail.
func FailedLines(lines render.Receipts) (list []Receipt) {
	for _, r := range lines {
		if r.Doc != nil && r.Doc.Error != nil {
			list = append(list, Failure("line "+strconv.Itoa(r.Line), r.Doc.Error))
		}
	}
	return list
}
