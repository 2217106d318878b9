package importer

import (
	"errors"
	"fmt"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/store"
)

// saveBatch saves rows in one transaction, in which those that fail leave no trace, and
// sends what became of each. Where they take longer than a write may, it goes on with
// fewer at once.
func (im *Importer) saveBatch(batch []entry) error {
	for len(batch) > 0 {
		n := min(len(batch), im.most)
		var results []result
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
func (im *Importer) write(fn func(*store.Tx) error) error {
	if im.trial == nil {
		return im.opts.Store.Write(fn)
	}
	return im.opts.Store.Rehearse(im.trial, fn)
}

// saveAll saves rows; the error is one that is none of theirs. Records that a dry run
// would make have no name yet.
func (im *Importer) saveAll(tx *store.Tx, batch []entry) ([]result, error) {
	results := make([]result, 0, len(batch))
	for _, e := range batch {
		r := result{n: e.n, fault: e.fault}
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
func (im *Importer) save(tx *store.Tx, e entry) (store.Outcome, error) {
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
func (im *Importer) lost(tx *store.Tx, e entry) error {
	if e.id == "" || !im.ownIDs || im.isDump() || e.source != im.source {
		return nil
	}
	key, wrong := im.opts.Env.Schema.Locate(e.entity, tx.Actor.Workspace, e.id)
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
func (im *Importer) named(tx *store.Tx, d store.Draft) (store.Draft, error) {
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
