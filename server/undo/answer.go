package undo

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/render"
	"crmkit/server/web"
	"crmkit/store/undo"
)

// What an answer shows.
const (
	shownEffects = 20
	maxLabel     = 80 // characters of the name of a record
)

// results are those of changes, in the order of the counts.
var results = []string{undo.Updated, undo.Restored, undo.Deleted, undo.Merged, undo.Skipped}

// answer is the answer of an undo that has come to its end.
func (c *call) answer(p *undo.Place, outcomes []undo.Outcome) *render.Response {
	doc := &render.Response{Bulk: &render.Bulk{}}
	for _, result := range results {
		doc.Bulk.Counts = append(doc.Bulk.Counts, render.Number{Name: result, N: p.Counts[result]})
	}
	ordered := slices.Clone(outcomes) // what was kept first
	slices.SortStableFunc(ordered, func(a, b undo.Outcome) int { return min(len(b.Kept), 1) - min(len(a.Kept), 1) })
	for _, o := range ordered[:min(len(ordered), shownEffects)] {
		doc.Bulk.Effects = append(doc.Bulk.Effects, effect(o))
	}
	if n := len(p.Kept); n > 0 {
		doc.Remarks = append(doc.Remarks, fmt.Sprintf("%d kept, since they are not as the changes left them", n))
	}
	if len(outcomes) == 0 && len(p.Counts) == 0 {
		doc.Remarks = append(doc.Remarks, "all is as it was before "+c.name+" already")
	}
	if len(p.Others) > 0 {
		doc.Remarks = append(doc.Remarks, "not undone, since these are no changes of records: "+listedInts(p.Others))
	}
	return doc
}

// effect is an outcome as answers show it.
func effect(o undo.Outcome) render.Effect {
	one := render.Effect{Handle: o.Handle, Result: o.Result}
	rec := o.Before
	if o.Result == undo.Restored {
		rec = o.After
	}
	if rec.Entity != nil && rec.Entity.LabelField != "" {
		one.Label = rec.Value(rec.Entity.LabelField).Text
	}
	if label := []rune(one.Label); len(label) > maxLabel {
		one.Label = string(label[:maxLabel]) + "…"
	}
	if o.Result == undo.Updated {
		one.Changed = render.Changes(o.Before, o.After)
	}
	for _, k := range o.Kept {
		one.Kept = append(one.Kept, render.Kept{Field: k.Field, Why: k.Why})
	}
	return one
}

// listed returns counts of actions in words.
func listed(actions map[string]int64) string {
	var parts []string
	for _, action := range slices.Sorted(maps.Keys(actions)) {
		parts = append(parts, fmt.Sprintf("%d %s", actions[action], action))
	}
	return strings.Join(parts, ", ")
}

func listedInts(actions map[string]int) string {
	counts := map[string]int64{}
	for action, n := range actions {
		counts[action] = int64(n)
	}
	return listed(counts)
}

// confirmation is the answer to an undo that waits for the user's yes: that of its dry run, with the error.
func (c *call) confirmation(offer *web.Offer) *render.Response {
	start := ""
	if offer.Sent != "" {
		start = "that confirm token is not valid: it is for another request, or over 15 minutes old. "
	}
	fault := crm.Errorf(crm.ConfirmationRequired, "%sundoing %s does what is listed. Ask the user; if the answer is yes, send the same body within 15 minutes: POST /undo?confirm=%s", start, c.name, offer.Report.Confirm)
	doc := offer.Answer(fault)
	doc.Remarks = offer.Report.Remarks
	return doc
}
