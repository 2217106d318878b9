// Package shape keeps what workspaces have declared (package crm/shape), in memory and in
// transactions.
//
// The row of a workspace has the version of its declarations. A write of a declaration increases
// it in its own transaction. Each write of a record reads it, and applies the declarations of that
// version: those that its request came with, those kept here, or else those that the transaction
// reads. So several servers never write by declarations that are not those of the database.
//
// Only what was read from one commit is kept. What a transaction reads may be rolled back.
package shape

import (
	"context"
	"sync"

	"crmkit/crm"
	"crmkit/crm/shape"
	"crmkit/store/dryrun"
	"crmkit/store/snapshot"
	"crmkit/store/table"
	"crmkit/store/txn"
)

// Shapes has the declarations of workspaces. It is safe for concurrent use.
type Shapes struct {
	base     *crm.Schema
	tables   []*table.Table
	snapshot func(context.Context, func(*snapshot.Tx) error) error

	mu   sync.Mutex
	kept generations
}

// kept is what is known of a workspace.
type kept struct {
	latest int64         // the highest version that this process has committed
	schema *shape.Schema // nil: none was read
}

// generations are what is known of the workspaces that were used last, by their numbers. One that is used moves to
// the young generation. When that is full, the old one is dropped, and it becomes the old one.
type generations struct {
	young, old map[int64]kept
}

// maxKept is how many workspaces are kept at most. The declarations of others are read again.
const maxKept = 10_000

// of returns what is known of a workspace.
func (g *generations) of(workspace int64) kept {
	is, known := g.young[workspace]
	if !known {
		if is, known = g.old[workspace]; known {
			g.put(workspace, is)
		}
	}
	return is
}

// put says what is known of a workspace.
func (g *generations) put(workspace int64, is kept) {
	if _, known := g.young[workspace]; !known && len(g.young) >= maxKept/2 || g.young == nil {
		g.old, g.young = g.young, map[int64]kept{}
	}
	g.young[workspace] = is
}

// New returns the declarations of the workspaces of a store. snapshot runs a function that reads one commit.
func New(base *crm.Schema, tables map[*crm.Entity]*table.Table, snapshot func(context.Context, func(*snapshot.Tx) error) error) *Shapes {
	s := &Shapes{base: base, snapshot: snapshot}
	for _, name := range shape.Declarations {
		if e := base.ByName(name); e != nil {
			s.tables = append(s.tables, tables[e])
		}
	}
	return s
}

// Of returns what a workspace has declared, at the given version or a later one; nil: nothing. The
// version is that of the row of the workspace when the request began.
func (s *Shapes) Of(ctx context.Context, workspace, version int64) (crm.Rules, error) {
	s.mu.Lock()
	is := s.kept.of(workspace)
	s.mu.Unlock()
	switch wanted := max(version, is.latest); {
	case wanted == 0:
		return nil, nil
	case is.schema.Version() >= wanted:
		return is.schema, nil
	}
	var read *shape.Schema
	err := s.snapshot(ctx, func(v *snapshot.Tx) (err error) {
		read, err = s.read(workspace, func(text string, args []any, each func(scan func(...any) error) error) error {
			return v.Rows(ctx, text, args, each)
		})
		return err
	})
	if err != nil || read == nil {
		return nil, err
	}
	s.keep(workspace, read)
	return read, nil
}

// keep keeps declarations that were read from a commit, unless later ones are kept.
func (s *Shapes) keep(workspace int64, read *shape.Schema) {
	s.mu.Lock()
	defer s.mu.Unlock()
	is := s.kept.of(workspace)
	if is.schema.Version() > read.Version() {
		return
	}
	s.kept.put(workspace, kept{max(is.latest, read.Version()), read})
}

// rows runs a statement that reads rows.
type rows func(text string, args []any, each func(scan func(...any) error) error) error

