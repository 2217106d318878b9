package undo

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/render"
	"crmkit/server/web"
	"crmkit/store/changelog"
	"crmkit/store/undo"
)

// maxLabel is the most characters that an answer has of the name of a record.
const maxLabel = 80

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
	from, to := c.page.Of(len(ordered))
	for _, o := range ordered[from:to] {
		doc.Bulk.Effects = append(doc.Bulk.Effects, Effect(o))
	}
	c.outcomes = len(ordered)
	if n, of := keptOf(p.Fields); n > 0 {
		doc.Remarks = append(doc.Remarks, fmt.Sprintf("%d kept, since they are not as the changes left them: %s", n, of)+c.unnamed(n, ordered[from:to]))
	}
	switch {
	case p.Wrote || len(p.Fields) > 0 && c.before.Group == 0:
	case c.before.Group != 0:
		doc.Remarks = append(doc.Remarks, c.undoneBy())
	default:
		doc.Remarks = append(doc.Remarks, "all is as it was before "+c.name+" already")
	}
	if len(p.Others) > 0 {
		doc.Remarks = append(doc.Remarks, neverUndone+": "+c.opposites(p.Others))
	}
	return doc
}

// unnamed says of an undo that was confirmed how to see what was kept beyond what its answer shows; empty: it shows all.
func (c *call) unnamed(kept int, shown []undo.Outcome) string {
	named := 0
	for _, o := range shown {
		named += len(o.Kept)
	}
	switch {
	case kept <= named || c.asked.Token == "":
		return ""
	case c.survey.Entries > int64(c.x.AtOnce):
		return fmt.Sprintf("; %d of them are named here", named)
	}
	return fmt.Sprintf("; %d of them are named here, POST /undo?dry_run=1&limit=200 with the same body names all", named)
}

// paged returns what a dry run with a token shows: its page, and where the next one begins.
func (c *call) paged(shown *render.Bulk, token string) *render.Bulk {
	if shown.Next = c.page.Next(token, c.outcomes); c.page.Token != "" {
		shown.Counts = []render.Number{{Name: "shown", N: len(shown.Effects)}, {Name: "total", N: c.outcomes}}
	}
	return shown
}

// undoneAlready is the answer to an undo of what another one undid, all of it and for good; nil if there is something to
// do, or a token to look at. What others wrote since is theirs.
func (c *call) undoneAlready() *render.Response {
	large := c.survey.Entries > int64(c.x.AtOnce)
	if c.before.Group == 0 || c.asked.Token != "" || c.before.Kept > 0 && !large {
		return nil
	}
	doc := &render.Response{Bulk: &render.Bulk{}, Remarks: []string{c.undoneBy()}, DryRun: c.asked.DryRun}
	for _, result := range results {
		doc.Bulk.Counts = append(doc.Bulk.Counts, render.Number{Name: result})
	}
	return doc
}

// undoneBy says which undo took all of it back before.
func (c *call) undoneBy() string {
	id := changelog.GroupID(c.rq.Actor.Workspace, c.before.Group)
	text := fmt.Sprintf(`%s was undone already %s. To do it again: POST /undo {"change":"%s"}`, c.name, c.before.String(c.rq.Actor.Workspace), id)
	if c.before.Kept > 0 {
		text += fmt.Sprintf("; %d values or records stayed then, which PATCH and DELETE set", c.before.Kept)
	}
	return text
}

// Effect is an outcome as answers show it.
func Effect(o undo.Outcome) render.Effect {
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

// maxKeptFields is how many counts of kept fields an answer has.
const maxKeptFields = 20

// keptOf returns how many values and records were kept, and their counts by field in words, the most first.
func keptOf(fields map[string]int) (all int, words string) {
	names := slices.SortedFunc(maps.Keys(fields), func(a, b string) int { return cmp.Or(fields[b]-fields[a], cmp.Compare(a, b)) })
	var parts []string
	for i, name := range names {
		if all += fields[name]; i < maxKeptFields {
			parts = append(parts, fmt.Sprintf("%d %s", fields[name], name))
		}
	}
	if left := len(names) - maxKeptFields; left > 0 {
		parts = append(parts, fmt.Sprintf("and %d more fields", left))
	}
	return all, strings.Join(parts, ", ")
}

// neverUndone says what no undo takes back.
const neverUndone = "membership, tokens, settings, plans and purges are never undone, nor are mails that were sent"

// opposites lists what cannot be undone, with the calls that do the opposite.
func (c *call) opposites(actions map[string]int) string {
	ws := "/workspaces/" + c.rq.Actor.WorkspaceID
	calls := map[string]string{
		"token": "DELETE /tokens/{id} revokes one, POST " + ws + "/tokens makes one", "workspace": "PATCH " + ws + " sets its name and settings",
		"member": "POST " + ws + "/invites invites, DELETE " + ws + "/members/{id} removes", "invite": "DELETE " + ws + "/invites/{id} cancels one",
		"plan": "the owner of the server sets plans", "purge": "only a backup from before has it",
	}
	var parts []string
	for _, action := range slices.Sorted(maps.Keys(actions)) {
		of, _, _ := strings.Cut(action, ".")
		part := fmt.Sprintf("%d %s", actions[action], action)
		if call := calls[of]; call != "" {
			part += " (" + call + ")"
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, ", ")
}

// confirmation is the answer to an undo that waits for the user's yes: that of its dry run, with the error.
func (c *call) confirmation(offer *web.Offer) *render.Response {
	start := ""
	if offer.Sent != "" {
		start = "that confirm token is not valid: it is for another request, or over 15 minutes old. "
	}
	what := "what is listed"
	if c.survey.Entries > int64(c.x.AtOnce) {
		what = "what is counted"
	}
	fault := crm.Errorf(crm.ConfirmationRequired, "%sundoing %s does %s. Ask the user; if the answer is yes, send the same body within 15 minutes: POST /undo?confirm=%s", start, c.name, what, offer.Report.Confirm)
	doc := offer.Answer(fault)
	doc.Remarks = offer.Report.Remarks
	return doc
}
