package bulkedit

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/render"
	"crmkit/server/plan"
	"crmkit/store"
)

// maxNamed is how many records that failed or were left the answer to a confirmed write names.
const maxNamed = plan.Shown

// summary is what was done to many records.
type summary struct {
	entity *crm.Entity
	most   int // effects to remember of each sort

	counts   map[string]int // by result
	failures []outcome      // the first ones
	effects  []outcome      // the first of those that were written
	left     []string       // the handles of the first that were left
	known    later          // what follows deletes, as far as it is counted; nil: it is a dry run
	further
}

func (r *edit) newSummary() summary {
	return summary{entity: r.entity, most: r.page.Limit, counts: map[string]int{}}
}

func (s *summary) count(result string) int { return s.counts[result] }

// further counts what is deleted or changed with the records that are written, by kind.
type further struct {
	Gone      map[string]int64 `json:"gone,omitempty"`
	Cleared   map[string]int64 `json:"cleared,omitempty"`   // they lose a reference
	Uncounted int              `json:"uncounted,omitempty"` // deletes of which that is not known
}

// later is what follows the deletes of records, by their keys.
type later map[int64]further

// follow counts records of a kind.
func (f *further) follow(e *crm.Entity, deleted, cleared int64) {
	f.include(further{Gone: map[string]int64{e.Name: deleted}, Cleared: map[string]int64{e.Name: cleared}})
}

// include adds other counts.
func (f *further) include(more further) {
	if f.Gone == nil {
		f.Gone, f.Cleared = map[string]int64{}, map[string]int64{}
	}
	for kind, n := range more.Gone {
		f.Gone[kind] += n
	}
	for kind, n := range more.Cleared {
		f.Cleared[kind] += n
	}
	f.Uncounted += more.Uncounted
}

// add adds what a transaction did.
func (s *summary) add(p part) {
	own := map[int64]bool{}
	for _, o := range p.outcomes {
		own[o.key] = true
		s.counts[o.result]++
		switch {
		case o.result == failed && len(s.failures) < s.most:
			s.failures = append(s.failures, o)
		case o.result == left && len(s.left) < s.most:
			s.left = append(s.left, s.entity.Name+"/"+crm.RecordID(s.entity.Prefix, o.key))
		case (o.result == store.Updated || o.result == deleted) && len(s.effects) < s.most:
			s.effects = append(s.effects, o)
		}
		if counts, known := s.known[o.key]; o.later && known {
			s.include(counts)
		} else if o.later && s.known != nil {
			s.Uncounted++
		}
	}
	for _, c := range p.changes {
		switch e := c.After.Entity; {
		case e == s.entity && own[c.After.Key]:
		case c.After.Version() == 0:
			s.follow(e, 1, 0)
		case c.Follows:
			s.follow(e, 0, 1)
		}
	}
}

// effect returns an outcome as answers show it.
func (o outcome) effect() render.Effect {
	return render.Effect{Handle: o.rec.Handle(), Label: plan.Label(o.rec), Result: o.result, Changed: render.Preview(o.change), Error: o.fault}
}

// numbers returns the counts that answers have.
func (r *edit) numbers(counts map[string]int) []render.Number {
	if r.draft == nil {
		return []render.Number{{Name: deleted, N: counts[deleted]}, {Name: failed, N: counts[failed]}, {Name: left, N: counts[left]}}
	}
	return []render.Number{{Name: store.Updated, N: counts[store.Updated]}, {Name: store.Unchanged, N: counts[store.Unchanged]}, {Name: failed, N: counts[failed]}, {Name: left, N: counts[left]}}
}

// report is the answer of a dry run: the records that fail first.
func (r *edit) report(t *trial) *render.Response {
	b := &render.Bulk{Counts: r.numbers(t.counts)}
	for _, o := range slices.Concat(t.failures, t.effects) {
		if len(b.Effects) < r.page.Limit {
			b.Effects = append(b.Effects, o.effect())
		}
	}
	return &render.Response{Bulk: b, Remarks: slices.Concat(r.query.Remarks, t.remarks(r.x.store.Schema), t.near)}
}

