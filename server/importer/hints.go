package importer

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/store"
)

// Hints stand after the rows of an answer: what somebody should look at, although no row failed.

// hints are what the rows so far gave reason for.
type hints struct {
	flag  *crm.Field // whose time is made up: done of tasks, occurred_at of activities
	loose int64      // rows that only their cells identify
	timed int64      // rows whose time the import had to make up, because the field needs one
	noted int64      // rows with a note
	near  []string   // keys that were probably meant as declared ones, each once

	first map[uint64]int32 // by likeness, the first row that has it
	pairs []string         // rows that look like one person
	more  int64            // pairs that are not listed
}

// The most that is held to find rows that look like one person: about 4 MB, however large the file
// is. Names after these are compared with them, and not with each other.
const (
	maxLikenesses = 100_000
	maxPairs      = 5 // that are listed
	maxNear       = 5
)

// add adds a result.
func (h *hints) add(r result) {
	if r.loose {
		h.loose++
	}
	if r.timed != nil {
		h.flag = r.timed
		h.timed++
	}
	if len(r.notes) > 0 {
		h.noted++
	}
	for _, remark := range r.near {
		if len(h.near) < maxNear && !slices.Contains(h.near, remark) {
			h.near = append(h.near, remark)
		}
	}
	h.compare(r)
}

// compare notes a row that created a contact although an earlier one looks like the same person.
// A row that did not is about a contact that is there, so there is no second one.
func (h *hints) compare(r result) {
	if r.fault != nil {
		return
	}
	var before int32
	for _, key := range r.like.keys {
		first := h.first[key]
		if before = cmp.Or(before, first); first == 0 && len(h.first) < maxLikenesses {
			if h.first == nil {
				h.first = map[uint64]int32{}
			}
			h.first[key] = int32(r.n)
		}
	}
	switch {
	case before == 0 || r.outcome != store.Created:
	case len(h.pairs) == maxPairs:
		h.more++
	default:
		h.pairs = append(h.pairs, fmt.Sprintf("%d and %d, %s", before, r.n, norm.Quote(r.like.name)))
	}
}

// lines returns the hints as remarks.
func (h *hints) lines() (list []string) {
	list = append(list, h.near...)
	switch {
	case h.timed == 0:
	case h.flag.FlagOf() == nil:
		list = append(list, fmt.Sprintf("rows without a date: %d; they get the time of the import, a column %s states another", h.timed, h.flag.Name))
	default:
		of := h.flag.FlagOf().Time
		list = append(list, fmt.Sprintf("rows with %s and no %s: %d; their %s is the time of this import, a column %s states another", h.flag.Name, of, h.timed, of, of))
	}
	if len(h.pairs) > 0 {
		pairs := strings.Join(h.pairs, "; ")
		if h.more > 0 {
			pairs += fmt.Sprintf("; and %d more", h.more)
		}
		list = append(list, "rows that look like one person, by name and company or phone: "+pairs+
			". If they are, delete one contact and add its address to other_emails of the other; in a file, write both addresses into one cell: a@x.com; b@x.com")
	}
	if h.noted > 0 {
		list = append(list, fmt.Sprintf("rows with a note, in brackets behind their result: %d; what they refer to is kept as text where no record was linked", h.noted))
	}
	return list
}

// madeUpTime returns the field of a row for which a time was set to that of the import, nil if there
// is none. An import makes up no other time (see keepTimes). But a flag such as done is nothing else
// than that its time is set: a task without the time would be an open one. And an activity is
// sorted by its time.
func madeUpTime(d store.Draft, out store.Outcome) *crm.Field {
	sent := func(name string) bool {
		return slices.ContainsFunc(d.Inputs, func(in crm.Input) bool { return in.Field.Name == name && in.Value.Set() })
	}
	for _, in := range d.Inputs {
		of := in.Field.FlagOf()
		if of != nil && !sent(of.Time) && !out.Before.Value(of.Time).Set() && out.After.Value(of.Time).Set() {
			return in.Field
		}
	}
	for i := range d.Entity.Fields {
		f := &d.Entity.Fields[i]
		if f.Default == "now" && f.Type.Kind() == crm.TimeKind && out.Result == store.Created && !sent(f.Name) {
			return f
		}
	}
	return nil
}
