package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"

	"crmkit/crm/norm"
)

// object is a table, index, trigger or view of a database.
type object struct{ kind, name string }

// compareSchema returns an error unless a file has exactly the tables and indexes that the
// first migrations make, further ones included that the store was opened with. A trigger, a view or another column could change rights or
// answers, so a file with one is not used, however sound its pages are.
func compareSchema(ctx context.Context, db querier, applied int, further fs.FS) error {
	want, err := releasedSchema(ctx, applied, further)
	if err != nil {
		return err
	}
	is, err := objects(ctx, db)
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
		if _, there := is[o]; !there {
			faults = append(faults, fmt.Sprintf("%s %s is missing", o.kind, o.name))
		}
	}
	if len(faults) == 0 {
		return nil
	}
	return errors.New("the schema is not that of crmkit: " + strings.Join(faults[:min(len(faults), 10)], "; ") + "; take what is not part of it out with the sqlite3 shell while no server runs, or use another backup (crmkit restore)")
}

func sorted(all map[object]string) []object {
	return slices.SortedFunc(maps.Keys(all), func(a, b object) int { return strings.Compare(a.kind+a.name, b.kind+b.name) })
}

// objects returns what the schema of a database holds, with the SQL that made each.
func objects(ctx context.Context, db querier) (map[object]string, error) {
	all := map[object]string{}
	rows, err := db.QueryContext(ctx, "SELECT type, name, COALESCE(sql, '') FROM sqlite_master")
	err = eachRow(rows, err, func(scan func(...any) error) error {
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

// harmless reports whether an object may be there beside the schema: the statistics of
// ANALYZE, which only choose plans, and the tables that Litestream keeps its place in.
func harmless(o object) bool {
	return strings.HasPrefix(o.name, "sqlite_stat") || o.kind == "table" && (o.name == "_litestream_seq" || o.name == "_litestream_lock")
}

// releasedSchema returns what the first migrations make.
func releasedSchema(ctx context.Context, applied int, further fs.FS) (all map[object]string, err error) {
	steps, err := loadMigrations(migrations, further)
	if err != nil {
		return nil, err
	}
	err = withDB(dsn(Memory), func(db *sql.DB) error {
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer tx.Rollback()
		if err := apply(ctx, tx, steps[:min(applied, len(steps))], Options{Clock: time.Now}); err != nil {
			return err
		}
		all, err = objects(ctx, tx)
		return err
	})
	return all, err
}
