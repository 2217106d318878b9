package sqlite

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"crmkit/crm/norm"
)

// object is a table, index, trigger or view of a database.
type object struct{ kind, name string }

// maxFaults is how many faults of a file an error lists.
const maxFaults = 10

// compareSchema returns an error unless a database has exactly the tables and indexes of its
// migrations, of which applied were run. Another trigger, view or column could change rights or
// answers, so the file is not used even if its pages are sound.
func compareSchema(ctx context.Context, c *Conn, applied int, schema Schema) error {
	want, err := releasedObjects(ctx, applied, schema)
	if err != nil {
		return err
	}
	is, err := objects(ctx, c)
	if err != nil {
		return err
	}
	var faults []string
	for _, o := range sorted(is) {
		switch text, known := want[o]; {
		case !known:
			faults = append(faults, fmt.Sprintf("%s %s is not part of it", o.kind, norm.Quote(o.name)))
		case text != is[o]:
			faults = append(faults, fmt.Sprintf("%s %s differs", o.kind, o.name))
		}
	}
	for _, o := range sorted(want) {
		if _, exists := is[o]; !exists {
			faults = append(faults, fmt.Sprintf("%s %s is missing", o.kind, o.name))
		}
	}
	if len(faults) == 0 {
		return nil
	}
	return errors.New("the schema is not that of crmkit: " + strings.Join(faults[:min(len(faults), maxFaults)], "; ") + "; take what is not part of it out with the sqlite3 shell while no server runs, or use another backup (crmkit restore)")
}

func sorted(all map[object]string) []object {
	return slices.SortedFunc(maps.Keys(all), func(a, b object) int { return strings.Compare(a.kind+a.name, b.kind+b.name) })
}

// objects returns the objects in a database with the SQL that made each.
func objects(ctx context.Context, c *Conn) (map[object]string, error) {
	all := map[object]string{}
	err := c.Rows(ctx, "SELECT type, name, COALESCE(sql, '') FROM sqlite_master", nil, func(scan func(...any) error) error {
		var o object
		var text string
		err := scan(&o.kind, &o.name, &text)
		if !harmless(o) {
			all[o] = text
		}
		return err
	})
	return all, err
}

// harmless reports whether a database may have an object that is not of its schema: the
// statistics of ANALYZE, which only affect query plans, and the tables of Litestream.
func harmless(o object) bool {
	return strings.HasPrefix(o.name, "sqlite_stat") || o.kind == "table" && (o.name == "_litestream_seq" || o.name == "_litestream_lock")
}

// releasedObjects returns the objects that the first migrations make.
func releasedObjects(ctx context.Context, applied int, schema Schema) (all map[object]string, err error) {
	steps, err := schema.Load()
	if err != nil {
		return nil, err
	}
	err = withConn(Memory, openDSN(Memory), func(c *Conn) error {
		if err := c.BeginWrite(nil); err != nil {
			return err
		}
		defer c.Rollback()
		if err := apply(ctx, c, steps[:min(applied, len(steps))], Options{Schema: schema, Clock: time.Now}); err != nil {
			return err
		}
		all, err = objects(ctx, c)
		return err
	})
	return all, err
}
