package server

import (
	"time"

	"crmkit/crm"
	"crmkit/query"
	"crmkit/store"
)

// save makes or updates the record of an entry.
func (im *importer) save(tx *store.Tx, e entry) (store.Outcome, error) {
	d := e.draft
	for _, h := range e.hints {
		key, err := im.reference(tx, e.entity, h)
		if err != nil {
			return store.Outcome{}, err
		}
		if key != 0 {
			d.Inputs = append(d.Inputs[:len(d.Inputs):len(d.Inputs)], crm.Input{Field: h.field, Value: crm.Key(key)})
		}
	}
	key, err := im.known(tx, e.entity, origin{e.source, e.id}, e.made)
	if err != nil {
		return store.Outcome{}, err
	}
	if key != 0 {
		return tx.Update(key, d)
	}
	if d, err = im.named(tx, d); err != nil {
		return store.Outcome{}, err
	}
	out, err := tx.Save(d)
	if err == nil && e.id != "" {
		err = tx.NoteImported(e.source, e.entity, e.id, out.After.Key)
	}
	return out, err
}

// named gives a record that would be made without a name that of its unique value:
// many address books hold addresses alone.
func (im *importer) named(tx *store.Tx, d store.Draft) (store.Draft, error) {
	display, address := d.Entity.Field(d.Entity.Display), crm.Value{}
	for _, in := range d.Inputs {
		if in.Field == display && in.Value.Set() {
			return d, nil
		}
		if in.Field.Name == d.Entity.Unique {
			address = in.Value
		}
	}
	if !address.Set() {
		return d, nil
	}
	key, err := tx.KeyOf(d.Entity, address)
	if key == 0 && err == nil {
		d.Inputs = append(d.Inputs[:len(d.Inputs):len(d.Inputs)], crm.Input{Field: display, Value: address})
	}
	return d, err
}

// origin is the id of a record where it comes from.
type origin struct{ source, id string }

// known returns the key of the record that an id of where it comes from stands for, 0
// when there is none (any more). made is when that was made, where the file says it.
func (im *importer) known(tx *store.Tx, e *crm.Entity, o origin, made string) (int64, error) {
	if o.id == "" {
		return 0, nil
	}
	key, err := tx.Imported(o.source, e, o.id)
	if err != nil {
		return 0, err
	}
	if key != 0 {
		if _, found, err := tx.Lookup(e, key); found || err != nil {
			return key, err
		}
	}
	if !im.own || o.source != im.source {
		return 0, nil
	}
	key, hint := im.s.schema.Locate(e, tx.Actor.Workspace, o.id)
	if hint != "" {
		return 0, nil
	}
	rec, found, err := tx.Lookup(e, key)
	if !found || err != nil || made != "" && !sameMoment(made, rec.Value(crm.FieldCreatedAt).Int) {
		return 0, err
	}
	return key, nil
}

// sameMoment reports whether a time is one in milliseconds, to the second.
func sameMoment(text string, ms int64) bool {
	at, err := time.Parse(time.RFC3339, text)
	return err == nil && at.Unix() == time.UnixMilli(ms).Unix()
}

// reference returns the key of the record that a hint means: by its id, by its unique
// value, by a name that is its alone. What can be found again by a unique value is
// made when it is missing.
func (im *importer) reference(tx *store.Tx, from *crm.Entity, h hint) (int64, error) {
	to := from.Target(h.field)
	key, err := im.known(tx, to, origin{im.source, h.id}, "")
	if key != 0 || err != nil {
		return key, err
	}
	if im.whole || h.unique == "" && h.name == "" {
		return 0, crm.Errorf(crm.ReferenceNotFound, "%s: no %s with the id %s was imported; import the %s first, then this file again.",
			h.field.Name, to.Name, crm.Show(h.id), to.Plural).On(h.field.Name)
	}
	if h.unique != "" {
		return im.byUnique(tx, to, h)
	}
	return im.byName(tx, to, h)
}

