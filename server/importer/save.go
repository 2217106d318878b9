package importer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/crm/shape"
	"crmkit/render"
	"crmkit/server/importer/references"
	"crmkit/server/importer/rows"
	"crmkit/store"
)

// saveBatch saves rows in transactions and sends the result of each row. If a transaction takes
// longer than it may, its rows and all later ones are saved in smaller ones.
func (im *Importer) saveBatch(ctx context.Context, batch []entry) error {
	for len(batch) > 0 {
		n := im.step(batch)
		var results []result
		asked := time.Now()
		var began time.Time
		err := im.write(func(tx *store.Tx) (err error) {
			if began.IsZero() { // not when it runs again
				began = time.Now()
			}
			results, err = im.saveAll(tx, batch[:n])
			return err
		})
		im.giveWay(ctx, began.Sub(asked), time.Since(began))
		if store.TooLong(err) && n > 1 {
			im.most = costOf(batch[:n]) / 2
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

// step returns how many rows the next transaction saves. Each transaction ends with a write to the
// disk, so small ones make an import slower; during large ones the writes of others wait.
func (im *Importer) step(batch []entry) (n int) {
	most := im.most
	if im.others > 0 {
		most /= sharedPart
	}
	for cost := 0; n < len(batch); n++ {
		if cost += costOf(batch[n : n+1]); n > 0 && cost > most {
			break
		}
	}
	return n
}

// The cost of a row, roughly in the time that a value takes: a key of custom takes as long as
// five fields, since it has a row of its own.
const (
	rowCost = 10
	keyCost = 5
)

func costOf(batch []entry) (cost int) {
	for _, e := range batch {
		cost += rowCost
		for _, in := range e.draft.Inputs {
			cost += 1 + keyCost*len(in.Value.Members())
		}
	}
	return cost
}

// write runs fn in a transaction, which a dry run rolls back.
func (im *Importer) write(fn func(*store.Tx) error) error {
	run := func(tx *store.Tx) error {
		im.saving, im.tying = seenRecords{}, seenRecords{}
		return fn(tx)
	}
	var err error
	if im.trial == nil {
		err = im.opts.Store.Write(run)
	} else {
		err = im.opts.Store.DryRunStep(im.trial, run)
	}
	if err == nil {
		im.saved.addAll(im.saving)
		im.tied.addAll(im.tying)
	}
	return err
}

// saveAll saves rows, each in a savepoint, so that one that fails leaves no trace. Its
// error is not about a row.
func (im *Importer) saveAll(tx *store.Tx, batch []entry) ([]result, error) {
	results := make([]result, 0, len(batch))
	for _, e := range batch {
		r, err := im.saveRow(tx, e)
		if err != nil {
			return nil, err
		}
		results = append(results, r)
	}
	return results, nil
}

// saveRow saves one row. A record that a dry run would create has no handle in the result,
// since another record may get its id before the import is confirmed.
func (im *Importer) saveRow(tx *store.Tx, e entry) (result, error) {
	r := result{n: e.n, fileLine: e.fileLine, like: e.like, loose: im.isLoose(e), fault: e.fault}
	if e.fault != nil {
		return r, nil
	}
	var out store.Outcome
	im.created, im.kept, im.notes = nil, nil, nil
	im.at = rows.Place{N: e.n, Line: e.fileLine}
	err := tx.Savepoint(func() (err error) {
		if out, err = im.saveVersion(tx, e); err == nil {
			err = im.mapMerged(tx, e, out.After.Key)
		}
		return err
	})
	if errors.As(err, &r.fault) {
		r.fault = im.withoutMade(tx, r.fault)
		return r, nil
	}
	if r.outcome = out.Result; err == nil && im.madeWithOther(out) {
		r.outcome = store.Created
	}
	switch {
	case err != nil:
	case im.trial == nil || !im.trial.Made(out.After):
		r.handle = out.After.Handle()
	case r.outcome == store.Created:
		r.made = out.After
	}
	r.created, r.kept, r.notes = im.created, im.kept, im.notes
	if err == nil {
		im.noteMade(out)
		r.near = shape.Of(tx.Actor.Schema).Near(out.Before, out.After)
		r.timed = madeUpTime(e.draft, out)
		r.again = im.seenBefore(out.After)
		im.saving.add(out.After)
	}
	if r.outcome == store.Updated {
		r.changes = render.ChangesByLabel(out.Before, out.After)
	}
	return r, err
}

// madeWithOther reports whether a row is the first one about a record that an earlier row of the file made beside its
// own: the deal_contact of a deal's main contact. It notes what the row itself made so.
func (im *Importer) madeWithOther(out store.Outcome) bool {
	if out.Tie != 0 {
		im.tying.add(crm.Record{Entity: out.After.Entity.MainLink().Via, Key: out.Tie})
	}
	return (im.tied.has(out.After) || im.tying.has(out.After)) && !im.seenBefore(out.After)
}

// save creates or updates the record of an entry, and maps the id in the source to it. The
// record is the one that was imported under the id, else the one with the unique value, else
// the contact with the same name and phone number, else a new one.
func (im *Importer) save(tx *store.Tx, e entry) (store.Outcome, error) {
	row, err := im.from().Resolve(tx, references.Row{Draft: e.draft, Lookups: e.cells.Lookups, AnyID: e.cells.AnyID})
	if err != nil {
		return store.Outcome{}, err
	}
	d := row.Draft
	im.created, im.notes = row.Created, row.Notes
	if e, err = im.withContent(tx, e); err != nil {
		return store.Outcome{}, err
	}
	origin := references.ID{Source: e.source, ID: e.id}
	item, listed := origin.Item()
	if listed {
		d.Inputs = append(d.Inputs[:len(d.Inputs):len(d.Inputs)], crm.Input{Field: e.entity.Field(references.ExternalIDs), Mode: crm.EditTags, Value: crm.Labels([]string{item})})
	}
	key, err := im.knownKey(tx, d, e)
	if err != nil {
		return store.Outcome{}, err
	}
	if key != 0 {
		return im.update(tx, d, key, e)
	}
	if err := im.checkOwnID(tx, e); err != nil {
		return store.Outcome{}, err
	}
	if err := im.refuseSharedAddress(tx, d); err != nil {
		return store.Outcome{}, err
	}
	if d, err = im.withoutOthers(tx, d, 0); err != nil {
		return store.Outcome{}, err
	}
	if e.id == "" && !hasUnique(d) {
		e.id, e.source = e.content, references.ByContent
	}
	out, err := im.saveKnown(tx, d, e)
	if err == nil && e.id != "" && !listed {
		err = tx.SaveImportMapping(e.source, e.entity, e.id, out.After.Key)
	}
	return out, err
}

// saveKnown creates the record of a draft, or updates the one that has one of its keys, or that was
// created for its name.
func (im *Importer) saveKnown(tx *store.Tx, d store.Draft, e entry) (store.Outcome, error) {
	key, err := tx.KeyOfDraft(d)
	if key == 0 && err == nil {
		key, err = im.from().Complete(tx, d)
	}
	if err == nil && key != 0 {
		if err = im.refuseOther(tx, d, key, foundByKey); err == nil {
			d, im.kept, err = im.keepKnown(tx, d, key)
		}
		if err == nil {
			d, err = im.keepName(tx, d, key, e)
		}
	}
	if err != nil {
		return store.Outcome{}, err
	}
	if key == 0 {
		d = withName(withoutClears(d), e)
	}
	if err := im.prepare(tx, d, key); err != nil {
		return store.Outcome{}, err
	}
	return tx.SaveAs(key, d)
}

// withContent identifies a row by its content, if it was saved so before: its unique value belongs
// to another record.
func (im *Importer) withContent(tx *store.Tx, e entry) (entry, error) {
	if e.id != "" || e.content == "" {
		return e, nil
	}
	key, err := tx.ImportMapping(references.ByContent, e.entity, e.content)
	if key != 0 {
		e.id, e.source = e.content, references.ByContent
	}
	return e, err
}

// refuseSharedAddress refuses a row whose unique value belongs to somebody else.
func (im *Importer) refuseSharedAddress(tx *store.Tx, d store.Draft) error {
	if im.hasOwnIDs() {
		return nil
	}
	for _, in := range d.Inputs {
		if in.Field.Name == d.Entity.Keys.Unique && in.Value.Set() {
			key, err := tx.KeyOf(d.Entity, in.Value)
			if key == 0 || err != nil {
				return err
			}
			return im.refuseOther(tx, d, key, foundByUnique)
		}
	}
	return nil
}

// checkOwnID refuses a row of this workspace's own export whose id no record has: the id
// is mistyped or its record was deleted, and a new record would be a duplicate. The
// export of a whole workspace may restore what was deleted.
func (im *Importer) checkOwnID(tx *store.Tx, e entry) error {
	if e.id == "" || !im.ownIDs || im.isDump() || e.source != im.source {
		return nil
	}
	key, wrong := im.opts.Env.Schema.Locate(e.entity, tx.Actor.Workspace, e.id)
	if wrong == "" {
		_, found, err := tx.Lookup(e.entity, key)
		if found || err != nil {
			return err // mappedKey compared the time of creation: the row is of another workspace
		}
		wrong = fmt.Sprintf("%s is no %s of this workspace, or was deleted", norm.Quote(e.id), e.entity.Name)
	}
	return crm.Errorf(crm.NotFound, "%s. Correct the id, or leave its cell empty to create a new %s; GET /%s lists the existing ones. If the file is from another workspace, send it again with source=<a name for that workspace>, companies first; GET /export there and POST /import here move all of it at once.",
		wrong, e.entity.Name, e.entity.Route()).On("id")
}