// remarks say what else is deleted or changed with records.
func (f *further) remarks(schema *crm.Schema) (remarks []string) {
	if words := counted(schema, f.Gone); words != "" {
		remarks = append(remarks, "also deleted: "+words)
	}
	if words := counted(schema, f.Cleared); words != "" {
		remarks = append(remarks, "the reference is cleared in "+words)
	}
	if f.Uncounted > 0 {
		remarks = append(remarks, fmt.Sprintf("many more records refer to %d of these since it began, which are not counted here", f.Uncounted))
	}
	return remarks
}

// counted names numbers of records by kind.
func counted(schema *crm.Schema, numbers map[string]int64) string {
	var words []string
	for kind, n := range numbers {
		if n > 0 {
			words = append(words, schema.ByName(kind).CountNoun(n))
		}
	}
	slices.Sort(words)
	return strings.Join(words, ", ")
}

// confirmation is the error of a write that waits for the user's yes.
func (r *edit) confirmation(t *trial, token string) *crm.Error {
	what, n := "changes", t.count(store.Updated)
	if r.draft == nil {
		what, n = "deletes", t.count(deleted)
	}
	fault := crm.Errorf(crm.ConfirmationRequired, "this %s %s, as below. Nothing was saved yet. Ask the user; if the answer is yes, repeat the request within 15 minutes with confirm=%s", what, r.entity.CountNoun(int64(n)), token)
	fault.Confirm = token
	return fault
}

// progress is how far a confirmed write has come.
type progress struct {
	At       int            `json:"at"` // records that are done
	Group    store.Group    `json:"group,omitempty"`
	More     int            `json:"more,omitempty"` // that match and are not in the plan
	Counts   map[string]int `json:"counts"`
	Failures []failure      `json:"failures,omitempty"` // the first ones
	Left     []string       `json:"left,omitempty"`     // the first ones
	Further  further        `json:"further"`
}

// encode returns the progress as it is stored.
func (g *progress) encode() (string, error) {
	b, err := json.Marshal(g)
	return string(b), err
}

// failure is a record that could not be written.
type failure struct {
	Handle, Label, Hint string
	Code                crm.Code
}

// add adds what a transaction did.
func (g *progress) add(s summary) {
	if g.Counts == nil {
		g.Counts = map[string]int{}
	}
	for result, n := range s.counts {
		g.Counts[result] += n
	}
	for _, o := range s.failures {
		if len(g.Failures) < maxNamed {
			one := o.effect()
			g.Failures = append(g.Failures, failure{one.Handle, one.Label, o.fault.Hint, o.fault.Code})
		}
	}
	g.Further.include(s.further)
	for _, handle := range s.left {
		if len(g.Left) < maxNamed {
			g.Left = append(g.Left, handle)
		}
	}
}

// answer is the answer of a confirmed write. What it did is as the dry run showed, so it has the
// counts, and the records of which that is not so.
func (r *edit) answer(g progress) *render.Response {
	doc := &render.Response{Bulk: &render.Bulk{Counts: r.numbers(g.Counts)}, Remarks: g.Further.remarks(r.x.store.Schema)}
	for _, f := range g.Failures {
		doc.Bulk.Effects = append(doc.Bulk.Effects, render.Effect{Handle: f.Handle, Label: f.Label, Error: &crm.Error{Code: f.Code, Hint: f.Hint}})
	}
	if n := g.Counts[failed] - len(g.Failures); n > 0 {
		doc.Remarks = append(doc.Remarks, fmt.Sprintf("%d more failed", n))
	}
	if len(g.Left) > 0 {
		doc.Remarks = append(doc.Remarks, fmt.Sprintf("left as they are, since they changed meanwhile: %s%s", strings.Join(g.Left, " "), map[bool]string{true: " …"}[g.Counts[left] > len(g.Left)]))
	}
	if g.More > 0 {
		doc.Remarks = append(doc.Remarks, fmt.Sprintf("by now the filters match %s more, not in the plan and left as before", r.entity.CountNoun(int64(g.More))))
	}
	return doc
}
