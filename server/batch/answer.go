package batch

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"crmkit/crm"
	"crmkit/render"
	"crmkit/server/web"
	"crmkit/store"
)

// unconfirmed is the answer to a batch that waits for the user's yes, since a line of it does: what all
// lines would do.
func (b *batch) unconfirmed(offer *web.Offer) *render.Response {
	var asking []int
	for i, l := range b.lines {
		if l.asks {
			asking = append(asking, i+1)
		}
	}
	start := "nothing was saved yet, because " + numbered(asking)
	if start += " needs"; len(asking) > 1 {
		start = strings.TrimSuffix(start, "s")
	}
	start += " a confirmation."
	if offer.Sent != "" {
		start = "that confirm token is not valid: it is mistyped, for another request, or over 15 minutes old. Nothing was saved."
	}
	fault := crm.Errorf(crm.ConfirmationRequired, "%s Below is what the batch does. Ask the user; if the answer is yes, send the same batch within 15 minutes with confirm=%s", start, offer.Report.Confirm)
	return offer.Answer(fault)
}

// refused is the answer to a batch of which nothing was saved: the lines that failed or were not
// tried, and the numbers of those that were fine.
func (b *batch) refused() *render.Response {
	doc := &render.Response{}
	var failed, fine []int
	for _, r := range b.receipts.Unsaved() {
		if r.Doc != nil && r.Doc.Error == nil {
			fine = append(fine, r.Line)
			continue
		}
		if doc.Receipts = append(doc.Receipts, r); r.Doc == nil {
			continue
		}
		if failed = append(failed, r.Line); doc.Error == nil {
			doc.Error = &crm.Error{Code: r.Doc.Error.Code, HTTP: r.Doc.Error.HTTP}
		}
	}
	verb := "fails"
	if len(failed) > 1 {
		verb = "fail"
	}
	doc.Error.Hint = fmt.Sprintf("nothing was saved, because %s %s; the reason is below. Correct it and send the whole batch again", numbered(failed), verb)
	if len(fine) > 0 {
		doc.Error.Hint += "; atomic=0 saves the other lines"
		doc.Remarks = []string{"no error, but not saved: " + numbered(fine)}
	}
	doc.Error.Hint += "."
	return doc
}

// maxShown is the most records that the errors of lines show, each once. A record may have some
// 100 kB, so that those of 500 lines would fill the memory.
const maxShown = 20

// brief returns the error of a line without the record that it shows, if another line shows that
// already, or many show others.
func (b *batch) brief(fault *crm.Error) *crm.Error {
	if fault.Record == nil {
		return fault
	}
	handle := fault.Record.Handle()
	if !slices.Contains(b.shown, handle) && len(b.shown) < maxShown {
		b.shown = append(b.shown, handle)
		return fault
	}
	short := *fault
	short.Record = nil
	short.Hint = strings.Replace(short.Hint, "Decide on the record below", "Read it, decide", 1)
	return &short
}

// numbered names lines by their numbers: "line 2", "lines 1, 4-9".
func numbered(lines []int) string {
	text := "line "
	if len(lines) > 1 {
		text = "lines "
	}
	for i := 0; i < len(lines); {
		end := i
		for end+1 < len(lines) && lines[end+1] == lines[end]+1 {
			end++
		}
		if i > 0 {
			text += ", "
		}
		text += strconv.Itoa(lines[i])
		if end > i {
			text += "-" + strconv.Itoa(lines[end])
		}
		i = end + 1
	}
	return text
}

// alsoChanged says which other records a line that deletes one has deleted or changed. Deletes
// are in batches that have a dry run, which notes the changes.
func alsoChanged(doc *render.Response, changes []store.Change) []string {
	if doc.Result != "deleted" || len(changes) < 2 {
		return nil
	}
	deleted, cleared := map[*crm.Entity]int64{}, map[*crm.Entity]int64{}
	for _, c := range changes {
		switch e := c.After.Entity; {
		case c.After.ID == crm.CutHandle(doc.Line.Handle()):
		case c.After.Version() == 0:
			deleted[e]++
		default:
			cleared[e]++
		}
	}
	var words []string
	if len(deleted) > 0 {
		words = append(words, "also deleted: "+counted(deleted))
	}
	if len(cleared) > 0 {
		words = append(words, "reference to it cleared in "+counted(cleared))
	}
	return words
}

// counted names numbers of records by kind.
func counted(numbers map[*crm.Entity]int64) string {
	var words []string
	for e, n := range numbers {
		words = append(words, e.CountNoun(n))
	}
	slices.Sort(words)
	return strings.Join(words, ", ")
}
