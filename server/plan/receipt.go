package plan

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"

	"crmkit/crm"
	"crmkit/render"
	"crmkit/store"
	"crmkit/store/table"
)

// Receipt is what a write does to one record. Its digests are of what its answer shows, so a change
// of anything else does not make a plan stale.
type Receipt struct {
	Record string            `json:"r"`           // the handle; of records that the write makes contact#1, contact#2
	Result string            `json:"d"`           // created, updated, merged, deleted or counted
	Digest string            `json:"h"`           // of all changes
	Fields map[string]string `json:"f,omitempty"` // the digest of each change, by the name of its field

	changes []render.Change // nil in a stored plan
	count   string          // of a counted one, in words
}

// Results of receipts, besides those of package store.
const (
	deleted = "deleted"
	merged  = "merged" // into another record
)

// Of returns the receipts of the changes that a transaction noted (store.Tx.Changes).
func Of(changes []store.Change) []Receipt {
	var c Collector
	c.Add(changes)
	return c.list
}

// Collector collects the receipts of a write in several transactions.
type Collector struct {
	Page Page // the effects to keep for the answer

	list    []Receipt
	effects []render.Effect
	results map[string]int      // how many there are of each
	counts  map[*crm.Entity]int // of records that it makes
	times   map[[2]string]bool  // the times that it sets, by record and field
}

// Receipts returns all receipts so far.
func (l *Collector) Receipts() []Receipt { return l.list }

// Add adds the receipts of the changes that a transaction noted. An update that changes nothing but
// what follows from other records, such as counts, has none.
func (l *Collector) Add(changes []store.Change) {
	if l.counts == nil {
		l.results, l.counts, l.times = map[string]int{}, map[*crm.Entity]int{}, map[[2]string]bool{}
	}
	made := madeRecords{names: map[string]string{}, counts: l.counts}
	for _, c := range changes {
		r := Receipt{Result: store.Updated, changes: render.Changes(c.Before, c.After)}
		switch {
		case c.Before.Key == 0:
			r.Result = store.Created
			made.add(c.After)
		case c.Merged:
			r.Result = merged
		case c.After.Version() == 0:
			if r.Result = deleted; c.Follows { // that it is deleted too is all that an answer says of it
				r.changes = nil
			}
		case len(r.changes) == 0:
			continue
		}
		if r.Record = made.names[c.After.ID]; r.Record == "" {
			r.Record = c.After.Handle()
		}
		l.digest(&r, made)
		if l.Page.has(len(l.list)) {
			l.effects = append(l.effects, effectOf(r, c, made))
		}
		l.results[r.Result]++
		l.list = append(l.list, r)
	}
}

// madeRecords are the records that a write makes. Another run gives them other ids, but makes them in the
// same order: contact#1 is the first contact.
type madeRecords struct {
	names  map[string]string // by id
	counts map[*crm.Entity]int
}

func (m madeRecords) add(rec crm.Record) {
	m.counts[rec.Entity]++
	m.names[rec.ID] = fmt.Sprintf("%s#%d", rec.Entity.Name, m.counts[rec.Entity])
}

// Handle returns the handle of the record, or its name in the plan.
func (r Receipt) Handle() string {
	handle, _, _ := strings.Cut(r.Record, " ")
	return handle
}

// isMade reports whether a receipt is of a record that its write makes.
func (r Receipt) isMade() bool { return strings.Contains(r.Record, "#") }

// kind returns the name of the entity of the record.
func (r Receipt) kind() string { return r.Record[:strings.IndexAny(r.Record, "/#")] }

// digest sets the digests of a receipt. A time may be that of the write, or be counted from it like
// "+3d", so of times that the write sets it only counts that they are set.
func (l *Collector) digest(r *Receipt, made madeRecords) {
	all := []string{r.Result}
	r.Fields = map[string]string{}
	for _, c := range r.changes {
		name := c.JSONName()
		at := [2]string{r.Record, name}
		if l.times[at] {
			c.From = untimed(c.From)
		}
		l.times[at] = c.To.Kind == crm.TimeKind
		one := strings.Join([]string{name, textOf(c.From, c.FromID, made), textOf(untimed(c.To), c.ToID, made)}, "\x00")
		if c.Amount != nil { // which the answer shows, and whose currency may be another one
			one = strings.Join([]string{one, textOf(c.Amount.From, "", made), textOf(c.Amount.To, "", made)}, "\x00")
		}
		r.Fields[name] = digest(one)[:8]
		all = append(all, one)
	}
	r.Digest = digest(strings.Join(all, "\x01"))[:16]
}

// untimed returns the same value for all times.
func untimed(v crm.Value) crm.Value {
	if v.Kind == crm.TimeKind {
		return crm.Millis(0)
	}
	return v
}

// textOf returns a text that differs for values that differ. A reference to a record that the write makes has
// the name of this record.
func textOf(v crm.Value, id string, made madeRecords) string {
	if name := made.names[id]; name != "" {
		id = name
	}
	if v.Kind == crm.RefKind {
		return id
	}
	return fmt.Sprint(v.Kind, " ", table.Arg(v))
}

// digest returns 132 bits of the SHA-256 of a text.
func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return base64.RawURLEncoding.EncodeToString(sum[:])[:22]
}
