package plan

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"crmkit/render"
	"crmkit/store"
)

// Difference is a receipt that is not as in the plan.
type Difference struct {
	Record string // as in Receipt
	Field  string // that differs; empty: it is not about one field

	planned, now *Receipt // nil: there is none
	left         bool     // the filters of the request do not find the record any more
	newer        bool     // the record was changed after the dry run, whose receipts did not name it
}

// Left is the difference of a planned record that the filters of the request do not find any more.
func Left(record string) Difference { return Difference{Record: record, left: true} }

// Newer is the difference of a record that was changed after a dry run which tried a part of a write only.
func Newer(record string) Difference { return Difference{Record: record, newer: true} }

// Compare returns the receipts of a run that differ from those of its plan, in their order. Then come
// those of the plan that have no counterpart.
func Compare(planned, now []Receipt) (list []Difference) {
	missing := map[receiptKey]*Receipt{}
	var order []receiptKey
	each(planned, func(key receiptKey, r *Receipt) {
		missing[key] = r
		order = append(order, key)
	})
	each(now, func(key receiptKey, r *Receipt) {
		p := missing[key]
		delete(missing, key)
		if p == nil || p.Digest != r.Digest {
			list = append(list, newDifference(p, r))
		}
	})
	for _, key := range order {
		if p := missing[key]; p != nil {
			list = append(list, newDifference(p, nil))
		}
	}
	return list
}

// receiptKey names a receipt within a write, which may change one record several times.
type receiptKey struct {
	record string
	nth    int
}

func each(list []Receipt, fn func(receiptKey, *Receipt)) {
	count := map[string]int{}
	for i := range list {
		r := &list[i]
		count[r.Record]++
		fn(receiptKey{r.Record, count[r.Record]}, r)
	}
}

func newDifference(planned, now *Receipt) Difference {
	d := Difference{planned: planned, now: now}
	if now == nil {
		d.Record = planned.Record
		d.Field = firstOf(planned)
		return d
	}
	d.Record = now.Record
	if planned == nil || planned.Result != now.Result {
		return d
	}
	for _, c := range now.changes {
		if name := c.JSONName(); planned.Fields[name] != now.Fields[name] {
			d.Field = name
			return d
		}
	}
	for _, name := range slices.Sorted(maps.Keys(planned.Fields)) {
		if now.Fields[name] == "" {
			d.Field = name
			return d
		}
	}
	return d
}

// firstOf returns a field that an update of a plan would have changed.
func firstOf(planned *Receipt) string {
	if planned.Result != store.Updated || planned.isMade() || len(planned.Fields) == 0 {
		return ""
	}
	return slices.Min(slices.Collect(maps.Keys(planned.Fields)))
}

// maxOthers is how many differences a text names besides the first.
const maxOthers = 4

// Others says of further differences what they are, each after a full stop, and counts those beyond maxOthers.
func Others(list []Difference, zone *time.Location) (text string) {
	for _, d := range list[:min(len(list), maxOthers)] {
		text += ". " + d.Text(zone)
	}
	if n := len(list) - maxOthers; n > 0 {
		text += fmt.Sprintf(". %d more differ", n)
	}
	return text
}

// maxText is the most characters of the text of a difference.
const maxText = 500

// Text says what differs, with times in the zone. Long values are cut.
func (d Difference) Text(zone *time.Location) string {
	runes := []rune(d.text(zone))
	if len(runes) <= maxText {
		return string(runes)
	}
	return string(runes[:maxText]) + "…"
}

func (d Difference) text(zone *time.Location) string {
	what := d.Record
	if r := d.planned; r != nil && r.isMade() {
		what = "a new " + r.kind()
	}
	if r := d.now; r != nil && r.isMade() {
		what = "a new " + r.kind()
	}
	switch {
	case d.left:
		return what + " does not match the filters any more"
	case d.newer:
		return what + " has been changed since the dry run"
	case d.now != nil && d.now.Result == counted:
		return fmt.Sprintf("%s refer to %s now", d.now.count, d.Handle())
	case d.now == nil && d.planned.Result == counted:
		return fmt.Sprintf("not as many records refer to %s any more", d.Handle())
	case d.now != nil && d.now.Result == fails:
		code, _, _ := strings.Cut(d.now.Digest, " ")
		return fmt.Sprintf("%s fails now with %s", strings.TrimSuffix(what, " "+fails), code)
	case d.now == nil && d.planned.Result == fails:
		return strings.TrimSuffix(what, " "+fails) + " does not fail any more"
	case d.now == nil && d.Field != "":
		return fmt.Sprintf("%s: %s would not change any more", what, d.Field)
	case d.now == nil:
		return fmt.Sprintf("%s would not be %s any more", what, d.planned.Result)
	case d.planned == nil:
		return fmt.Sprintf("%s would be %s too%s", what, d.now.Result, shown(d.now.changed(""), zone))
	case d.planned.Result != d.now.Result:
		return fmt.Sprintf("%s would be %s now, not %s", what, d.now.Result, d.planned.Result)
	}
	list := d.now.changed(d.Field)
	switch {
	case len(list) != 1 || d.Field == "":
		return fmt.Sprintf("%s: %s would not change any more", what, cmp.Or(d.Field, "a field"))
	case d.now.Result == deleted || d.now.Result == merged:
		c := list[0]
		if c.Amount != nil {
			c = *c.Amount
		}
		return fmt.Sprintf("%s: %s is now %s", what, c.Name, c.AppendFrom(nil, zone))
	}
	return what + " would now change" + strings.TrimPrefix(shown(list, zone), ":")
}

// Handle returns the handle of the record that differs; of one that does not exist yet its name in the plan.
func (d Difference) Handle() string { return Receipt{Record: d.Record}.Handle() }

// changed returns the change of a field, or the changes of an update if no field is named.
func (r *Receipt) changed(field string) (list []render.Change) {
	for _, c := range r.changes {
		if c.JSONName() == field || field == "" && r.Result == store.Updated {
			list = append(list, c)
		}
	}
	return list
}

// shown returns changes after a colon.
func shown(changes []render.Change, zone *time.Location) string {
	if len(changes) == 0 {
		return ""
	}
	return ": " + string(render.AppendChanges(nil, render.Preview(changes), zone))
}
