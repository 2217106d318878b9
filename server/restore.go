package server

import (
	"fmt"
	"io"
	"net/http"
	"strconv"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/render"
)

func restoreRoute() route {
	return route{Method: http.MethodPost, Path: "/import", Access: write, Group: "move", Stream: restoring,
		Params: []string{"dry_run", "atomic", "confirm"}, Doc: "what GET /export gave, into this workspace", handle: (*Server).restore}
}

// restore answers POST /import: the records of another workspace are made here, and
// references led to where they went; those of this workspace are set to what they
// were. Running it again changes nothing.
func (s *Server) restore(rq *request) (*render.Response, error) {
	im, fault := s.newImporter(rq)
	if fault != nil {
		return nil, fault
	}
	im.takeWorkspace()
	return im.run()
}

// takeWorkspace makes the importer read the records of a workspace.
func (im *importer) takeWorkspace() {
	im.isDump = true
	known := map[*crm.Entity]*columns{}
	for _, e := range im.s.schema.Records() {
		known[e] = newColumns(e)
	}
	im.parse = func(r row) entry {
		e := entityOf(im.s.schema, r)
		if e == nil && r.fault == nil {
			r.fault = crm.Errorf(crm.MissingField, "the row has no handle of a record, like contact/c_7k3q.").On("handle")
		}
		im.entity, im.columns = e, known[e]
		return im.read(r)
	}
	im.open = im.dump
}

// dump begins to read an exported workspace.
func (im *importer) dump(in *rowFile) (rowReader, error) {
	rows := &dumpRows{lines: lineRows{in: in}, schema: im.s.schema, counts: map[string]int64{}}
	var err error
	im.source, err = rows.header()
	im.isOwnExport = im.source == im.rq.actor.WorkspaceID
	return rows, err
}

// dumpRows reads the records of a workspace, between the line about it and the one
// that counts them.
type dumpRows struct {
	lines  lineRows
	schema *crm.Schema
	counts map[string]int64
}

// member returns the value of a row's cell as text, "" when it has none.
func (r row) member(name string) string {
	for _, cell := range r.cells {
		if cell.Name == name {
			return cellText(cell.JSON)
		}
	}
	return ""
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
		return "", crm.Errorf(crm.InvalidValue, "the file is not what GET /export gives: its first line must tell of the workspace. Rows of one kind go to POST /import/contacts and the like; %s.", withCurl)
	case version != strconv.Itoa(dumpVersion):
		return "", crm.Errorf(crm.InvalidValue, "the file has form %s; this server knows form %d. A newer crmkit reads it.", norm.Quote(version), dumpVersion)
	}
	d.lines.n = 0
	return workspace, nil
}

// entityOf returns the kind of a row's record, nil when it names none.
func entityOf(schema *crm.Schema, r row) *crm.Entity {
	for _, e := range schema.Records() {
		if handle := r.member("handle"); len(handle) > len(e.Name) && handle[:len(e.Name)+1] == e.Name+"/" {
			return e
		}
	}
	return nil
}

func (d *dumpRows) next() (row, error) {
	r, err := d.lines.next()
	switch {
	case err == io.EOF:
		return r, crm.Errorf(crm.BadJSON, "the file was cut: it has no last line that counts the records; nothing was saved. Export it again.")
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

// check holds the records read against the line that counts them; io.EOF when they
// are all.
func (d *dumpRows) check(r row) error {
	for _, m := range norm.ParseObject(r.member("counts")) {
		if want := fmt.Sprint(d.counts[m.Name]); want != m.JSON {
			return crm.Errorf(crm.BadJSON, "the file has %s %s, its last line counts %s: lines are missing or twice; nothing was saved. Export it again.", want, norm.Quote(m.Name), norm.ShowJSON(m.JSON))
		}
	}
	if _, err := d.lines.next(); err != io.EOF {
		return crm.Errorf(crm.BadJSON, "there are lines behind the last one of the workspace; import each workspace by itself.")
	}
	return io.EOF
}
