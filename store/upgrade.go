package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Upgrade brings a file to the schema of this binary, as Open does, and returns
// the names of the steps that were done and what is in the file.
func Upgrade(ctx context.Context, opts Options) (steps []string, sum Summary, err error) {
	state, err := stateOf(ctx, opts)
	if err != nil {
		return nil, sum, err
	}
	if state.applied == 0 {
		return nil, sum, fmt.Errorf("%s is empty; serve makes the schema", opts.Path)
	}
	for _, m := range state.pending {
		steps = append(steps, m.name)
	}
	if len(steps) > 0 {
		s, err := Open(ctx, opts)
		if err == nil {
			err = s.Close()
		}
		if err != nil {
			return nil, sum, err
		}
	}
	sum, err = summarize(ctx, opts.Path, opts.Migrations)
	return steps, sum, err
}

// TryUpgrade does what Upgrade would do, on a copy in the folder for temporary
// files, and leaves the file as it is. A server may run on that.
func TryUpgrade(ctx context.Context, opts Options) (steps []string, sum Summary, err error) {
	if _, err := stateOf(ctx, opts); err != nil {
		return nil, sum, err
	}
	folder, err := os.MkdirTemp("", "crmkit-upgrade-")
	if err != nil {
		return nil, sum, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	path := opts.Path
	opts.Path = filepath.Join(folder, filepath.Base(path))
	if _, err := vacuumInto(ctx, readOnlyDSN(path), opts.Path, opts.Migrations); err != nil {
		return nil, sum, err
	}
	steps, sum, err = Upgrade(ctx, opts)
	sum.Path = path
	return steps, sum, err
}
