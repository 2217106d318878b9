package server

import (
	"io"
	"slices"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// The first rows say whose ids a file has.
const (
	sampledRows  = 200
	sampledBytes = 1 << 20
)

// maxColumnName is the most bytes of the name of a column: a key of custom and what an
// export writes before it.
const maxColumnName = crm.MaxMemberName + len("custom.")

// survey reads the file to its end before any of it is saved. It finds the columns of
// all rows, and the faults behind which nothing can be read.
func (im *importer) survey() error {
	var first []row // until they are looked at
	looked, size := false, 0
	for {
		r, err := im.rows.next()
		if err == io.EOF {
			break
		}
		if err == nil {
			err = im.rq.Context().Err()
		}
		if err != nil {
			return err
		}
		if r.empty() {
			continue
		}
		if im.size.add(r); !looked {
			first, size = append(first, r), size+r.size
			looked = len(first) == sampledRows || size >= sampledBytes
			if !looked {
				continue
			}
			im.detectSource(first)
			first = nil
		}
		if fault := im.note(r); fault != nil {
			return fault
		}
	}
	if !looked {
		im.detectSource(first)
	}
	return im.surveyed(first)
}

// empty reports whether the row says nothing.
func (r row) empty() bool { return len(r.cells) == 0 && r.fault == nil }

// add counts a row.
func (x *extent) add(r row) {
	x.rows, x.bytes, x.values = x.rows+1, x.bytes+r.size, x.values+len(r.cells)
}

// note takes the columns of a row into account.
func (im *importer) note(r row) *crm.Error {
	if im.isDump {
		return nil
	}
	for _, cell := range r.cells {
		if len(cell.Name) > maxColumnName {
			return crm.Errorf(crm.InvalidValue, "row %d: the name of a column or key has more than %d bytes, the most that are taken: %s. Nothing was saved.", r.n, maxColumnName, norm.Quote(cell.Name))
		}
		im.columns.target(cell.Name)
	}
	if len(im.columns.names) > crm.MaxColumns {
		return crm.Errorf(crm.InvalidValue, "the rows up to row %d have more than %d different keys, the most that are taken; nothing was saved. Put keys of your own into one, custom.", r.n, crm.MaxColumns)
	}
	return nil
}

// withCurl is how curl sends a file as it is.
const withCurl = "with curl: --data-binary @FILE, because -d @FILE takes the ends of lines away"

// surveyed refuses a file of no rows, and one whose lines came as one; first are its
// rows where it has few.
func (im *importer) surveyed(first []row) error {
	count := im.size.rows
	_, csv := im.rows.(*csvRows)
	_, lines := im.rows.(*lineRows)
	switch {
	case count == 0 && csv:
		return crm.Errorf(crm.InvalidValue, "the file has only a line of column names, and no rows; nothing was saved. Put each row on a line of its own; %s.", withCurl)
	case count == 1 && lines && len(first) == 1 && first[0].fault != nil:
		fault := *first[0].fault
		fault.Hint += " It is the only line: JSON lines hold one object each; " + withCurl + "."
		return &fault
	}
	for _, r := range first {
		if fault := im.note(r); fault != nil {
			return fault
		}
	}
	return nil
}

// detectSource finds out from the first rows whose ids they have. Those of another workspace pass
// for those of this one by chance, one in 32, so the larger part speaks for all: a few
// that were mistyped make no file foreign. Where none is either, one that was mistyped
// in an export of crmkit, which has handles, was one of this workspace.
func (im *importer) detectSource(raw []row) {
	if im.isDump {
		return
	}
	seen := map[crm.IDFault]int{}
	for _, r := range raw {
		for _, cell := range r.cells {
			t := im.columns.target(cell.Name)
			of := im.entity
			if !t.id {
				if t.field == nil || t.field.Type != crm.Ref || t.of != nil {
					continue
				}
				of = im.entity.Target(t.field)
			}
			_, fault := crm.ParseID(of, im.rq.actor.Workspace, crm.CutHandle(cellText(cell.JSON)))
			seen[fault]++
		}
	}
	handles := slices.Contains(im.columns.names, "handle")
	im.isOwnExport = seen[crm.IDOK] > seen[crm.IDOtherWorkspace] || handles && seen[crm.IDWrongCheck] > 0 && seen[crm.IDOtherWorkspace] == 0
	if im.source == "" {
		im.source = sourceOf(slices.Clone(im.columns.names))
	}
}
