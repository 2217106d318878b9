package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Upgrade brings a file to the schema of this program, as Open does, and returns the names
// of the steps that were done and what is in the file.
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

// TryUpgrade does what Upgrade would do, on a copy in the folder for temporary files, and
// leaves the file as it is. A server may run on that.
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
