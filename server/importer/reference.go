package importer

import (
	"slices"
	"strings"
	"time"

	"crmkit/crm"
	"crmkit/crm/fieldtype"
	"crmkit/crm/norm"
	"crmkit/crm/products"
	"crmkit/server/importer/cells"
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
		if found, err := tx.Exists(e, key); found || err != nil {
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
func (im *Importer) reference(tx *store.Tx, from *crm.Entity, ref cells.Lookup) (int64, error) {
	to := from.Target(ref.Field)
	key, err := im.importedKey(tx, to, ref.ID)
	if key != 0 || err != nil {
		return key, err
	}
	if im.isDump() || ref.Unique == "" && ref.Name == "" {
		return 0, crm.Errorf(crm.ReferenceNotFound, "%s: no %s with the id %s was imported%s; import the %s first%s, then this file again.",
			ref.Field.Name, to.Name, norm.Quote(ref.ID), im.fromSource(), to.Plural, im.withSource()).On(ref.Field.Name)
	}
	if ref.Unique != "" {
		key, err = im.byUnique(tx, to, ref)
	} else {
		key, err = im.byName(tx, to, ref)
	}
	if err == nil && ref.ID != "" {
		err = im.addID(tx, to, key, ref.ID)
	}
	return key, err
}

// fromSource and withSource say in an error whose ids are meant, and how to say so.
func (im *Importer) fromSource() string {
	if im.isDump() || strings.HasPrefix(im.source, unknownSource) {
		return ""
	}
	return " from " + im.source
}

func (im *Importer) withSource() string {
	if im.isDump() || !strings.HasPrefix(im.source, unknownSource) {
		return ""
	}
	return ", both files with the same source=<name>"
}

// anyReference returns the record with the id in a column that holds ids of several kinds, and the
// reference to it.
func (im *Importer) anyReference(tx *store.Tx, e entry) (*crm.Field, int64, error) {
	c := im.columnsOf(e.entity)
	for _, f := range c.References() {
		key, err := im.importedKey(tx, e.entity.Target(f), e.cells.AnyID)
		if key != 0 || err != nil {
			return f, key, err
		}
	}
	return nil, 0, crm.Errorf(crm.ReferenceNotFound, "no record with the id %s was imported%s; import the files of %s first, then this one again, or empty the cell.",
		norm.Quote(e.cells.AnyID), im.fromSource(), crm.Enumerate(c.ReferenceNames(), "and")).On(c.References()[0].Name)
}

// importedKey returns the key of the record that was imported under an id of this source, or under
// an id that no two products give; 0 if there is none.
func (im *Importer) importedKey(tx *store.Tx, to *crm.Entity, id string) (int64, error) {
	key, err := im.mappedKey(tx, to, externalID{im.source, id}, "")
	if key != 0 || err != nil || im.isDump() || !isDistinctive(id) {
		return key, err
	}
	found := map[int64]bool{}
	for _, p := range products.Products {
		key, err := tx.KeyOfItem(to, externalIDs, p.Name+":"+id)
		if err != nil {
			return 0, err
		}
		found[key] = true
	}
	keys, err := tx.ImportedAnywhere(unknownSource, to, id)
	for _, key := range keys {
		if _, live, fault := tx.Lookup(to, key); fault != nil {
			return 0, fault
		} else if live {
			found[key] = true
		}
	}
	delete(found, 0)
	if len(found) != 1 {
		return 0, err
	}
	for key = range found {
	}
	return key, err
}

// minDistinctive is the least length of an id that is looked up among those of all sources.
const minDistinctive = 5

// isDistinctive reports whether an id, like 001XA or a UUID, is hardly given by two products. The
// file of the companies may have no mark of the product, while that of the deals has.
func isDistinctive(id string) bool {
	return len(id) >= minDistinctive && strings.ContainsAny(id, "0123456789") && strings.Trim(id, "0123456789") != ""
}

// addID notes the id of a record that a row found by something else, so that the file of these
// records finds it. A record that has an id in this source keeps it, and so does one in a file
// of no known product, whose ids are those of this file alone.
func (im *Importer) addID(tx *store.Tx, e *crm.Entity, key int64, id string) error {
	origin := externalID{im.source, id}
	item, listed := origin.item()
	if !listed {
		return nil
	}
	rec, found, err := tx.Lookup(e, key)
	if !found || err != nil || im.hasID(rec) {
		return err
	}
	_, err = tx.Update(key, store.Draft{Entity: e, Inputs: []crm.Input{{Field: e.Field(externalIDs), Mode: crm.EditTags, Value: crm.Labels([]string{item})}}})
	return err
}

// hasID reports whether a record has an id in the source of the file.
func (im *Importer) hasID(rec crm.Record) bool {
	return slices.ContainsFunc(rec.Value(externalIDs).List(), func(item string) bool { return strings.HasPrefix(item, strings.ToLower(im.source)+":") })
}

// byUnique finds a record by its unique value, or creates it.
func (im *Importer) byUnique(tx *store.Tx, to *crm.Entity, ref cells.Lookup) (int64, error) {
	f := to.Field(to.Keys.Unique)
	v, fault := im.opts.Env.Normal(f, ref.Unique)
	if fault != nil {
		return 0, fault.On(ref.Field.Path() + "." + f.Name)
	}
	key, err := tx.KeyOf(to, v)
	if key != 0 || err != nil {
		return key, err
	}
	name := ref.Name
	if name == "" {
		name = ref.Unique
	}
	return im.create(tx, to, name, crm.Input{Field: f, Value: v})
}

// byName finds a record by its name. It creates one that is missing only if its kind has
// a unique field, because then a later file can complete the record. The mapping from
// the name to the record keeps the next row from creating another one.
func (im *Importer) byName(tx *store.Tx, to *crm.Entity, ref cells.Lookup) (int64, error) {
	id := norm.Fold(ref.Name)
	key, err := tx.KeyNamed(to, ref.Name)
	if unique := to.Field(to.Keys.Unique); key == 0 && err == nil && unique != nil && unique.Type == fieldtype.Email {
		key, err = tx.KeyNamed(to, norm.WithTitles(ref.Name)...) // a person may have a title
	}
	if key == 0 && err == nil {
		key, err = im.mappedKey(tx, to, externalID{nameSource, id}, "")
	}
	if key != 0 && err == nil && ref.ID != "" {
		key, err = im.unlessOther(tx, to, key)
	}
	if key != 0 || err != nil {
		return key, err
	}
	if to.Keys.Unique == "" {
		return 0, crm.Errorf(crm.ReferenceNotFound, "%s: no %s, or more than one, has this name: %s. Import the %s first, then this file again.",
			ref.Field.Name, to.Name, norm.Quote(ref.Name), to.Plural).On(ref.Field.Name)
	}
	if key, err = im.create(tx, to, ref.Name); err == nil {
		err = tx.SaveImportMapping(nameSource, to, id, key)
	}
	return key, err
}

// unlessOther returns the key of a record that was found by its name, or 0 if it has an id in the
// source of the file: the row has another id, so it means a namesake.
func (im *Importer) unlessOther(tx *store.Tx, to *crm.Entity, key int64) (int64, error) {
	rec, found, err := tx.Lookup(to, key)
	if !found || err != nil || im.hasID(rec) {
		return 0, err
	}
	return key, nil
}

// create creates a record of which a row has no more than the name, and perhaps the unique
// value. It is saved in the savepoint of the row, so it goes if the row fails.
func (im *Importer) create(tx *store.Tx, to *crm.Entity, name string, more ...crm.Input) (int64, error) {
	v, fault := im.opts.Env.Normal(to.Field(to.LabelField), name)
	if fault != nil {
		return 0, fault
	}
	out, err := tx.Save(store.Draft{Entity: to, Inputs: append(more, crm.Input{Field: to.Field(to.LabelField), Value: v})})
	if err == nil && out.Result == store.Created {
		im.created = append(im.created, to)
	}
	return out.After.Key, err
}
