package importer

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"slices"
	"strconv"
	"strings"
	"time"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/render"
	"crmkit/server/importer/rows"
	"crmkit/store"
)

// result is the outcome of one row.
type result struct {
	n        int
	fileLine int    // 0: as n says
	outcome  string // created, updated or unchanged
	handle   string // of the record; empty for one that a dry run would create
	changes  []render.Change
	created  []*crm.Entity // of the records that it refers to and that were created with it
	kept     []string      // fields that keep the value of an earlier row, which the row contradicts
	made     crm.Record    // what a dry run would create
	like     likeness      // of the row
	loose    bool          // only its cells identify the row
	again    bool          // an earlier row of the file is about the same record
	timed    *crm.Field    // the flag whose time is that of the import; nil: none
	near     []string      // remarks about keys that were probably meant as declared ones
	notes    []string      // what else the answer says of the row
	fault    *crm.Error    // why the row failed
}

// outcomes are the possible outcomes of a row, in the order of Counts.
var outcomes = [4]string{store.Created, store.Updated, store.Unchanged, "failed"}

const failedRows = len(outcomes) - 1

// Counts are how many rows had each outcome.
type Counts [len(outcomes)]int64

func (c *Counts) add(r result) {
	for i, word := range outcomes {
		if word == r.outcome || r.fault != nil && i == failedRows {
			c[i]++
		}
	}
}

// String words the counts, like "2 created, 0 updated, 1 unchanged, 0 failed".
func (c Counts) String() string {
	parts := make([]string, len(outcomes))
	for i, word := range outcomes {
		parts[i] = fmt.Sprintf("%d %s", c[i], word)
	}
	return strings.Join(parts, ", ")
}

// Shown is what a dry run showed of a file, or what an import did with it. Both are equal if no
// record changed in between.
type Shown struct {
	Counts Counts `json:"counts"`
	Rows   string `json:"rows,omitempty"` // a digest of the outcomes of all rows; empty: not known
}

// equals reports whether nothing is known to differ.
func (s Shown) equals(other Shown) bool {
	return s.Counts == other.Counts && (s.Rows == other.Rows || s.Rows == "" || other.Rows == "")
}

// rowsDigest sums up the outcomes of rows. The zero value has none.
type rowsDigest struct{ sum hash.Hash }

func (d *rowsDigest) add(r result) {
	if d.sum == nil {
		d.sum = sha256.New()
	}
	_, _ = d.sum.Write(r.appendOutcome(nil)) // a hash takes everything
}

func (d *rowsDigest) String() string {
	if d.sum == nil {
		return ""
	}
	return hex.EncodeToString(d.sum.Sum(nil)[:8])
}

// appendOutcome appends what must be equal in a dry run and in the import that it announces: the
// outcome, the kinds of the records that were created for the row, and which fields changed, with
// the values that they had. Ids are not in it, since those of new records are not known in a dry
// run, nor are the new values: the file decides them, or they are the time of the import. Such a
// time may also be what a field had, if an earlier row set it.
func (r result) appendOutcome(b []byte) []byte {
	b = append(append(strconv.AppendInt(b, int64(r.n), 10), ' '), r.outcome...)
	if r.fault != nil {
		b = append(append(b, ' '), r.fault.Code...)
	}
	var kinds []string
	for _, e := range r.created {
		kinds = append(kinds, e.Name)
	}
	slices.Sort(kinds)
	b = norm.AppendStrings(append(b, ' '), kinds)
	former := slices.Clone(r.changes)
	for i := range former {
		if former[i].To = (crm.Value{}); r.again && former[i].From.Kind == crm.TimeKind {
			former[i].From = crm.Value{}
		}
	}
	return append(norm.AppendObject(b, render.ChangesField(former).Value.Members()), '\n')
}

// line returns the result as a line of the answer: of an update with what changed, of a record
// that a dry run would create with its values, of a row that failed with its line in the file. A hint is put on one line, so that each row has
// one.
func (r result) line(zone *time.Location) render.Item {
	number := render.Field{Name: "row", Value: crm.Number(int64(r.n)), JSON: true}
	text := func(name, s string) render.Field { return render.Field{Name: name, Value: crm.Str(s), JSON: true} }
	if r.fault != nil {
		fault := r.fault.ByRow()
		l := render.Item{Head: fmt.Sprintf("row %s ERROR %s %s", rows.Place{N: r.n, Line: r.fileLine}, fault.Code, norm.OneLine(fault.Hint)),
			Fields: []render.Field{number, text("error", string(fault.Code)), text("hint", fault.Hint)}}
		if r.fileLine > 0 {
			l.Fields = append(l.Fields, render.Field{Name: "line", Value: crm.Number(int64(r.fileLine)), JSON: true})
		}
		if fault.Field != "" {
			l.Fields = append(l.Fields, text("field", fault.Field))
		}
		return l
	}
	l := render.Item{Head: strings.TrimSpace(fmt.Sprintf("row %d %s %s", r.n, r.outcome, r.handle)),
		Fields: []render.Field{number, text("result", r.outcome), text("handle", r.handle)}}
	if len(r.kept) > 0 {
		l.Head += " (an earlier row of the file has another " + strings.Join(r.kept, ", ") + ", which stays)"
		l.Fields = append(l.Fields, render.Field{Name: "kept", Value: crm.Labels(r.kept), JSON: true})
	}
	switch {
	case len(r.changes) > 0:
		l.Head += string(render.AppendChanges([]byte(" "), r.changes, zone))
		l.Fields = append(l.Fields, render.ChangesField(r.changes))
	case r.made.Entity != nil:
		l.Fields = append(l.Fields, render.NewValues(r.made)...)
	}
	if len(r.notes) > 0 {
		l.Head += " (" + norm.OneLine(strings.Join(r.notes, "; ")) + ")"
		l.Fields = append(l.Fields, render.Field{Name: "notes", Value: crm.Labels(r.notes), JSON: true})
	}
	return l
}
