package dialect

import (
	"fmt"
	"strconv"

	"github.com/jackc/pgx/v5"
)

// Scanner returns the function that scans the row at hand. Whole numbers are scanned into
// booleans, and booleans into whole numbers, as on SQLite.
func Scanner(rows pgx.Rows) func(dest ...any) error {
	var targets []any
	var first any // of the last call: nearly always all rows are scanned into the same variables
	return func(dest ...any) error {
		if len(targets) != len(dest) || len(dest) == 0 || first != dest[0] {
			targets, first = make([]any, len(dest)), dest[0]
		}
		for i, d := range dest {
			if oid := rows.FieldDescriptions()[i].DataTypeOID; oid != boolOID && oid != numericOID {
				if _, is := d.(*bool); !is {
					targets[i] = d
					continue
				}
			}
			targets[i] = flexible{d}
		}
		return rows.Scan(targets...)
	}
}

// The numbers of types (pg_type.dat of PostgreSQL). A sum of whole numbers is numeric.
const (
	boolOID    = 16
	numericOID = 1700
)

// flexible scans a boolean or a whole number into a *bool, *int64, *int or *any. NULL leaves a *any
// nil, and is an error for the others.
type flexible struct{ dest any }

// Scan implements sql.Scanner.
func (f flexible) Scan(src any) error {
	n := int64(0)
	if d, is := f.dest.(*any); is && src == nil {
		*d = nil
		return nil
	}
	switch v := src.(type) {
	case bool:
		if v {
			n = 1
		}
	case int64:
		n = v
	case string:
		var err error
		if n, err = strconv.ParseInt(v, 10, 64); err != nil {
			return err
		}
	default:
		return fmt.Errorf("a %T cannot be read into a %T", src, f.dest)
	}
	switch d := f.dest.(type) {
	case *bool:
		*d = n != 0
	case *int64:
		*d = n
	case *int:
		*d = int(n)
	case *any:
		*d = n
	default:
		return fmt.Errorf("a %T cannot be read into a %T", src, f.dest)
	}
	return nil
}