// read returns what a workspace has declared; nil: nothing.
func (s *Shapes) read(workspace int64, run rows) (*shape.Schema, error) {
	from := shape.Source{Base: s.base, Workspace: workspace}
	err := run("SELECT shape, COALESCE(custom_keys, '') FROM workspaces WHERE number = $1", []any{workspace}, func(scan func(...any) error) error {
		var keys string
		err := scan(&from.Version, &keys)
		from.Closed = keys == shape.DeclaredKeys
		return err
	})
	if err != nil || from.Version == 0 {
		return nil, err
	}
	for _, t := range s.tables {
		row := t.NewRow()
		text := "SELECT " + t.Columns + " FROM " + t.From + " WHERE t.workspace_id = $1 ORDER BY t.key"
		err := run(text, []any{workspace}, func(scan func(...any) error) error {
			if err := scan(row.Dest...); err != nil {
				return err
			}
			rec, err := row.Record()
			from.Records = append(from.Records, rec)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return shape.New(from), nil
}

// versionText reads the version of the declarations of a workspace.
const versionText = "SELECT shape FROM workspaces WHERE number = $1"

// The questions of a batch.
const (
	versionOf = "version of the shape"
	schemaOf  = "shape"
)

// NoteVersion notes the version that the workspace of a transaction has there, so that it is not read again.
func NoteVersion(tx *txn.Tx, version int64) { txn.Note(tx, txn.Accounts, versionOf, version) }

// Enter gives the actor of a transaction what the workspace has declared there.
func (s *Shapes) Enter(tx *txn.Tx) error {
	version, err := txn.Once(tx, txn.Accounts, versionOf, func() (version int64, err error) {
		_, err = tx.Row(versionText, []any{tx.Actor.Workspace}, &version)
		return version, err
	})
	if err != nil {
		return err
	}
	has := shape.Of(tx.Actor.Schema)
	switch {
	case version == 0:
		tx.Actor.Schema = nil
		return nil
	case has.Is(tx.Actor.Workspace, version):
		return nil
	}
	s.mu.Lock()
	has = s.kept.of(tx.Actor.Workspace).schema
	s.mu.Unlock()
	if !has.Is(tx.Actor.Workspace, version) {
		has, err = txn.Once(tx, txn.Accounts, schemaOf, func() (*shape.Schema, error) { return s.read(tx.Actor.Workspace, tx.Rows) })
	}
	if tx.Actor.Schema = nil; err == nil && has != nil {
		tx.Actor.Schema = has
	}
	return err
}

// EnterFor is Enter for a write of a record of an entity.
func (s *Shapes) EnterFor(tx *txn.Tx, e *crm.Entity) error {
	if e.IsView() {
		return nil
	}
	return s.Enter(tx)
}

// Changed increases the version of the workspace, if a record that a transaction changes is one of its declarations.
func (s *Shapes) Changed(tx *txn.Tx, rec crm.Record) error {
	if !shape.Declares(rec.Entity) {
		return nil
	}
	if err := s.Increase(tx); err != nil {
		return err
	}
	return checkNew(tx, rec)
}

// Resume gives the transaction of a further step of a dry run what earlier steps declared.
func (s *Shapes) Resume(tx *txn.Tx, r *dryrun.Run) error {
	declared := false
	for _, t := range s.tables {
		some, err := r.RestoreAll(t.Entity)
		if declared = declared || some; err != nil {
			return err
		}
	}
	if !declared {
		return nil
	}
	return s.Increase(tx)
}

// Increase increases the version of the workspace of a transaction. The write must lock the workspace, as all do that change
// records.
func (s *Shapes) Increase(tx *txn.Tx) error {
	var version int64
	workspace := tx.Actor.Workspace
	if _, err := tx.Row("UPDATE workspaces SET shape = shape + 1 WHERE number = $1 RETURNING shape", []any{workspace}, &version); err != nil {
		return err
	}
	tx.After(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		is := s.kept.of(workspace)
		is.latest = max(is.latest, version)
		s.kept.put(workspace, is)
	})
	return s.Enter(tx)
}
