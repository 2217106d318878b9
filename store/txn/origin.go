package txn

import "crmkit/store/table"

// origin is a row of the table origins: who made changes, with which token, from which
// address.
type origin struct {
	workspace          int64
	actor, token, addr string
}

// args returns the columns of the row without its key.
func (o origin) args() []any {
	return []any{o.workspace, table.NullText(o.token), table.NullText(o.actor), table.NullText(o.addr)}
}

// findOrigin is the statement that finds the key of the row.
const findOrigin = `SELECT key FROM origins WHERE workspace_id = $1 AND token_id IS NOT DISTINCT FROM $2 AND actor IS NOT DISTINCT FROM $3
	AND addr IS NOT DISTINCT FROM $4 AND run IS NULL`

// maxOrigins is how many origins the writer remembers.
const maxOrigins = 4096

// Origin returns the key of the row in origins for the actor of the transaction.
func (tx *Tx) Origin() (key int64, err error) {
	a := tx.Actor
	known := tx.writer.origins
	id := origin{a.Workspace, a.Email, a.TokenID, a.Addr}
	if key, there := known[id]; there {
		return key, nil
	}
	args := id.args()
	found, err := tx.Row(findOrigin, args, &key)
	if err == nil && !found {
		if key, err = tx.NextKey("origins"); err == nil {
			folds := []any{table.FoldHostsUnlessSame(a.Email), table.FoldUnlessSame(a.Addr)}
			err = tx.Exec("INSERT INTO origins (workspace_id, token_id, actor, addr, key, actor_fold, addr_fold) VALUES ($1, $2, $3, $4, $5, $6, $7)", append(append(args, key), folds...)...)
		}
		if err == nil {
			err = tx.AddBytes(int64(table.Bytes(args...)))
		}
	}
	if err != nil {
		return 0, err
	}
	if len(known) >= maxOrigins {
		clear(known)
	}
	known[id] = key
	return key, nil
}
