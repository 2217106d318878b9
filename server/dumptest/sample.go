package dumptest

import (
	"bufio"
	"fmt"
	"io"
	"strconv"

	"crmkit/crm"
	"crmkit/crm/catalog"
	"crmkit/render"
)

// Write writes an export of a workspace with so many contacts, and records of all other kinds: a
// company for 20 contacts, and one of each other kind for 100. It has the form of GET
// /export, because the product's own code writes the records. A real workspace would take longer to
// fill than its export to import.
//
// Every contact has a company, two tags and two custom values, and every tenth has all other
// fields too.
func Write(to io.Writer, contacts int64) error {
	schema, err := catalog.Schema()
	if err != nil {
		return err
	}
	s := &sample{contacts: contacts, rollups: map[about]rollup{}}
	for i := range s.others() {
		s.rollUp(i + 1)
	}
	w := bufio.NewWriterSize(to, 1<<20)
	_, _ = fmt.Fprintf(w, `{"crmkit":1,"workspace":"ws_0123456789","name":"Sample","exported_at":"%s"}`+"\n", "2026-06-01T09:00:00Z") // the last Flush returns its error
	counts := ""                                                                                                                      // of the last line
	for _, e := range schema.Records() {
		n, err := s.records(w, e)
		if err != nil {
			return err
		}
		counts += fmt.Sprintf(",%q:%d", e.Plural, n)
	}
	_, _ = fmt.Fprintf(w, `{"end":true,"counts":{%s}}`+"\n", counts[1:])
	return w.Flush()
}

// sample makes the records of a workspace. All values follow from the number of a record.
type sample struct {
	contacts int64
	rollups  map[about]rollup // of the records that have activities
}

// companies and others return how many records there are of other kinds.
func (s *sample) companies() int64 { return max(1, s.contacts/20) }
func (s *sample) others() int64    { return max(1, s.contacts/100) }

// The numbers of the records to which the i-th record of another kind refers.
func (s *sample) contact(i int64) int64 { return 1 + i*99%s.contacts }
func (s *sample) company(i int64) int64 { return 1 + i%s.companies() }

// records writes the records of a kind, and returns how many.
func (s *sample) records(w io.Writer, e *crm.Entity) (n int64, err error) {
	makers := map[string]struct {
		n    int64
		fill func(s *sample, r record)
	}{
		"campaign": {s.campaigns(), (*sample).campaign}, "campaign_member": {s.others(), (*sample).member}, "deal_contact": {s.others(), (*sample).dealContact},
		"company": {s.companies(), (*sample).fillCompany}, "contact": {s.contacts, (*sample).fillContact},
		"deal": {s.others(), (*sample).deal}, "ticket": {s.others(), (*sample).ticket},
		"task": {s.others(), (*sample).task}, "activity": {s.others(), (*sample).fillActivity}, "view": {2, (*sample).view}, "field": {2, (*sample).field}, "pipeline": {1, (*sample).pipeline},
	}
	maker, known := makers[e.Name]
	if !known {
		return 0, fmt.Errorf("the sample has no %s; write a function that fills one", e.Name)
	}
	var line []byte
	for i := range maker.n {
		r := newRecord(e, i+1)
		maker.fill(s, r)
		item := render.Record(r.Record, nil)
		line = item.Append(line[:0], render.JSON, nil)
		if _, err := w.Write(line); err != nil {
			return n, err
		}
	}
	return maker.n, nil
}

const (
	firstTime = 1_780_000_000_000 // in 2026, in milliseconds
	jane      = "jane@acme.com"
	workspace = 7
)

// record is a record with the number i of its kind.
type record struct {
	crm.Record
	i int64
}

func newRecord(e *crm.Entity, i int64) record {
	r := record{crm.NewRecord(e), i}
	r.Key = crm.RecordKey(workspace, i)
	r.ID = crm.RecordID(e.Prefix, r.Key)
	for _, name := range []string{"activities", "outreach", "contacts", "companies", "deals"} {
		if e.Index(name) >= 0 {
			r.Set(name, crm.Number(0))
		}
	}
	r.Set(crm.FieldVersion, crm.Number(1))
	for _, name := range []string{crm.FieldCreatedAt, crm.FieldUpdatedAt} {
		r.time(name, i)
	}
	r.texts(crm.FieldCreatedBy, jane, crm.FieldUpdatedBy, jane)
	return r
}

// texts sets fields: name, value, name, value.
func (r record) texts(pairs ...string) {
	for i := 0; i < len(pairs); i += 2 {
		r.Set(pairs[i], crm.Str(pairs[i+1]))
	}
}

// named sets a text that has the number of the record.
func (r record) named(field, format string) { r.Set(field, crm.Str(fmt.Sprintf(format, r.i))) }

// list sets a list with one text that has the number of the record.
func (r record) list(field, format string) {
	r.Set(field, crm.Labels([]string{fmt.Sprintf(format, r.i)}))
}

// time sets a time, some seconds after the first one.
func (r record) time(field string, seconds int64) {
	r.Set(field, crm.Millis(firstTime+1000*seconds))
}

// refer sets a reference to the record with a number, which is called by the label.
func (r record) refer(field string, number int64, label string) {
	r.Set(field, crm.Key(crm.RecordKey(workspace, number)))
	r.Labels[r.Entity.Index(field)] = label
}

// custom sets custom values.
func (r record) custom() {
	r.Set("custom", crm.Members([]crm.Member{{Name: "plan", JSON: `"pro"`}, {Name: "seats", JSON: strconv.FormatInt(r.i%100, 10)}}))
}

// tags sets tags: one that all have, and one that one in twenty has.
func (r record) tags() { r.Set("tags", crm.Labels([]string{"vip", fmt.Sprint("region-", r.i%20)})) }

func oneOf(i int64, words ...string) string { return words[i%int64(len(words))] }
