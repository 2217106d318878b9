package move

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"crmkit/store/engine"
)

// maxFaults is how many values an error names.
const maxFaults = 10

// check verifies the source. It reads all its rows, counts them, and looks for texts that PostgreSQL
// cannot store, which takes neither NUL characters nor bytes that are not UTF-8. The API refuses
// them, but other programs could have written them to a file.
func (m *move) check(ctx context.Context) error {
	if err := m.from.BeginRead(); err != nil {
		return at(m.from, err)
	}
	defer m.from.Rollback()
	if err := m.from.Verify(ctx); err != nil {
		return err
	}
	var err error
	if m.tables, err = movedTables(m.sides[0], m.sides[1]); err != nil {
		return err
	}
	var faults []string
	for _, t := range m.tables {
		n := int64(0)
		err := m.from.Read(ctx, t, nil, func(row []any) error {
			if fault := faultOf(t, row); fault != "" {
				faults = append(faults, fault)
			}
			n++
			m.report(Progress{Step: Check, Table: t.Name, Rows: n})
			if len(faults) == maxFaults {
				return errEnough
			}
			return ctx.Err()
		})
		if err != nil && !errors.Is(err, errEnough) {
			return at(m.from, err)
		}
		m.counts[t.Name] = n
	}
	if len(faults) == 0 {
		return nil
	}
	return fmt.Errorf("%s has values that cannot be moved, since they have a NUL character or bytes that are not UTF-8: %s. Nothing was moved. Write them anew, with PATCH, or with the sqlite3 shell while no server runs, then run the same command again",
		m.from.Name(), strings.Join(faults, "; "))
}

// errEnough ends a read after enough faults.
var errEnough = errors.New("enough faults were found")

// faultOf names a row and those of its columns that cannot be moved; empty: there are none.
func faultOf(t engine.Table, row []any) string {
	var columns []string
	for i, value := range row {
		text, is := value.(string)
		if is && (!utf8.ValidString(text) || strings.IndexByte(text, 0) >= 0) || value != nil && is != t.Columns[i].Text {
			columns = append(columns, t.Columns[i].Name)
		}
	}
	if len(columns) == 0 {
		return ""
	}
	return strings.Join(columns, ", ") + " of " + rowName(t, row)
}
