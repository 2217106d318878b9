package trash

import (
	"errors"
	"fmt"
	"strings"

	"crmkit/crm"
	"crmkit/render"
	effects "crmkit/server/undo"
	"crmkit/store"
	"crmkit/store/undo"
)

// errNotThere is returned if a restored record cannot be read.
var errNotThere = errors.New("a restored record is not there")

// answer is the answer of a restore: the record, and what came back with it.
func (c *call) answer(tx *store.Tx, out undo.Returned, entries int64) (*render.Response, error) {
	rec, found, err := tx.Visible(c.entity, c.key)
	if err == nil && !found {
		err = errNotThere
	}
	if err != nil {
		return nil, err
	}
	c.show(out)
	line := render.Record(rec, nil)
	doc := &render.Response{Line: &line, Result: undo.Restored, Version: rec.Version(), Several: true}
	if with := c.with(out.Others); with != "" {
		doc.Remarks = append(doc.Remarks, with)
	}
	if out.Next != "" {
		doc.Remarks = append(doc.Remarks, fmt.Sprintf("%d of %d records are back; the others follow within seconds, and counts with them", len(out.Others)+1, entries))
	}
	for _, k := range out.Kept {
		doc.Remarks = append(doc.Remarks, k.Field+" stays unset: "+k.Why)
	}
	for _, hint := range c.missing(tx, out.Kept) {
		doc.Remarks = append(doc.Remarks, strings.TrimSuffix(hint, ".")+" keeps the reference")
	}
	return c.keptOthers(doc, out.Others), nil
}

// maxShown is how many records a dry run lists.
const maxShown = 20

// show sets what a dry run lists.
func (c *call) show(out undo.Returned) {
	c.shown = &render.Bulk{}
	for _, result := range []string{undo.Restored, undo.Updated, undo.Skipped} {
		if n := out.Counts[result]; n > 0 {
			c.shown.Counts = append(c.shown.Counts, render.Number{Name: result, N: n})
		}
	}
	for _, o := range append([]undo.Outcome{out.Outcome}, out.Others[:min(len(out.Others), maxShown-1)]...) {
		c.shown.Effects = append(c.shown.Effects, effects.Effect(o))
	}
}

// maxKept is how many values of other records an answer names.
const maxKept = 20

// keptOthers adds what was kept of other records.
func (c *call) keptOthers(doc *render.Response, others []undo.Outcome) *render.Response {
	n := 0
	for _, o := range others {
		for _, k := range o.Kept {
			if n++; n <= maxKept {
				doc.Remarks = append(doc.Remarks, strings.TrimSuffix("kept "+k.Record+" "+k.Field, " ")+": "+k.Why)
			}
		}
	}
	if n > maxKept {
		doc.Remarks = append(doc.Remarks, fmt.Sprintf("%d values are kept in all", n))
	}
	return doc
}

// with says in words what came back with a record.
func (c *call) with(others []undo.Outcome) string {
	back, again := map[string]int64{}, map[string]int64{}
	for _, o := range others {
		kind, _, _ := strings.Cut(o.Handle, "/")
		switch o.Result {
		case undo.Restored:
			back[kind]++
		case undo.Updated:
			again[kind]++
		}
	}
	var parts []string
	if text := c.counts(back); text != "" {
		parts = append(parts, "back with it: "+text)
	}
	if text := c.counts(again); text != "" {
		parts = append(parts, "referring to it again: "+text)
	}
	return strings.Join(parts, "; ")
}

// counts returns counts of kinds in words.
func (c *call) counts(kinds map[string]int64) string {
	var parts []string
	for _, e := range c.rq.Env.Schema.Entities {
		if n := kinds[e.Name]; n > 0 {
			parts = append(parts, e.CountNoun(n))
		}
	}
	return strings.Join(parts, ", ")
}

// unchanged is the answer for a record that is not deleted.
func (c *call) unchanged(rec crm.Record) *render.Response {
	line := render.Record(rec, nil)
	return &render.Response{Line: &line, Result: store.Unchanged, Version: rec.Version(), Remarks: []string{c.handle + " is not deleted"}}
}
