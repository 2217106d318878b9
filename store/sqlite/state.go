package sqlite

import (
	"context"
	"fmt"
	"os"
)

// applicationID marks a file as one of crmkit (PRAGMA application_id): "crmk".
const applicationID = 0x63726d6b

// fileState is how far a file is with the steps of its schema.
type fileState struct {
	applied int
	pending []Migration
}

// newest is the schema to which this program brings the file.
func (s fileState) newest() int { return s.applied + len(s.pending) }

// copyName is where the copy before an upgrade goes.
func (s fileState) copyName(path string) string {
	return fmt.Sprintf("%s.before-%04d", path, s.applied+1)
}

// stateOf reads the state of a file without changing it, and refuses a file that this
// program cannot work with. A missing file has the state of an empty one.
func stateOf(ctx context.Context, path string, schema Schema) (state fileState, err error) {
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

// readState reads which steps a database has seen, and compares them with those that this
// program knows.
func readState(ctx context.Context, c *Conn, path string, schema Schema) (state fileState, err error) {
	known, err := schema.Load()
	if err != nil {
		return state, err
	}
	applied, err := appliedMigrations(ctx, c, path)
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
	return fileState{len(applied), known[len(applied):]}, nil
}

// appliedMigrations returns the checksums of the steps that a database has seen, none of
// an empty one. Tables of another program are an error.
func appliedMigrations(ctx context.Context, c *Conn, path string) (sums []string, err error) {
	var id, tables int64
	// In one statement: another process may make the tables at this moment.
	if err := c.Row("SELECT (SELECT COUNT(*) FROM sqlite_master), application_id FROM pragma_application_id", nil, &tables, &id); err != nil {
		return nil, describeOpenError(path, err)
	}
	switch {
	case tables > 0 && id != applicationID:
		return nil, fmt.Errorf("%s is a SQLite file, but not one of crmkit; name another with --db", path)
	case tables == 0:
		return nil, nil
	}
	if sums, err = c.Texts(ctx, "SELECT checksum FROM migrations ORDER BY number"); err != nil {
		return nil, describeOpenError(path, err)
	}
	return sums, nil
}

// maxReads is how often a file is read again that others write meanwhile.
const maxReads = 5

// ReadFile gives fn a connection to a file that changes nothing, not even beside the file.
// Where the file changed meanwhile fn may have read half of a change: if it failed it runs
// again.
func ReadFile(path string, fn func(*Conn) error) error {
	for tries := 1; ; tries++ {
		before := fingerprintOf(path)
		err := withConn(path, immutableDSN(path), fn)
		if err == nil || fingerprintOf(path) == before || tries == maxReads {
			return err
		}
	}
}

// fileFingerprint changes with a file and its logs.
type fileFingerprint [3]struct{ size, modified int64 }

func fingerprintOf(path string) (f fileFingerprint) {
	for i, suffix := range []string{"", "-wal", "-journal"} {
		if info, err := os.Stat(path + suffix); err == nil {
			f[i].size, f[i].modified = info.Size(), info.ModTime().UnixNano()
		}
	}
	return f
}

// hasLog reports whether there are changes beside the file that are not in it.
func hasLog(path string) bool { return sizeOf(path+"-wal") > 0 || sizeOf(path+"-journal") > 0 }

// sizeOf returns the size of a file, 0 where there is none.
func sizeOf(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}
