package importer

import (
	"context"
	"io"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/server/importer/cells"
	"crmkit/server/importer/rows"
)

// The first rows decide whose ids a file has.
const (
	sampledRows  = 200
	sampledBytes = 1 << 20
)

// maxColumnName is the most bytes in the name of a column: a key of custom, with the
// prefix that an export writes before it.
const maxColumnName = crm.MaxMemberName + len("custom.")

// survey reads all rows. It finds the columns of the file, and the errors after which
// no row can be read. The first rows are held in memory until they have decided whose ids
// the file has, and then show where the values of each column go.
func (im *Importer) survey(ctx context.Context) error {
	var first []rows.Row
	decided, size := false, 0
	for {
		r, err := im.rows.Next()
		if err == io.EOF {
			break
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		if r.Empty() {
			continue
		}
		if im.size.add(r); decided {
			if fault := im.addColumns(r); fault != nil {
				return fault
			}
			continue
		}
		first, size = append(first, r), size+r.Size
		if decided = len(first) == sampledRows || size >= sampledBytes; !decided {
			continue
		}
		im.detectSource(first)
		if fault := im.addColumns(first...); fault != nil {
			return fault
		}
	}
	if !decided {
		im.detectSource(first)
		if fault := im.checkRows(first); fault != nil {
			return fault
		}
		if fault := im.addColumns(first...); fault != nil {
			return fault
		}
	}
	if im.isDump() {
		return nil
	}
	im.remarks = im.rows.Remarks()
	return im.decideColumns(first)
}

// decideColumns decides how the columns of the file are read. The first rows show where their
// values go.
func (im *Importer) decideColumns(first []rows.Row) error {
	if fault := im.checkKey(); fault != nil {
		return fault
	}
	if fault := im.columns.DecideStyles(im.opts.Stated); fault != nil {
		return fault
	}
	for _, r := range first {
		if r.Fault == nil {
			im.columns.Sample(r.Cells, im.how())
		}
	}
	im.nulls = im.nullRemarks()
	return nil
}

// addColumns adds the columns of rows to those of the file, and what their cells show.
func (im *Importer) addColumns(list ...rows.Row) *crm.Error {
	for _, r := range list {
		e := im.opts.Entity
		if im.isDump() {
			e = entityOf(im.opts.Env.Schema, r)
		}
		if e == nil {
			continue // the row is refused when it is read
		}
		if fault := im.addCells(im.columnsOf(e), r); fault != nil {
			return fault
		}
	}
	return nil
}

// addCells adds the cells of a row to the columns of its entity. JSON rows may each have other
// columns, so their number is checked with each row.
func (im *Importer) addCells(c *cells.Columns, r rows.Row) *crm.Error {
	for _, cell := range r.Cells {
		if fault := checkName(r, cell.Name); fault != nil {
			return fault
		}
		c.Add(cell.Name)
	}
	if im.hasNulls = im.hasNulls || len(r.Nulls) > 0; im.clears() {
		for _, name := range r.Nulls {
			if fault := checkName(r, name); fault != nil {
				return fault
			}
			c.AddNulls(name)
		}
	}
	if !im.hasOwnIDs() { // whose columns are written as crmkit writes them
		c.Learn(r.Cells, r.Place())
	}
	if len(c.Names()) > crm.MaxColumns {
		return crm.Errorf(crm.InvalidValue, "the rows up to row %s have more than the maximum of %d different keys; nothing was saved. Put your own keys into one object, custom.", r.Place(), crm.MaxColumns)
	}
	return nil
}

// checkName refuses the name of a column or key that is too long.
func checkName(r rows.Row, name string) *crm.Error {
	if len(name) <= maxColumnName {
		return nil
	}
	return crm.Errorf(crm.InvalidValue, "row %s: the name of a column or key has more than the maximum of %d bytes: %s. Nothing was saved; shorten it.", r.Place(), maxColumnName, norm.Quote(name))
}

// checkRows refuses a file without rows, and one whose lines were joined into one. first are
// the rows of a short file.
func (im *Importer) checkRows(first []rows.Row) *crm.Error {
	count := im.size.Rows
	format := im.rows.Format()
	switch {
	case count == 0 && format == rows.CSVFormat:
		return crm.Errorf(crm.InvalidValue, "the file has only a line of column names, and no rows; nothing was saved. Put each row on a line of its own; %s.", rows.WithCurl)
	case count == 0 && !im.isDump(): // a workspace may be empty
		return crm.Errorf(crm.InvalidValue, "the file has no rows; nothing was saved. Send at least one object with a value, like {%s:…}; %s.", norm.Quote(columnNames(im.opts.Entity)[0]), rows.WithCurl)
	case count == 1 && format == rows.LinesFormat && len(first) == 1 && first[0].Fault != nil:
		fault := *first[0].Fault
		fault.Hint += " The file has only this line: in JSON lines each line is one object; " + rows.WithCurl + "."
		return &fault
	}
	return nil
}
