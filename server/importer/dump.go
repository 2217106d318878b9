package importer

import (
	"fmt"
	"io"
	"strconv"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// DumpVersion is the version of the form in which a workspace is exported.
const DumpVersion = 1

// dump begins to read an exported workspace. Records of another workspace are created here,
// with the references between them; records of this workspace get the values that they had
// at the time of the export.
func (im *Importer) dump(in *rowFile) (rowReader, error) {
	rows := &dumpRows{lines: lineRows{in: in}, schema: im.opts.Env.Schema, counts: map[string]int64{}}
	var err error
	im.source, err = rows.header()
	im.ownIDs = im.source == im.opts.Workspace
	return rows, err
}

// dumpRows reads the records of an exported workspace: the lines between the first,
// which is about the workspace, and the last, which counts the records. An export that was
// cut off would restore only a part of a workspace, and nobody would notice.
type dumpRows struct {
	lines  lineRows
	schema *crm.Schema
	counts map[string]int64
}

// header reads the first line and returns the id of the workspace.
func (d *dumpRows) header() (workspace string, err error) {
	r, err := d.lines.next()
	if err != nil && err != io.EOF {
		return "", err
	}
	version, workspace := r.member("crmkit"), r.member("workspace")
	switch {
	case version == "" || workspace == "":
		return "", crm.Errorf(crm.InvalidValue, "the file is not an export of a workspace (GET /export): its first line does not describe one. Send rows of one kind to POST /import/contacts, /import/companies and so on; %s.", withCurl)
	case version != strconv.Itoa(DumpVersion):
		return "", crm.Errorf(crm.InvalidValue, "the file has format version %s, but this server reads version %d; use a newer crmkit.", norm.Quote(version), DumpVersion)
	}
	d.lines.n = 0
	return workspace, nil
}

// entityOf returns the entity of a row's record, nil if its handle names none.
func entityOf(schema *crm.Schema, r row) *crm.Entity {
	for _, e := range schema.Records() {
		if handle := r.member("handle"); len(handle) > len(e.Name) && handle[:len(e.Name)+1] == e.Name+"/" {
			return e
		}
	}
	return nil
}

// next returns the next record, and checks the counts behind the last one. A file
// without a last line was cut, and is refused whole.
func (d *dumpRows) next() (row, error) {
	r, err := d.lines.next()
	switch {
	case err == io.EOF:
		return r, crm.Errorf(crm.BadJSON, "the file is incomplete: its last line with the counts is missing; nothing was saved. Export it again.")
	case err != nil:
		return r, err
	case r.member("end") == "true":
		return r, d.check(r)
	}
	if e := entityOf(d.schema, r); e != nil {
		d.counts[e.Plural]++
	}
	return r, nil
}

// check compares the records read with the last line. It returns io.EOF if all are there.
func (d *dumpRows) check(r row) error {
	for _, m := range norm.ParseObject(r.member("counts")) {
		if want := fmt.Sprint(d.counts[m.Name]); want != m.JSON {
			return crm.Errorf(crm.BadJSON, "the file has %s %s, but its last line says %s: lines are missing or duplicated; nothing was saved. Export it again.", want, norm.Quote(m.Name), norm.ShowJSON(m.JSON))
		}
	}
	if _, err := d.lines.next(); err != io.EOF {
		return crm.Errorf(crm.BadJSON, "there are lines after the end of the workspace; import each workspace separately.")
	}
	return io.EOF
}
