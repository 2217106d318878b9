package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// migrate brings a database to the newest schema. It does so in one transaction, so two processes
// cannot do it at once. If the file has data, it is copied first.
func migrate(ctx context.Context, c *Conn, opts Options) error {
	state, err := readState(ctx, c, opts.Path, opts.Schema)
	if err != nil || len(state.pending) == 0 {
		return err
	}
	if err := c.BeginWrite(nil); err != nil {
		return describeOpenError(opts.Path, err)
	}
	state, err = upgrade(ctx, c, opts)
	if err == nil {
		err = c.Commit()
	}
	if err != nil {
		_ = c.Rollback() // the transaction is still open, even after a COMMIT that failed
		return err
	}
	if state.applied > 0 && len(state.pending) > 0 {
		opts.Log.Info("the schema was upgraded", "path", opts.Path, "from", state.applied, "to", state.newest(), "copy", state.copyName(opts.Path))
	}
	return nil
}

// upgrade runs the pending steps in a transaction, and returns the state before them.
func upgrade(ctx context.Context, c *Conn, opts Options) (fileState, error) {
	state, err := readState(ctx, c, opts.Path, opts.Schema)
	if err != nil || len(state.pending) == 0 {
		return state, err // another process has done it meanwhile
	}
	if state.applied > 0 && opts.Path != Memory {
		// The copy reads the last commit, so it is the file before this transaction.
		if err := copyFile(ctx, opts.Path, state.copyName(opts.Path), opts.Schema); err != nil {
			return state, fmt.Errorf("copy before the upgrade: %w", err)
		}
	}
	err = apply(ctx, c, state.pending, opts)
	if err == nil && state.applied > 0 && opts.Schema.Rewrite != nil {
		err = opts.Schema.Rewrite(ctx, c, state.applied)
	}
	return state, err
}

// apply runs migrations, and records them in the table migrations.
func apply(ctx context.Context, c *Conn, steps []Migration, opts Options) error {
	texts := []string{
		"CREATE TABLE IF NOT EXISTS migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at INTEGER NOT NULL) STRICT",
		fmt.Sprintf("PRAGMA application_id = %d", applicationID),
	}
	rest, included := steps, opts.Schema.freshNumber()
	if included > 0 && len(steps) >= included && steps[0].Number == 1 { // a new file
		texts = append(texts, opts.Schema.Fresh)
		rest = steps[included:]
	}
	for _, m := range rest {
		texts = append(texts, localTypes.Replace(m.SQL))
	}
	for i, text := range texts {
		if err := c.script(ctx, text); err != nil {
			return fmt.Errorf("schema step %d of %d: %w", i+1, len(texts), err)
		}
	}
	var errs []error
	for _, m := range steps {
		_, err := c.Exec("INSERT INTO migrations (number, name, checksum, applied_at) VALUES ($1, $2, $3, $4)", m.Number, m.Name, m.Checksum, opts.Clock().UnixMilli())
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// Upgrade brings a file to the schema of this program, as Open does. It returns the names of the
// migrations that were run, and a summary of the file.
func Upgrade(ctx context.Context, opts Options) (steps []string, sum Summary, err error) {
	state, err := stateOf(ctx, opts.Path, opts.Schema)
	if err != nil {
		return nil, sum, err
	}
	if state.applied == 0 {
		return nil, sum, fmt.Errorf("%s is empty; serve makes the schema", opts.Path)
	}
	for _, m := range state.pending {
		steps = append(steps, m.Name)
	}
	if len(steps) > 0 {
		db, err := Open(ctx, opts)
		if err == nil {
			err = db.Close()
		}
		if err != nil {
			return nil, sum, err
		}
	}
	sum, err = summarize(ctx, opts.Path, opts.Schema)
	return steps, sum, err
}

// TryUpgrade upgrades a copy of the file in the folder for temporary files, and returns the same as
// Upgrade would. The file is not changed, and a server may run on it.
func TryUpgrade(ctx context.Context, opts Options) (steps []string, sum Summary, err error) {
	if _, err := stateOf(ctx, opts.Path, opts.Schema); err != nil {
		return nil, sum, err
	}
	folder, err := os.MkdirTemp("", "crmkit-upgrade-")
	if err != nil {
		return nil, sum, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	path := opts.Path
	opts.Path = filepath.Join(folder, filepath.Base(path))
	if _, err := vacuumInto(ctx, liveDSN(path), opts.Path, opts.Schema); err != nil {
		return nil, sum, err
	}
	steps, sum, err = Upgrade(ctx, opts)
	sum.Path = path
	return steps, sum, err
}
