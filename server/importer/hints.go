package importer

import (
	"fmt"
	"slices"

	"crmkit/crm"
	"crmkit/store"
)

// Hints stand after the rows of an answer: what somebody should look at, although no row failed.

// hints are what the rows so far gave reason for.
type hints struct {
	flag  *crm.Field // of tasks: done
	timed int64      // rows whose time the import had to make up, because the flag has no other form
}

// add adds a result.
func (h *hints) add(r result) {
	if r.timed != nil {
		h.flag = r.timed
		h.timed++
	}
}

// lines returns the hints as remarks.
func (h *hints) lines() (list []string) {
	if h.timed > 0 {
		of := h.flag.FlagOf().Time
		list = append(list, fmt.Sprintf("rows with %s and no %s: %d; their %s is the time of this import, a column %s states another", h.flag.Name, of, h.timed, of, of))
	}
	return list
}

// madeUpTime returns the flag of a row that set a time to that of the import, nil if none did. An
// import makes up no other time (see keepTimes). But a flag such as done is nothing else than
// that its time is set: a task without the time would be an open one.
func madeUpTime(d store.Draft, out store.Outcome) *crm.Field {
	for _, in := range d.Inputs {
		of := in.Field.FlagOf()
		if of == nil || out.Before.Value(of.Time).Set() || !out.After.Value(of.Time).Set() {
			continue
		}
		if !slices.ContainsFunc(d.Inputs, func(other crm.Input) bool { return other.Field.Name == of.Time && other.Value.Set() }) {
			return in.Field
		}
	}
	return nil
}
