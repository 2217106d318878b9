package transfer

import (
	"net/url"
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/query"
)

// kindDump writes the records of one kind. Those that refer to a later one of the same kind wait until that is written.
// Only their keys are kept, and a bit for each record that is written.
type kindDump struct {
	entity  *crm.Entity
	last    map[string]int64 // the last number of each kind that is in the file
	w       *recordWriter
	page    []crm.Record
	n       int   // records written
	own     []int // the places of references to the same kind
	written []uint64
	later   []int64 // keys of those that wait
}

// laterAtOnce is how many records that waited are read together.
const laterAtOnce = 50

// newKindDump returns a dump of an entity, whose records have at most the last numbers.
func newKindDump(e *crm.Entity, last map[string]int64, w *recordWriter) *kindDump {
	d := &kindDump{entity: e, last: last, w: w}
	for i := range e.Fields {
		if f := &e.Fields[i]; e.Target(f) == e {
			d.own = append(d.own, i)
		}
	}
	if len(d.own) > 0 {
		d.written = make([]uint64, last[e.Plural]/64+1)
	}
	return d
}

// run writes the records. A reference to a record that is later than the last one is left out, since that is not
// in the file.
func (d *kindDump) run(x *Endpoints) error {
	q, fault := query.Parse(d.entity, oldestFirst(d.entity, url.Values{}), d.w.rq.Env)
	if fault != nil {
		return fault
	}
	err := x.walk(d.w.rq, q, func(rec crm.Record) error {
		if crm.RecordNumber(rec.Key) > d.last[d.entity.Plural] {
			return nil
		}
		if d.waits(rec) {
			d.later = append(d.later, rec.Key)
			return nil
		}
		return d.write(x, rec)
	})
	if err == nil {
		err = d.writeLater(x)
	}
	if err == nil {
		err = x.dumpPage(d.w, &d.page)
	}
	return err
}

// waits reports whether a record refers to one of its kind that is not written yet.
func (d *kindDump) waits(rec crm.Record) bool {
	return slices.ContainsFunc(d.own, func(i int) bool {
		return rec.Values[i].Set() && crm.RecordNumber(rec.Values[i].Int) <= d.last[d.entity.Plural] && !d.isWritten(rec.Values[i].Int)
	})
}

// isWritten reports whether the record with a key is written.
func (d *kindDump) isWritten(key int64) bool {
	n := crm.RecordNumber(key)
	return d.written[n/64]&(1<<(n%64)) != 0
}

// write writes a record.
func (d *kindDump) write(x *Endpoints, rec crm.Record) error {
	for i := range d.entity.Fields {
		f := &d.entity.Fields[i]
		if f.IsReference() && rec.Values[i].Set() && (crm.RecordNumber(rec.Values[i].Int) > d.last[d.entity.Target(f).Plural] || slices.Contains(d.own, i) && !d.isWritten(rec.Values[i].Int)) {
			rec = rec.Clone()
			rec.Values[i], rec.Labels[i] = crm.Value{}, ""
		}
	}
	if d.n++; len(d.own) > 0 {
		n := crm.RecordNumber(rec.Key)
		d.written[n/64] |= 1 << (n % 64)
	}
	if d.page = append(d.page, rec); len(d.page) < d.entity.MaxLimit {
		return nil
	}
	return x.dumpPage(d.w, &d.page)
}

// writeLater writes the records that waited. If all that wait for others still do after a round, what they refer to has
// changed meanwhile, and they are written without it.
func (d *kindDump) writeLater(x *Endpoints) error {
	for stuck := false; len(d.later) > 0; {
		waiting := d.later
		d.later = nil
		for keys := range slices.Chunk(waiting, laterAtOnce) {
			ids := make([]string, len(keys))
			for i, key := range keys {
				ids[i] = crm.RecordID(d.entity.Prefix, key)
			}
			q, fault := query.Parse(d.entity, url.Values{"id": {"in:" + strings.Join(ids, ",")}}, d.w.rq.Env)
			if fault != nil {
				return fault
			}
			err := x.walk(d.w.rq, q, func(rec crm.Record) error {
				if !stuck && d.waits(rec) {
					d.later = append(d.later, rec.Key)
					return nil
				}
				return d.write(x, rec)
			})
			if err != nil {
				return err
			}
		}
		stuck = len(d.later) == len(waiting)
	}
	return nil
}
