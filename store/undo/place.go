package undo

import (
	"encoding/json"
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/store"
	"crmkit/store/changelog"
)

// Place is how far an undo has come.
type Place struct {
	Below int64           `json:"below"`           // entries from this number on are undone, or wait
	Now   []wait          `json:"now,omitempty"`   // those that are undone next, the last ones first
	Later map[string]span `json:"later,omitempty"` // entries that wait until the record with a handle is there again

	Kept   []Kept              `json:"kept,omitempty"`   // the first MaxKept
	Fields map[string]int      `json:"fields,omitempty"` // of all Kept, by KeptOf
	Names  map[string][]string `json:"names,omitempty"`  // the fields of Kept by record, where the scope has earlier entries about it
	Counts map[string]int      `json:"counts,omitempty"` // of entries, by result
	Others map[string]int      `json:"others,omitempty"` // of entries that cannot be undone, by action
	Group  store.Group         `json:"group,omitempty"`  // of the writes of the undo
	Untied []string            `json:"untied,omitempty"` // handles of records that may need a tie, see tie.go
	Began  bool                `json:"began,omitempty"`  // the log says what is undone
	Wrote  bool                `json:"wrote,omitempty"`  // something was undone
}

// MaxKept is how many Kept a Place has. Of the others it has the counts, since it is stored with each step.
const MaxKept = 20

// wait are entries that have waited for a record.
type wait struct {
	For string `json:"for"` // its handle
	span
}

// Kept is a value or a record that was not undone.
type Kept struct {
	Record string `json:"record"`           // its handle
	Field  string `json:"field,omitempty"`  // of the value, or a key of it with a dot between them; empty: the record itself
	Why    string `json:"why"`              // in words
	Holder string `json:"holder,omitempty"` // the handle of the record that has the value; empty: that is not the reason
}

// KeptOf says in words of what a Kept is: a field of a kind, or a kind.
func KeptOf(k Kept) string {
	kind, _, _ := strings.Cut(k.Record, "/")
	return strings.TrimSuffix(kind+" "+changelog.FieldOf(k.Field), " ")
}

// Start returns the place at which the undo of a scope begins.
func Start(s Scope) *Place { return &Place{Below: s.End + 1} }

// Decode returns the place of its stored form.
func Decode(text string) (*Place, error) {
	p := &Place{}
	return p, json.Unmarshal([]byte(text), p)
}

// Encode returns the place as it is stored.
func (p *Place) Encode() (string, error) {
	b, err := json.Marshal(p)
	return string(b), err
}

// keep notes what is not undone. The same value is noted once.
func (p *Place) keep(k Kept) {
	if p.isKept(k.Record, k.Field) {
		return
	}
	if p.Names == nil {
		p.Names = map[string][]string{}
	}
	if p.Fields == nil {
		p.Fields = map[string]int{}
	}
	p.Names[k.Record] = append(p.Names[k.Record], k.Field)
	p.Fields[KeptOf(k)]++
	if len(p.Kept) < MaxKept {
		p.Kept = append(p.Kept, k)
	}
}

// isKept reports whether a later change of a value was not undone, so that earlier ones are not either.
func (p *Place) isKept(record, field string) bool { return slices.Contains(p.Names[record], field) }

// count counts an entry.
func (p *Place) count(result string) {
	if p.Counts == nil {
		p.Counts = map[string]int{}
	}
	p.Counts[result]++
}

// forget forgets the values of a record that were kept, since no entry about it follows.
func (p *Place) forget(record string) { delete(p.Names, record) }

// other counts an entry that cannot be undone.
func (p *Place) other(action string) {
	if p.Others == nil {
		p.Others = map[string]int{}
	}
	p.Others[action]++
}

// wait notes that an entry waits for a record.
func (p *Place) wait(handle string, number int64) {
	in, some := p.Later[handle]
	if !some {
		in = span{number, number + 1}
	}
	in.From, in.Below = min(in.From, number), max(in.Below, number+1)
	if p.Later == nil {
		p.Later = map[string]span{}
	}
	p.Later[handle] = in
}

// resume makes entries that have waited for the record of an entry, which was undone, the next ones. If the record is
// not made again, they are kept.
func (p *Place) resume(e entry) {
	if in, some := p.Later[e.target]; some && (e.action == "delete" || e.action == "merge") {
		delete(p.Later, e.target)
		p.Now = append(p.Now, wait{e.target, in})
	}
}

// Results of an entry.
const (
	Updated  = store.Updated
	Deleted  = "deleted"
	Restored = "restored"
	Merged   = "merged"
	Skipped  = "kept" // nothing of it was undone
)

// Outcome is what the undo of an entry did.
type Outcome struct {
	Result        string
	Before, After crm.Record // of the record; After has no version if it is gone, and Before has none if it is there again
	Handle        string
	Kept          []Kept
}
