package importer

import (
	"time"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/store"
)

// externalID is the id of a record where it comes from.
type externalID struct{ source, id string }

// known returns the key of the record that an id of where it comes from stands for, 0
// when there is none (any more). made is when that was made, where the file says it.
func (im *Importer) known(tx *store.Tx, e *crm.Entity, o externalID, made string) (int64, error) {
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
	if !im.ownIDs || o.source != im.source {
		return 0, nil
	}
	key, hint := im.opts.Env.Schema.Locate(e, tx.Actor.Workspace, o.id)
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
func (im *Importer) reference(tx *store.Tx, from *crm.Entity, h refLookup) (int64, error) {
	to := from.Target(h.field)
	key, err := im.known(tx, to, externalID{im.source, h.id}, "")
	if key != 0 || err != nil {
		return key, err
	}
	if im.isDump() || h.unique == "" && h.name == "" {
		return 0, crm.Errorf(crm.ReferenceNotFound, "%s: no %s with the id %s was imported; import the %s first, then this file again.",
			h.field.Name, to.Name, norm.Quote(h.id), to.Plural).On(h.field.Name)
	}
	if h.unique != "" {
		return im.byUnique(tx, to, h)
	}
	return im.byName(tx, to, h)
}

func (im *Importer) byUnique(tx *store.Tx, to *crm.Entity, h refLookup) (int64, error) {
	f := to.Field(to.Unique)
	v, fault := im.opts.Env.Normal(f, h.unique)
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

func (im *Importer) byName(tx *store.Tx, to *crm.Entity, h refLookup) (int64, error) {
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
func (im *Importer) make(tx *store.Tx, to *crm.Entity, name string, more ...crm.Input) (int64, error) {
	v, fault := im.opts.Env.Normal(to.Field(to.LabelField), name)
	if fault != nil {
		return 0, fault
	}
	out, err := tx.Save(store.Draft{Entity: to, Inputs: append(more, crm.Input{Field: to.Field(to.LabelField), Value: v})})
	return out.After.Key, err
}
