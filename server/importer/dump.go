package importer

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/server/importer/rows"
	"crmkit/store"
)

// DumpVersion is the version of the form in which a workspace is exported.
const DumpVersion = 1

// MergedIDs is the member of an exported record with the ids of the records that were merged into it.
// After an import elsewhere they lead to it as they did.
const MergedIDs = "merged_ids"

// cutMerged takes the ids of merged records out of the cells of a row.
func cutMerged(cells []crm.Member) (ids []string, rest []crm.Member) {
	for _, cell := range cells {
		if list, is := norm.ParseStrings(cell.JSON); cell.Name == MergedIDs && is {
			ids = append(ids, list...)
			continue
		}
		rest = append(rest, cell)
	}
	return ids, rest
}

// mapMerged stores that the ids of merged records mean the one into which they were merged. In their own
// workspace they lead to it anyway.
func (im *Importer) mapMerged(tx *store.Tx, e entry, key int64) error {
	if im.ownIDs {
		return nil
	}
	for _, id := range e.merged {
		if _, wrong := crm.ParseID(e.entity, tx.Actor.Workspace, id); wrong == crm.IDMalformed {
			return crm.Errorf(crm.InvalidValue, "%s takes the ids of %s that were merged into this one, not %s; send the export unchanged.", MergedIDs, e.entity.Plural, norm.Quote(id)).On(MergedIDs)
		}
		if err := tx.SaveImportMapping(e.source, e.entity, id, key); err != nil {
			return err
		}
	}
	return nil
}

// dump begins to read an exported workspace. Records of another workspace are created here,
// with the references between them; records of this workspace get the values that they had
// at the time of the export.
func (im *Importer) dump(in *rows.File) (rows.Reader, error) {
	dump := &dumpRows{Reader: in.Lines(), schema: im.opts.Env.Schema, counts: map[string]int64{}}
	var err error
	im.source, err = dump.header()
	im.ownIDs = im.source == im.opts.Workspace
	return dump, err
}

// dumpRows reads the records of an exported workspace: the lines between the first,
// which is about the workspace, and the last, which counts the records. An export that was
// cut off would restore only a part of a workspace, and nobody would notice.
type dumpRows struct {
	rows.Reader // its lines
	schema      *crm.Schema
	counts      map[string]int64
}

// header reads the first line and returns the id of the workspace.
func (d *dumpRows) header() (workspace string, err error) {
	r, err := d.Reader.Next()
	if err != nil && err != io.EOF {
		return "", err
	}
	version, workspace := r.Text("crmkit"), r.Text("workspace")
	switch {
	case version == "" || workspace == "":
		return "", crm.Errorf(crm.InvalidValue, "the file is not an export of a workspace (GET /export): its first line does not describe one. Send rows of one kind to POST /import/contacts, /import/companies and so on; %s.", rows.WithCurl)
	case version != strconv.Itoa(DumpVersion):
		return "", crm.Errorf(crm.InvalidValue, "the file has format version %s, but this server reads version %d; use a newer crmkit.", norm.Quote(version), DumpVersion)
	}
	return workspace, nil
}

// entityOf returns the entity of a row's record, nil if its handle names none.
func entityOf(schema *crm.Schema, r rows.Row) *crm.Entity {
	kind, _, found := strings.Cut(r.Text("handle"), "/")
	if e := schema.ByName(kind); found && e != nil && !e.IsView() {
		return e
	}
	return nil
}

// Next returns the next record, and checks the counts behind the last one. A file
// without a last line was cut, and is refused whole.
func (d *dumpRows) Next() (rows.Row, error) {
	r, err := d.Reader.Next()
	r.N-- // the first line is no record
	switch {
	case err == io.EOF:
		return r, crm.Errorf(crm.BadJSON, "the file is incomplete: its last line with the counts is missing; nothing was saved. Export it again.")
	case err != nil:
		return r, err
	case r.Text("end") == "true":
		return r, d.check(r)
	}
	r.Merged, r.Cells = cutMerged(r.Cells)
	if e := entityOf(d.schema, r); e != nil {
		d.counts[e.Plural]++
	}
	return r, nil
}

// check compares the records read with the last line. It returns io.EOF if all are there.
func (d *dumpRows) check(r rows.Row) error {
	counts, err := norm.ReadObject([]byte(r.Text("counts")))
	if err != nil {
		return crm.Errorf(crm.BadJSON, "the last line of the file has no counts of its records; nothing was saved. Export it again.")
	}
	for _, m := range counts {
		if want := fmt.Sprint(d.counts[m.Name]); want != m.JSON {
			return crm.Errorf(crm.BadJSON, "the file has %s %s, but its last line says %s: lines are missing or duplicated; nothing was saved. Export it again.", want, norm.Quote(m.Name), norm.ShowJSON(m.JSON))
		}
	}
	if _, err := d.Reader.Next(); err != io.EOF {
		return crm.Errorf(crm.BadJSON, "there are lines after the end of the workspace; import each workspace separately.")
	}
	return io.EOF
}
