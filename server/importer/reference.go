package importer

import (
	"strings"
	"time"

	"crmkit/crm"
	"crmkit/crm/fieldtype"
	"crmkit/crm/norm"
	"crmkit/store"
)

// externalID is the id of a record in the source it comes from.
type externalID struct{ source, id string }

// externalIDs is the field with the ids of a record in other products.
const externalIDs = "external_ids"

// item returns the id as an item of external_ids, if its source is a product. Ids of files of no
// known product, of other workspaces and of rows are stored apart, since they say nothing to
// anybody else.
func (o externalID) item() (string, bool) {
	if o.id == "" || o.source == rowSource || o.source == nameSource || o.source == "crmkit" || strings.HasPrefix(o.source, unknownSource) || strings.HasPrefix(o.source, "ws_") {
		return "", false
	}
	return fieldtype.ExternalID(o.source, o.id)
}

// mappedKey returns the key of the record that was imported under an id, 0 if no record was or
// it is deleted. In an export of this workspace the id is that of the record itself, unless
// createdAt, the time of creation in the file, is not that of the record: then the file is
// from another workspace, whose ids happen to be valid here.
func (im *Importer) mappedKey(tx *store.Tx, e *crm.Entity, o externalID, createdAt string) (int64, error) {
	if o.id == "" {
		return 0, nil
	}
	if item, is := o.item(); is {
		if key, err := tx.KeyOfItem(e, externalIDs, item); key != 0 || err != nil {
			return key, err
		}
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
	if !found || err != nil || createdAt != "" && !sameSecond(createdAt, rec.Value(crm.FieldCreatedAt).Int) {
		return 0, err
	}
	return key, nil
}

// sameSecond reports whether a time equals one in milliseconds, to the second.
func sameSecond(text string, ms int64) bool {
	at, err := time.Parse(time.RFC3339, text)
	return err == nil && at.Unix() == time.UnixMilli(ms).Unix()
}

// reference returns the key of the record that a row refers to: by its id, else by its
// unique value, else by a name that no other record has.
func (im *Importer) reference(tx *store.Tx, from *crm.Entity, ref refLookup) (int64, error) {
	to := from.Target(ref.field)
	key, err := im.mappedKey(tx, to, externalID{im.source, ref.id}, "")
	if key != 0 || err != nil {
		return key, err
	}
	if im.isDump() || ref.unique == "" && ref.name == "" {
		return 0, crm.Errorf(crm.ReferenceNotFound, "%s: no %s with the id %s was imported; import the %s first, then this file again.",
			ref.field.Name, to.Name, norm.Quote(ref.id), to.Plural).On(ref.field.Name)
	}
	if ref.unique != "" {
		return im.byUnique(tx, to, ref)
	}
	return im.byName(tx, to, ref)
}

// byUnique finds a record by its unique value, or creates it.
func (im *Importer) byUnique(tx *store.Tx, to *crm.Entity, ref refLookup) (int64, error) {
	f := to.Field(to.Keys.Unique)
	v, fault := im.opts.Env.Normal(f, ref.unique)
	if fault != nil {
		return 0, fault.On(ref.field.Path() + "." + f.Name)
	}
	key, err := tx.KeyOf(to, v)
	if key != 0 || err != nil {
		return key, err
	}
	name := ref.name
	if name == "" {
		name = ref.unique
	}
	return im.create(tx, to, name, crm.Input{Field: f, Value: v})
}

// byName finds a record by its name. It creates one that is missing only if its kind has
// a unique field, because then a later file can complete the record. The mapping from
// the name to the record keeps the next row from creating another one.
func (im *Importer) byName(tx *store.Tx, to *crm.Entity, ref refLookup) (int64, error) {
	key, err := tx.KeyNamed(to, ref.name)
	if key != 0 || err != nil {
		return key, err
	}
	id := norm.Fold(ref.name)
	key, err = im.mappedKey(tx, to, externalID{nameSource, id}, "")
	if key != 0 || err != nil {
		return key, err
	}
	if to.Keys.Unique == "" {
		return 0, crm.Errorf(crm.ReferenceNotFound, "%s: no %s, or more than one, has this name: %s. Import the %s first, then this file again.",
			ref.field.Name, to.Name, norm.Quote(ref.name), to.Plural).On(ref.field.Name)
	}
	if key, err = im.create(tx, to, ref.name); err == nil {
		err = tx.SaveImportMapping(nameSource, to, id, key)
	}
	return key, err
}

// create creates a record of which a row has no more than the name, and perhaps the unique
// value. It is saved in the savepoint of the row, so it goes if the row fails.
func (im *Importer) create(tx *store.Tx, to *crm.Entity, name string, more ...crm.Input) (int64, error) {
	v, fault := im.opts.Env.Normal(to.Field(to.LabelField), name)
	if fault != nil {
		return 0, fault
	}
	out, err := tx.Save(store.Draft{Entity: to, Inputs: append(more, crm.Input{Field: to.Field(to.LabelField), Value: v})})
	return out.After.Key, err
}
