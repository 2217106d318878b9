package importer

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"

	"crmkit/crm"
	"crmkit/crm/fieldtype"
	"crmkit/crm/norm"
	"crmkit/crm/products"
	"crmkit/server/draft"
	"crmkit/server/importer/cells"
	"crmkit/server/importer/references"
	"crmkit/server/importer/rows"
	"crmkit/store"
)

// entry is a row as it will be saved, or the fault for which it is not.
type entry struct {
	n        int
	fileLine int // 0: as n says
	entity   *crm.Entity
	draft    store.Draft
	id       string // of the record in its source
	content  string // the id of the row if its unique value turns out to be that of another record, or if it was imported without key=
	source   string
	merged   []string // as in rows.Row
	cells    cells.Row
	like     likeness
	values   int        // in the row
	fault    *crm.Error // nil: the row can be saved
}

// read turns a row into an entry. It does not read the store: references are looked up in the
// transaction, where they see the rows before.
func (im *Importer) read(r rows.Row) entry {
	e := entry{n: r.N, fileLine: r.Line, entity: im.opts.Entity, source: im.source, merged: r.Merged, fault: r.Fault, values: len(r.Cells) + len(r.Nulls)}
	if e.fault == nil && im.isDump() {
		e.entity, e.fault = dumpedEntity(im.opts.Env.Schema, r)
	}
	if e.fault != nil {
		return e
	}
	if !im.clears() {
		r.Nulls = nil
	}
	if e.cells, e.fault = im.columnsOf(e.entity).Read(r.Cells, r.Nulls, im.how()); e.fault != nil {
		return e
	}
	e.id = e.cells.ID
	e.draft, e.fault = draft.Decode(e.entity, e.cells.Members, im.opts.Env)
	e.draft.Restores = im.isDump()
	e.draft.Inputs = keepTimes(e.entity, append(e.draft.Inputs, e.cells.Set...))
	if e.id == "" && e.fault == nil && !hasUnique(e.draft) {
		if e.id, e.source = im.contentID(r), references.ByContent; e.id == "" {
			e.fault = crm.Errorf(crm.InvalidValue, "more than %d rows have neither an id nor %s, by which they are recognised; put the rest into another file.", maxWithoutID, crm.Article(cmp.Or(e.entity.Keys.Unique, "name")))
		}
	}
	unique := e.entity.Field(e.entity.Keys.Unique)
	if im.key != "" && e.id != "" || e.id == "" && unique != nil && unique.Type == fieldtype.Domain {
		e.content = hex.EncodeToString([]byte(im.contentHash(r)))
	}
	if e.fault == nil {
		e.like = im.likenessOf(e)
	}
	return e
}

// how returns how the cells of the rows are read.
func (im *Importer) how() cells.How {
	how := cells.How{Env: im.opts.Env, OwnIDs: im.hasOwnIDs(), Key: im.key, Versions: im.versioned, KeepNulls: im.isDump() || im.nullsOf != ""}
	if !how.OwnIDs {
		how.Shows = func(id string) bool {
			_, is := references.ID{Source: im.source, ID: id}.Item()
			return is
		}
	}
	return how
}

// keepTimes adds that times which follow from another field stay as they are, if the row does
// not have them: when a deal of another product was won is not known.
func keepTimes(e *crm.Entity, inputs []crm.Input) []crm.Input {
	for i := range e.Fields {
		f := &e.Fields[i]
		sent := slices.ContainsFunc(inputs, func(in crm.Input) bool { return in.Field == f })
		if f.Transition() != nil && f.Type.Kind() == crm.TimeKind && !sent {
			inputs = append(inputs, crm.Input{Field: f, Mode: crm.Keep})
		}
	}
	return inputs
}

// dumpedEntity returns the entity of a row of an exported workspace.
func dumpedEntity(schema *crm.Schema, r rows.Row) (*crm.Entity, *crm.Error) {
	e := entityOf(schema, r)
	if e == nil {
		return nil, crm.Errorf(crm.MissingField, "the row has no \"handle\"; add one like contact/c_7k3q, or send the export unchanged.").On("handle")
	}
	return e, nil
}

// hasUnique reports whether the draft has the value by which a record is upserted.
func hasUnique(d store.Draft) bool {
	return slices.ContainsFunc(d.Inputs, func(in crm.Input) bool { return in.Field.Name == d.Entity.Keys.Unique && in.Value.Set() })
}

// contentID returns an id for a row that has none: a hash of its cells, so that the
// same row of the same file is the same record when it is imported again. Columns that change
// although nothing happened, like a checksum, are not part of it. It is empty if too many rows
// need one.
func (im *Importer) contentID(r rows.Row) string {
	hash := im.contentHash(r)
	part := binary.BigEndian.Uint64([]byte(hash)) // rows that share it still differ in the rest of the id
	if len(im.seen) >= maxWithoutID && im.seen[part] == 0 {
		return ""
	}
	im.seen[part]++
	return hex.EncodeToString([]byte(hash)) + repeatMark(int(im.seen[part])-1)
}

// contentHash returns a hash of the cells of a row, as 16 bytes. What the row says of the state of the
// record, its version and what it does not have, is no part of it.
func (im *Importer) contentHash(r rows.Row) string {
	cells := slices.DeleteFunc(slices.Clone(r.Cells), func(c crm.Member) bool {
		return products.IsVolatile(c.Name) || im.versioned && c.Name == crm.FieldVersion
	})
	if len(cells) == 0 {
		cells = slices.Clone(r.Cells)
	}
	slices.SortFunc(cells, func(a, b crm.Member) int { return strings.Compare(a.Name, b.Name) })
	sum := sha256.Sum256(norm.AppendObject(nil, cells))
	return string(sum[:16])
}

// repeatMark ends the id of a row that equals so many rows before it, so that equal rows are
// records of their own. The ids are in the store; with other marks a file that was imported
// before would create its records again.
func repeatMark(before int) string {
	if before <= 16 {
		return strings.Repeat("+", before)
	}
	return "+" + strconv.Itoa(before)
}
