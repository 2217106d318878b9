package account

import (
	"context"
	"encoding/base64"

	"crmkit/crm"
	"crmkit/store"
	"crmkit/store/engine"
)

// KeptFile is the file of a dry run that waits for its confirmation in the database, where every server
// finds it. It is part of the storage of its workspace.
type KeptFile struct {
	Hash string // of the token
	Size int64  // bytes

	workspace, bytes int64
}

// The limits on kept files.
const (
	MaxKeptFile   = 32 << 20 // bytes of one
	KeptFileShare = 2        // of a workspace, or a user; a third one replaces the oldest, but none that is kept elsewhere at that moment
	KeptPart      = 192 << 10
	partsAtOnce   = 8 // that are read
)

// KeepFile makes room for a file of the actor. If the user or the workspace would have more than
// its share the oldest ones are deleted. It ends the reservation of the upload, whose id may be
// empty. Above the cap of the plan the error is plan_limit_reached. The parts of the file follow.
func KeepFile(tx *store.Tx, f KeptFile, reservation string) error {
	if reservation != "" {
		if err := tx.Release(reservation); err != nil {
			return err
		}
	}
	a := tx.Actor
	for _, of := range []struct {
		column string
		id     int64
	}{{"user_id", a.User}, {"workspace_id", a.Workspace}} {
		if err := trimKeptFiles(tx, of.column, of.id); err != nil {
			return err
		}
	}
	if err := tx.GrowStorage(f.Size); err != nil {
		return err
	}
	number, err := tx.NextKey("kept_files")
	if err != nil {
		return err
	}
	return tx.Exec("INSERT INTO kept_files (workspace_id, hash, user_id, number, size, bytes, expires_at) VALUES ($1, $2, $3, $4, $5, $5, $6)",
		a.Workspace, f.Hash, a.User, number, f.Size, tx.Now()+ConfirmFor.Milliseconds())
}

// trimKeptFiles deletes the oldest files of a user or a workspace, until there is room for one more.
func trimKeptFiles(tx *store.Tx, column string, id int64) error {
	var list []KeptFile
	err := tx.Rows("SELECT workspace_id, hash, bytes FROM kept_files WHERE "+column+" = $1 AND expires_at > $2 ORDER BY expires_at DESC, number DESC", []any{id, tx.Now()}, func(scan func(...any) error) error {
		var f KeptFile
		err := scan(&f.workspace, &f.Hash, &f.bytes)
		list = append(list, f)
		return err
	})
	for _, f := range list[min(len(list), KeptFileShare-1):] {
		if err == nil {
			err = deleteKeptFile(tx, f)
		}
	}
	return err
}

// deleteKeptFile deletes a file, which may be of another workspace than the actor's.
func deleteKeptFile(tx *store.Tx, f KeptFile) error {
	actor := tx.Actor
	defer func() { tx.Actor = actor }()
	tx.Actor.Workspace = f.workspace
	if err := tx.AddBytes(-f.bytes); err != nil { // before the deletes, since it locks the workspace
		return err
	}
	for _, table := range []string{"kept_files", "kept_parts"} {
		if err := tx.Exec("DELETE FROM "+table+" WHERE workspace_id = $1 AND hash = $2", f.workspace, f.Hash); err != nil {
			return err
		}
	}
	return nil
}

// AddKeptPart stores a part of a file, at most KeptPart bytes of it. They are numbered from 0. If the
// file was deleted meanwhile, for a newer one, it does nothing.
func AddKeptPart(tx *store.Tx, hash string, part int, content []byte) error {
	if _, found, err := keptFile(tx, hash); !found || err != nil {
		return err
	}
	return tx.Exec("INSERT INTO kept_parts (workspace_id, hash, part, content, expires_at) VALUES ($1, $2, $3, $4, $5)",
		tx.Actor.Workspace, hash, part, base64.StdEncoding.EncodeToString(content), tx.Now()+ConfirmFor.Milliseconds())
}

// FindKeptFile returns a file of the actor's workspace.
func FindKeptFile(ctx context.Context, s *store.Store, actor crm.Actor, hash string) (f KeptFile, found bool, err error) {
	f = KeptFile{Hash: hash, workspace: actor.Workspace}
	found, err = engine.Found(s.Read(ctx, func(v *store.ReadTx) error {
		return v.Row(ctx, "SELECT size, bytes FROM kept_files WHERE workspace_id = $1 AND hash = $2 AND expires_at > $3", []any{f.workspace, hash, s.Now().UnixMilli()}, &f.Size, &f.bytes)
	}))
	return f, found, err
}

// Content gives the content of a found file to each, piece by piece. The caller checks the whole:
// parts are missing if the server stopped that kept it, or if the file was deleted meanwhile.
func (f KeptFile) Content(ctx context.Context, s *store.Store, each func([]byte) error) error {
	for last := -1; ; {
		parts, err := f.parts(ctx, s, &last)
		if err != nil || len(parts) == 0 {
			return err
		}
		for _, part := range parts {
			content, err := base64.StdEncoding.DecodeString(part)
			if err == nil {
				err = each(content)
			}
			if err != nil {
				return err
			}
		}
	}
}

// parts returns the next parts of a file, and sets last to the number of the last one.
func (f KeptFile) parts(ctx context.Context, s *store.Store, last *int) (parts []string, err error) {
	err = s.Read(ctx, func(v *store.ReadTx) error {
		return v.Rows(ctx, "SELECT part, content FROM kept_parts WHERE workspace_id = $1 AND hash = $2 AND part > $3 ORDER BY part LIMIT $4", []any{f.workspace, f.Hash, *last, partsAtOnce}, func(scan func(...any) error) error {
			var content string
			err := scan(last, &content)
			parts = append(parts, content)
			return err
		})
	})
	return parts, err
}

// ChargeKeptFile makes n bytes of a file of the actor's workspace part of the storage, in place of
// those that were. There need not be such a file any more.
func ChargeKeptFile(tx *store.Tx, hash string, n int64) error {
	f, found, err := keptFile(tx, hash)
	if !found || err != nil {
		return err
	}
	if err := tx.GrowStorage(n - f.bytes); err != nil {
		return err
	}
	return tx.Exec("UPDATE kept_files SET bytes = $3 WHERE workspace_id = $1 AND hash = $2", f.workspace, hash, n)
}

// DropKeptFile deletes a file of the actor's workspace, if there is one.
func DropKeptFile(tx *store.Tx, hash string) error {
	f, found, err := keptFile(tx, hash)
	if !found || err != nil {
		return err
	}
	return deleteKeptFile(tx, f)
}

// keptFile finds a file of the actor's workspace. The workspace is locked first, so that no other
// transaction changes it.
func keptFile(tx *store.Tx, hash string) (f KeptFile, found bool, err error) {
	if _, err := tx.Counters(); err != nil {
		return f, false, err
	}
	f = KeptFile{Hash: hash, workspace: tx.Actor.Workspace}
	found, err = tx.Row("SELECT size, bytes FROM kept_files WHERE workspace_id = $1 AND hash = $2", []any{f.workspace, hash}, &f.Size, &f.bytes)
	return f, found, err
}
