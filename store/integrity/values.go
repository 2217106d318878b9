// Package integrity checks that the values in a file of SQLite can be read. It reads the file and
// changes nothing.
package integrity

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"crmkit/crm"
	"crmkit/crm/catalog"
	"crmkit/store/engine"
)

// maxDamaged is how many damaged values an error names.
const maxDamaged = 10

// Values returns an error that names the lists and objects of records that are not JSON
// arrays or objects, at most maxDamaged of them.
func Values(ctx context.Context, c engine.Conn) error {
	var faults []string
	for i := range catalog.Entities {
		damaged, err := damagedValues(ctx, c, &catalog.Entities[i])
		if err != nil {
			return err
		}
		faults = append(faults, damaged...)
	}
	if len(faults) == 0 {
		return nil
	}
	return errors.New("values are damaged: " + strings.Join(faults[:min(len(faults), maxDamaged)], ", ") + "; restore a backup (crmkit restore), or correct them with the sqlite3 shell while no server runs")
}

// damagedValues names the damaged values of a kind of record. A file of an older schema
// may lack columns.
func damagedValues(ctx context.Context, c engine.Conn, e *crm.Entity) (faults []string, err error) {
	columns, err := c.Texts(ctx, "SELECT name FROM pragma_table_info('"+e.Plural+"')")
	if err != nil {
		return nil, err
	}
	for i := range e.Fields {
		f := &e.Fields[i]
		form := map[crm.Kind]string{crm.ListKind: "array", crm.ObjectKind: "object"}[f.Type.Kind()]
		if form == "" || !slices.Contains(columns, f.Col()) {
			continue
		}
		keys, err := c.Texts(ctx, fmt.Sprintf("SELECT key FROM %s WHERE %s IS NOT NULL AND CASE WHEN json_valid(%s) THEN json_type(%s) <> '%s' ELSE TRUE END LIMIT %d", e.Plural, f.Col(), f.Col(), f.Col(), form, maxDamaged))
		if err != nil {
			return nil, err
		}
		for _, text := range keys {
			key, _ := strconv.ParseInt(text, 10, 64)
			faults = append(faults, f.Name+" of "+e.Name+"/"+crm.RecordID(e.Prefix, key))
		}
	}
	return faults, nil
}
