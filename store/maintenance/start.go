package maintenance

import (
	"context"
	"encoding/hex"
	"io"
	"log/slog"

	"crmkit/crm"
	"crmkit/store/engine"
	"crmkit/store/txn"
)

// readSecret reads the key of a database.
const readSecret = "SELECT value FROM meta WHERE name = 'secret'"

// Secret returns the database's own key, made at the first start. Several servers may start at
// the same time.
func Secret(ctx context.Context, db *txn.DB) ([]byte, error) {
	var text string
	found, err := engine.Found(db.Read(ctx, func(v *txn.ReadTx) error { return v.Row(ctx, readSecret, nil, &text) }))
	if err == nil && !found {
		err = db.Write(ctx, crm.Actor{}, func(tx *txn.Tx) error {
			if found, err := tx.Row(readSecret, nil, &text); found || err != nil {
				return err
			}
			fresh := make([]byte, 32)
			if _, err := io.ReadFull(tx.Random(), fresh); err != nil {
				return err
			}
			text = hex.EncodeToString(fresh)
			return tx.Exec("INSERT INTO meta (name, value) VALUES ('secret', $1)", text)
		})
	}
	if err != nil {
		return nil, err
	}
	return hex.DecodeString(text)
}

// DropReservations ends the reservations of processes that owned the file before. Most leave
// none, and then nothing is written.
func DropReservations(ctx context.Context, db *txn.DB, log *slog.Logger) {
	var some bool
	err := db.Read(ctx, func(v *txn.ReadTx) error {
		return v.Row(ctx, "SELECT EXISTS (SELECT 1 FROM reservations)", nil, &some)
	})
	if err == nil && some {
		err = db.Write(ctx, crm.Actor{}, func(tx *txn.Tx) error {
			return tx.ReleaseBytes("DELETE FROM reservations RETURNING workspace_id, bytes")
		})
	}
	if err != nil {
		log.Warn("reserved storage was not given back; it will be within a day", "error", err)
	}
}
