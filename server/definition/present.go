package definition

import (
	"fmt"
	"net/url"
	"strings"

	"crmkit/crm"
	"crmkit/crm/declared"
	"crmkit/crm/norm"
	"crmkit/crm/shape"
	"crmkit/query"
	"crmkit/render"
	"crmkit/server/web"
	"crmkit/store"
)

// A declaration changes no value. What is there already and does not fit is counted beside the write: page by page, each
// read from one commit, and none of them in the transaction of the write, so that others go on writing.

// The bounds of a count.
const (
	maxPresent = 10_000 // values that are read, of the newest records
	pageOf     = 200
	shownOf    = 3 // values that do not fit, with their records
)

// present counts the values that records have under the keys of a declaration.
type present struct {
	store  *store.Store
	rq     *web.Request
	entity *crm.Entity
	read   int
	more   bool // there are values that were not read
	unfit  int
	shown  []string
	holder map[string]string // of a unique field: the first record with a value
	twins  int               // records with the value of another one
	pairs  []string          // some of them
}

// OfFields returns what the declarations of fields do in a way of their own: the answer to a write says how many present
// values do not fit.
func OfFields(s *store.Store) Own {
	return Own{Wrote: func(rq *web.Request, doc *render.Response) error {
		rec := doc.Line.Record()
		if rec.Entity == nil || rec.Entity != rq.Route.Entity { // the answer to a request that was repeated
			return nil
		}
		f := shape.FieldOf(rec)
		p := &present{store: s, rq: rq, entity: rq.Env.Schema.ByName(rec.Value("kind").Text)}
		for _, m := range f.Members() {
			if err := p.count(m); err != nil && doc.DryRun {
				return err
			} else if err != nil { // the write is done
				doc.Remarks = append(doc.Remarks, "the present values could not be counted")
				return nil
			}
		}
		if remark := p.remark(f); doc.DryRun || p.unfit > 0 { // else all is as it should be
			doc.Remarks = append(doc.Remarks, remark)
		}
		if p.twins > 0 {
			doc.Remarks = append(doc.Remarks, fmt.Sprintf("%d records have a value of %s that another one has, and keep it; a POST with it updates one of them, until they are merged or get other values: %s",
				p.twins, declared.Prefix+f.Name, strings.Join(p.pairs, ", ")))
		}
		return nil
	}}
}

// count reads the values of one key.
func (p *present) count(m declared.Member) error {
	params := url.Values{declared.Prefix + m.Key: {"not:null"}, "limit": {fmt.Sprint(pageOf)}, "total": {"none"}}
	for {
		q, fault := query.Parse(p.entity, params, p.rq.Env)
		if fault != nil {
			return fault
		}
		page, err := p.store.List(p.rq.Context(), p.rq.Actor, q)
		if err != nil {
			return err
		}
		for _, rec := range page.Records {
			p.add(rec, m)
		}
		if p.more = p.more || page.More && p.read >= maxPresent; !page.More || p.more {
			return nil
		}
		params.Set("cursor", q.Cursor(page.Records[len(page.Records)-1]))
	}
}

// add counts the value of a record.
func (p *present) add(rec crm.Record, m declared.Member) {
	for _, is := range rec.Value("custom").Members() {
		if is.Name != m.Key {
			continue
		}
		if m.Key == m.Of.Members()[0].Key { // an amount has two keys
			p.read++
		}
		if stored, fault := m.Read(p.rq.Env.Reader(p.entity), is.JSON); fault == nil {
			if m.Of.Unique {
				p.addUnique(rec, stored)
			}
			continue
		}
		if p.unfit++; len(p.shown) < shownOf {
			p.shown = append(p.shown, rec.Handle()+" "+norm.ShowJSON(is.JSON))
		}
	}
}

// addUnique counts the value of a unique field.
func (p *present) addUnique(rec crm.Record, json string) {
	other, known := p.holder[json]
	if !known {
		if p.holder == nil {
			p.holder = map[string]string{}
		}
		p.holder[json] = rec.Handle()
		return
	}
	if p.twins++; len(p.pairs) < shownOf {
		p.pairs = append(p.pairs, rec.Handle()+" and "+other+" "+norm.ShowJSON(json))
	}
}

// remark says how many values do not fit.
func (p *present) remark(f *declared.Field) string {
	name, of := declared.Prefix+f.Name, fmt.Sprint(p.read)
	if p.more {
		of = fmt.Sprintf("the newest %d", p.read)
	}
	switch {
	case p.unfit > 0:
		return fmt.Sprintf("%d of %s present values of %s do not fit, and stay as they are until they are written: %s", p.unfit, of, name, strings.Join(p.shown, ", "))
	case p.read > 0:
		return fmt.Sprintf("%s present values of %s fit", of, name)
	}
	return "no record has a value of " + name + " yet"
}
