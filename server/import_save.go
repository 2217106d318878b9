package server

import (
	"errors"
	"fmt"
	"time"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/store"
)

// saveBatch saves rows in one transaction, in which those that fail leave no trace, and
// sends what became of each. Where they take longer than a write may, it goes on with
// fewer at once.
func (im *importer) saveBatch(batch []entry) error {
	for len(batch) > 0 {
		n := min(len(batch), im.most)
		var results []importResult
		err := im.write(func(tx *store.Tx) (err error) {
			results, err = im.saveAll(tx, batch[:n])
			return err
		})
		if store.TooLong(err) && n > 1 {
			im.most = n / 2
			continue
		}
		if err == nil {
			err = im.send(results)
		}
		if err != nil {
			return err
		}
		batch = batch[n:]
	}
	return nil
}

// write runs fn in a transaction, which is taken back in a dry run.
func (im *importer) write(fn func(*store.Tx) error) error {
	if im.trial == nil {
		return im.s.change(im.rq, fn)
	}
	return im.s.store.Rehearse(im.rq.Context(), im.rq.actor, im.trial, im.rq.entered(fn))
}

// saveAll saves rows; the error is one that is none of theirs. Records that a dry run
// would make have no name yet.
func (im *importer) saveAll(tx *store.Tx, batch []entry) ([]importResult, error) {
	results := make([]importResult, 0, len(batch))
	for _, e := range batch {
		r := importResult{n: e.n, fault: e.fault}
		if e.fault == nil {
			var out store.Outcome
			err := tx.Savepoint(func() (err error) {
				out, err = im.save(tx, e)
				return err
			})
			if err != nil && !errors.As(err, &r.fault) {
				return nil, err
			}
			if err == nil {
				r.outcome = out.Result
			}
			if err == nil && (im.trial == nil || !im.trial.Made(out.After)) {
				r.handle = out.After.Handle()
			}
		}
		results = append(results, r)
	}
	return results, nil
}

// save makes or updates the record of an entry.
func (im *importer) save(tx *store.Tx, e entry) (store.Outcome, error) {
	d := e.draft
	for _, h := range e.lookups {
		key, err := im.reference(tx, e.entity, h)
		if err != nil {
			return store.Outcome{}, err
		}
		if key != 0 {
			d.Inputs = append(d.Inputs[:len(d.Inputs):len(d.Inputs)], crm.Input{Field: h.field, Value: crm.Key(key)})
		}
	}
	key, err := im.known(tx, e.entity, externalID{e.source, e.id}, e.made)
	if err != nil {
		return store.Outcome{}, err
	}
	if key != 0 {
		return tx.Update(key, d)
	}
	if err := im.lost(tx, e); err != nil {
		return store.Outcome{}, err
	}
	if d, err = im.named(tx, d); err != nil {
		return store.Outcome{}, err
	}
	out, err := tx.Save(d)
	if err == nil && e.id != "" {
		err = tx.SaveImportMapping(e.source, e.entity, e.id, out.After.Key)
	}
	return out, err
}

// lost is the error of a row that has an id of this workspace, among others that have
// theirs, which no record has: a record made for it would be a second one. A workspace that
// is restored makes again what was deleted.
func (im *importer) lost(tx *store.Tx, e entry) error {
	if e.id == "" || !im.isOwnExport || im.isDump || e.source != im.source {
		return nil
	}
	key, wrong := im.s.schema.Locate(e.entity, tx.Actor.Workspace, e.id)
	if wrong == "" {
		_, found, err := tx.Lookup(e.entity, key)
		if found || err != nil {
			return err // what has the id was made at another time: it is of another workspace
		}
		wrong = fmt.Sprintf("%s is no %s of this workspace, or was deleted", norm.Quote(e.id), e.entity.Name)
	}
	return crm.Errorf(crm.NotFound, "%s. Mend the id, or leave its cell empty to make a new %s; GET /%s finds those that there are.", wrong, e.entity.Name, e.entity.Route()).On("id")
}

// named gives a record that would be made without a name that of its unique value:
// many address books hold addresses alone.
func (im *importer) named(tx *store.Tx, d store.Draft) (store.Draft, error) {
	display, address := d.Entity.Field(d.Entity.LabelField), crm.Value{}
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

// externalID is the id of a record where it comes from.
type externalID struct{ source, id string }

// known returns the key of the record that an id of where it comes from stands for, 0
// when there is none (any more). made is when that was made, where the file says it.
func (im *importer) known(tx *store.Tx, e *crm.Entity, o externalID, made string) (int64, error) {
	if o.id == "" {
		return 0, nil
	}
	key, err := tx.ImportMapping(o.source, e, o.id)
	if err != nil {
		return 0, err
	}
	if key != 0 {
		if _, found, err := tx.Lookup(e, key); found || err != nil {
			return key, err
		}
	}
	if !im.isOwnExport || o.source != im.source {
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
func (im *importer) reference(tx *store.Tx, from *crm.Entity, h refLookup) (int64, error) {
	to := from.Target(h.field)
	key, err := im.known(tx, to, externalID{im.source, h.id}, "")
	if key != 0 || err != nil {
		return key, err
	}
	if im.isDump || h.unique == "" && h.name == "" {
		return 0, crm.Errorf(crm.ReferenceNotFound, "%s: no %s with the id %s was imported; import the %s first, then this file again.",
			h.field.Name, to.Name, norm.Quote(h.id), to.Plural).On(h.field.Name)
	}
	if h.unique != "" {
		return im.byUnique(tx, to, h)
	}
	return im.byName(tx, to, h)
}

func (im *importer) byUnique(tx *store.Tx, to *crm.Entity, h refLookup) (int64, error) {
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

func (im *importer) byName(tx *store.Tx, to *crm.Entity, h refLookup) (int64, error) {
	key, err := tx.KeyNamed(to, h.name)
	if key != 0 || err != nil {
		return key, err
	}
	id := norm.Fold(h.name)
	key, err = im.known(tx, to, externalID{nameSource, id}, "")
	if key != 0 || err != nil {
		return key, err
	}
	if to.Unique == "" {
		return 0, crm.Errorf(crm.ReferenceNotFound, "%s: there is not one %s of that name: %s. Import the %s first, then this file again.",
			h.field.Name, to.Name, norm.Quote(h.name), to.Plural).On(h.field.Name)
	}
	if key, err = im.make(tx, to, h.name); err == nil {
		err = tx.SaveImportMapping(nameSource, to, id, key)
	}
	return key, err
}

// make makes a record of which a row knows no more than its name.
func (im *importer) make(tx *store.Tx, to *crm.Entity, name string, more ...crm.Input) (int64, error) {
	v, fault := im.rq.env.Normal(to.Field(to.LabelField), name)
	if fault != nil {
		return 0, fault
	}
	out, err := tx.Save(store.Draft{Entity: to, Inputs: append(more, crm.Input{Field: to.Field(to.LabelField), Value: v})})
	return out.After.Key, err
}