func (im *importer) byUnique(tx *store.Tx, to *crm.Entity, h hint) (int64, error) {
	f := to.Field(to.Unique)
	v, fault := im.rq.env.Normal(f, h.unique)
	if fault != nil {
		return 0, fault.On(h.field.Path() + "." + f.Name)
	}
	key, err := tx.KeyOf(to, v)
	if key != 0 || err != nil {
		return key, err
	}
	name := h.name
	if name == "" {
		name = h.unique
	}
	return im.make(tx, to, name, crm.Input{Field: f, Value: v})
}

func (im *importer) byName(tx *store.Tx, to *crm.Entity, h hint) (int64, error) {
	if key := im.names.find(tx, to, h.name); key > 0 || im.names.err != nil {
		return key, im.names.err
	}
	id := query.Fold(h.name)
	key, err := im.known(tx, to, origin{nameSource, id}, "")
	if key != 0 || err != nil {
		return key, err
	}
	if to.Unique == "" {
		return 0, crm.Errorf(crm.ReferenceNotFound, "%s: there is not one %s of that name: %s. Import the %s first, then this file again.",
			h.field.Name, to.Name, crm.Show(h.name), to.Plural).On(h.field.Name)
	}
	if key, err = im.make(tx, to, h.name); err == nil {
		err = tx.NoteImported(nameSource, to, id, key)
	}
	return key, err
}

// make makes a record of which a row knows no more than its name.
func (im *importer) make(tx *store.Tx, to *crm.Entity, name string, more ...crm.Input) (int64, error) {
	v, fault := im.rq.env.Normal(to.Field(to.Display), name)
	if fault != nil {
		return 0, fault
	}
	out, err := tx.Save(store.Draft{Entity: to, Inputs: append(more, crm.Input{Field: to.Field(to.Display), Value: v})})
	if err != nil {
		return 0, err
	}
	im.names.note(out.After)
	return out.After.Key, nil
}

// several names stand for one key: nobody can say which is meant.
const ambiguous = -1

// called finds records by what they are called. They are read once, and before each
// batch those that others made since.
type called struct {
	byEntity map[*crm.Entity]*index
	made     []crm.Record // by the row at hand
	fresh    map[*crm.Entity]bool
	err      error
	open     bool // a batch runs, or was given up
}

type index struct {
	keys map[string]int64
	last int64
}

func newCalled() *called { return &called{byEntity: map[*crm.Entity]*index{}} }

// begin forgets what an earlier run of the batch left: its records are made again, and
// may have other keys.
func (n *called) begin() {
	if n.open {
		n.byEntity = map[*crm.Entity]*index{}
	}
	n.fresh, n.made, n.err, n.open = map[*crm.Entity]bool{}, nil, nil, true
}

// end notes that the batch is saved.
func (n *called) end() { n.open = false }

// find returns the key of the one record with the name, 0 for none and ambiguous for
// several.
func (n *called) find(tx *store.Tx, e *crm.Entity, name string) int64 {
	ix := n.byEntity[e]
	if ix == nil {
		ix = &index{keys: map[string]int64{}}
		n.byEntity[e] = ix
	}
	if !n.fresh[e] {
		n.fresh[e] = true
		n.err = tx.Names(e, ix.last, ix.add)
	}
	key := ix.keys[query.Fold(name)]
	if key <= 0 || n.err != nil {
		return key
	}
	rec, found, err := tx.Lookup(e, key)
	n.err = err
	if !found || query.Fold(rec.Value(e.Display).Text) != query.Fold(name) {
		return 0 // deleted or renamed meanwhile
	}
	return key
}

func (ix *index) add(key int64, fold string) {
	switch old := ix.keys[fold]; {
	case key <= ix.last:
	case old == 0:
		ix.keys[fold] = key
	default:
		ix.keys[fold] = ambiguous
	}
	ix.last = max(ix.last, key)
}

// note remembers a record that the row at hand made; keep holds on to those of a row
// that was saved.
func (n *called) note(rec crm.Record) { n.made = append(n.made, rec) }

func (n *called) keep() {
	for _, rec := range n.made {
		if ix := n.byEntity[rec.Entity]; ix != nil && n.fresh[rec.Entity] {
			ix.add(rec.Key, query.Fold(rec.Value(rec.Entity.Display).Text))
		}
	}
	n.made = nil
}
