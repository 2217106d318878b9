package references

import (
	"slices"
	"strings"
	"time"

	"crmkit/crm"
	"crmkit/crm/fieldtype"
	"crmkit/crm/norm"
	"crmkit/crm/products"
	"crmkit/query"
	"crmkit/server/importer/cells"
	"crmkit/store"
)

// Source is where the rows of a file come from.
type Source struct {
	Env    query.Env // the schema, the workspace, and the time at which the rows are read
	Name   string    // whose ids the rows have
	OwnIDs bool      // the ids are those of this workspace
	Sure   bool      // it is an export of crmkit, whose rows mean what they say to the letter
	Dump   bool      // of a whole workspace: references in it are by id alone
}

// ID is the id of a record in the source it comes from: a product, a workspace ("ws_…"), or one of
// the sources below.
type ID struct{ Source, ID string }

// Sources that are no product.
const (
	UnknownFile = "file:" // and a hash of the columns: a file of no known product
	ByContent   = "row"   // the id is a hash of the row
	ByName      = "name"  // the id is the name of a record
)

// ExternalIDs is the field with the ids of a record in other products.
const ExternalIDs = "external_ids"

// Item returns the id as an item of external_ids, if its source is a product. Ids of files of no
// known product, of other workspaces and of rows are stored apart, since they say nothing to
// anybody else.
func (o ID) Item() (string, bool) {
	if o.ID == "" || o.Source == ByContent || o.Source == ByName || o.Source == "crmkit" || strings.HasPrefix(o.Source, UnknownFile) || strings.HasPrefix(o.Source, "ws_") {
		return "", false
	}
	return fieldtype.ExternalID(o.Source, o.ID)
}

// MappedKey returns the key of the record that was imported under an id, 0 if no record was or
// it is deleted. In an export of this workspace the id is that of the record itself, unless
// createdAt, the time of creation in the file, is not that of the record: then the file is
// from another workspace, whose ids happen to be valid here.
func (s Source) MappedKey(tx *store.Tx, e *crm.Entity, o ID, createdAt string) (int64, error) {
	if o.ID == "" {
		return 0, nil
	}
	if item, is := o.Item(); is {
		if key, err := tx.KeyOfItem(e, ExternalIDs, item); key != 0 || err != nil {
			return key, err
		}
	}
	key, err := tx.ImportMapping(o.Source, e, o.ID)
	if err != nil {
		return 0, err
	}
	if key != 0 {
		if key, err := tx.Present(e, key); key != 0 || err != nil {
			return key, err
		}
	}
	if !s.OwnIDs || o.Source != s.Name {
		return 0, nil
	}
	key, hint := s.Env.Schema.Locate(e, tx.Actor.Workspace, o.ID)
	if hint != "" {
		return 0, nil
	}
	rec, found, err := tx.Lookup(e, key)
	if !found || err != nil {
		return 0, err
	}
	madeAt := rec.Value(crm.FieldCreatedAt).Int
	if rec.Key != key { // the row is of the time before a merge
		if _, madeAt, err = tx.Lead(e, key); err != nil {
			return 0, err
		}
	}
	if createdAt != "" && !sameSecond(createdAt, madeAt) {
		return 0, nil
	}
	return rec.Key, nil
}

// sameSecond reports whether a time equals one in milliseconds, to the second.
func sameSecond(text string, ms int64) bool {
	at, err := time.Parse(time.RFC3339, text)
	return err == nil && at.Unix() == time.UnixMilli(ms).Unix()
}

// notImported is the error for an id that leads to no record, in a row that says nothing else of it.
func (s Source) notImported(ref cells.Lookup, to *crm.Entity) error {
	return crm.Errorf(crm.ReferenceNotFound, "%s: no %s with the id %s was imported%s; import the %s first%s, then this file again.",
		ref.Field.Name, to.Name, norm.Quote(ref.ID), s.fromSource(), to.Plural, s.withSource()).On(ref.Field.Name)
}

// fromSource and withSource say in an error whose ids are meant, and how to say so.
func (s Source) fromSource() string {
	if s.Dump || strings.HasPrefix(s.Name, UnknownFile) {
		return ""
	}
	return " from " + s.Name
}

func (s Source) withSource() string {
	if s.Dump || !strings.HasPrefix(s.Name, UnknownFile) {
		return ""
	}
	return ", both files with the same source=<name>"
}

// byAnyID returns the record with the id in a column that holds ids of several kinds, and the
// reference to it.
func (s Source) byAnyID(tx *store.Tx, from *crm.Entity, id string) (*crm.Field, int64, error) {
	var names []string
	for _, f := range referencesOf(from) {
		key, err := s.importedKey(tx, from.Target(f), id)
		if key != 0 || err != nil {
			return f, key, err
		}
		names = append(names, f.Name)
	}
	return nil, 0, crm.Errorf(crm.ReferenceNotFound, "no record with the id %s was imported%s; import the files of %s first, then this one again, or empty the cell.",
		norm.Quote(id), s.fromSource(), crm.Enumerate(names, "and")).On(names[0])
}

// importedKey returns the key of the record that was imported under an id of this source, or under
// an id that no two products give; 0 if there is none.
func (s Source) importedKey(tx *store.Tx, to *crm.Entity, id string) (int64, error) {
	key, err := s.MappedKey(tx, to, ID{s.Name, id}, "")
	if key != 0 || err != nil || s.Dump || !isDistinctive(id) {
		return key, err
	}
	found := map[int64]bool{}
	for _, p := range products.Products {
		key, err := tx.KeyOfItem(to, ExternalIDs, p.Name+":"+id)
		if err != nil {
			return 0, err
		}
		found[key] = true
	}
	keys, err := tx.ImportedAnywhere(UnknownFile, to, id)
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
func (s Source) addID(tx *store.Tx, e *crm.Entity, key int64, id string) error {
	origin := ID{s.Name, id}
	item, listed := origin.Item()
	if !listed {
		return nil
	}
	rec, found, err := tx.Lookup(e, key)
	if !found || err != nil || s.HasID(rec) {
		return err
	}
	_, err = tx.Update(key, store.Draft{Entity: e, Inputs: []crm.Input{{Field: e.Field(ExternalIDs), Mode: crm.EditTags, Value: crm.Labels([]string{item})}}})
	return err
}

// HasID reports whether a record has an id in the source of the file.
func (s Source) HasID(rec crm.Record) bool {
	return slices.ContainsFunc(rec.Value(ExternalIDs).List(), func(item string) bool { return strings.HasPrefix(item, strings.ToLower(s.Name)+":") })
}
