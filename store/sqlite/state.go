package sqlite

import (
	"context"
	"fmt"
	"os"

	"crmkit/store/engine"
)

// applicationID marks a file as one of crmkit (PRAGMA application_id): "crmk" in ASCII.
const applicationID = 0x63726d6b

// fileState says which migrations a file has, which are pending, and whether it must not be used.
type fileState struct {
	applied int
	pending []Migration
	mark    engine.Mark
}

// newest is the number of the schema after the pending migrations.
func (s fileState) newest() int { return s.applied + len(s.pending) }

// copyName is the path of the copy that is made before an upgrade.
func (s fileState) copyName(path string) string {
	return fmt.Sprintf("%s.before-%04d", path, s.applied+1)
}

// stateOf reads the state of a file without changing it. It returns an error for a file that this
// program cannot use, or that has a mark. A missing file has the state of an empty one.
func stateOf(ctx context.Context, path string, schema Schema) (state fileState, err error) {
	if state, err = markedStateOf(ctx, path, schema); err == nil {
		err = state.mark.Refusal(path)
	}
	return state, err
}

// markedStateOf is stateOf for a file whose mark does not matter.
func markedStateOf(ctx context.Context, path string, schema Schema) (state fileState, err error) {
	info, err := os.Stat(path)
	if err != nil || info.Size() == 0 {
		state.pending, err = schema.Load()
		return state, err
	}
	if info.IsDir() {
		return state, fmt.Errorf("%s is a folder; name a file", path)
	}
	err = ReadFile(path, func(c *Conn) error {
		state, err = readState(ctx, c, path, schema)
		return err
	})
	return state, err
}

// readState reads the migrations of a database, and compares them with those of this program.
func readState(ctx context.Context, c *Conn, path string, schema Schema) (state fileState, err error) {
	known, err := schema.Load()
	if err != nil {
		return state, err
	}
	applied, mark, err := readMigrations(ctx, c, path)
	if err != nil {
		return state, err
	}
	if len(applied) > len(known) {
		return state, fmt.Errorf("%s was written by a newer crmkit (schema %d, this one knows %d); upgrade the binary", path, len(applied), len(known))
	}
	for i, checksum := range applied {
		if known[i].Checksum != checksum {
			return state, fmt.Errorf("%s: migration %s differs from the one this file was made with; use the crmkit that made it", path, known[i].Name)
		}
	}
	return fileState{len(applied), known[len(applied):], mark}, nil
}

// appliedMigrations returns the checksums of the migrations of a database, in their order. It is
// empty for an empty database. Tables of another program are an error, and so is a mark.
func appliedMigrations(ctx context.Context, c *Conn, path string) (sums []string, err error) {
	sums, mark, err := readMigrations(ctx, c, path)
	if err == nil {
		err = mark.Refusal(path)
	}
	return sums, err
}

// readMigrations reads the checksums of the migrations of a database, and its mark.
func readMigrations(ctx context.Context, c *Conn, path string) (sums []string, mark engine.Mark, err error) {
	var id, tables int64
	// In one statement, because another process may be creating the tables.
	if err := c.Row("SELECT (SELECT COUNT(*) FROM sqlite_master), application_id FROM pragma_application_id", nil, &tables, &id); err != nil {
		return nil, mark, describeOpenError(path, err)
	}
	switch {
	case tables > 0 && id != applicationID:
		return nil, mark, fmt.Errorf("%s is a SQLite file, but not one of crmkit; name another with --db", path)
	case tables == 0:
		return nil, mark, nil
	}
	err = c.Rows(ctx, "SELECT number, name, checksum, applied_at FROM migrations ORDER BY number", nil, func(scan func(...any) error) error {
		var number, at int64
		var name, sum string
		err := scan(&number, &name, &sum, &at)
		if number == engine.MarkNumber {
			mark = engine.NewMark(name, sum, at)
		} else {
			sums = append(sums, sum)
		}
		return err
	})
	if err != nil {
		return nil, mark, describeOpenError(path, err)
	}
	return sums, mark, nil
}

// maxReads is how often a file is read that others write meanwhile.
const maxReads = 5

// ReadFile calls fn with a connection that changes nothing, neither the file nor a file beside it.
// If fn fails and the file has changed meanwhile, fn runs again, because it may have read half of
// a change.
func ReadFile(path string, fn func(*Conn) error) error {
	for tries := 1; ; tries++ {
		before := fingerprintOf(path)
		err := withConn(path, immutableDSN(path), fn)
		if err == nil || fingerprintOf(path) == before || tries == maxReads {
			return err
		}
	}
}

// fileFingerprint is the sizes and times of a file and its logs.
type fileFingerprint [3]struct{ size, modified int64 }

func fingerprintOf(path string) (f fileFingerprint) {
	for i, suffix := range []string{"", "-wal", "-journal"} {
		if info, err := os.Stat(path + suffix); err == nil {
			f[i].size, f[i].modified = info.Size(), info.ModTime().UnixNano()
		}
	}
	return f
}

// hasLog reports whether a log beside the file has changes that are not in the file.
func hasLog(path string) bool { return sizeOf(path+"-wal") > 0 || sizeOf(path+"-journal") > 0 }

// sizeOf returns the size of a file, 0 if it does not exist.
func sizeOf(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}
