package maintenance

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"crmkit/crm"
	"crmkit/store/erase"
	"crmkit/store/txn"
)

// place is how far the trash was emptied: to the entry of a delete. It is only in memory. A server that begins
// anew looks once more at the entries of records that came back.
type place struct {
	mu      sync.Mutex
	at, key int64
}

// restoreTime is how long after its last moment in the trash a record is erased. A restore that began then may bring
// back many records in steps, from the entries of their deletes.
const restoreTime = time.Hour

// trashPage is how many entries of deletes are read at once.
const trashPage = 200

// emptyTrash erases records that were deleted more than Options.TrashDays ago, the oldest first. Several
// servers may do so at the same time: each step looks again at what is left, under the lock of its workspace.
func (w *Worker) emptyTrash(ctx context.Context) error {
	if w.opts.TrashDays == 0 {
		return nil
	}
	w.trash.mu.Lock()
	defer w.trash.mu.Unlock()
	before := w.opts.DB.Now().Add(-time.Duration(w.opts.TrashDays)*day - restoreTime).UnixMilli()
	for {
		list, err := w.deletedBefore(ctx, before)
		if err != nil || len(list) == 0 {
			return err
		}
		for len(list) > 0 {
			same := slices.IndexFunc(list, func(d erase.Deleted) bool { return d.Workspace != list[0].Workspace })
			if same < 0 {
				same = len(list)
			}
			if stopped, err := w.eraseOld(ctx, list[:same]); stopped || err != nil {
				return err
			}
			list = list[same:]
		}
	}
}

// deletedBefore returns the next deletes after the place, from before a time.
func (w *Worker) deletedBefore(ctx context.Context, before int64) (list []erase.Deleted, err error) {
	text := fmt.Sprintf("SELECT at, key, target FROM log WHERE "+erase.InTrash+" AND at < $1 AND (at, key) > ($2, $3) ORDER BY at, key LIMIT %d", trashPage)
	err = w.opts.DB.Read(ctx, func(v *txn.ReadTx) error {
		return v.Rows(ctx, text, []any{before, w.trash.at, w.trash.key}, func(scan func(...any) error) error {
			var d erase.Deleted
			var key int64
			err := scan(&d.At, &key, &d.Handle)
			d.Workspace, d.Number = crm.RecordWorkspace(key), crm.RecordNumber(key)
			list = append(list, d)
			return err
		})
	})
	return list, err
}

// eraseOld erases records of one workspace, in steps, and moves the place behind each. stopped is true if the
// server ends.
func (w *Worker) eraseOld(ctx context.Context, list []erase.Deleted) (stopped bool, err error) {
	for len(list) > 0 {
		select {
		case <-w.opts.Draining:
			return true, nil
		default:
		}
		done := 0
		err := w.opts.DB.Write(ctx, crm.Actor{Workspace: list[0].Workspace}, func(tx *txn.Tx) (err error) {
			done, err = erase.Old(tx, w.opts.Erase, list)
			tx.EmptyLog(func(error) {}) // the log is emptied at the next pause, too
			return err
		})
		if err != nil {
			return false, err
		}
		if done > 0 {
			last := list[done-1]
			w.trash.at, w.trash.key = last.At, crm.RecordKey(last.Workspace, last.Number)
		}
		list = list[done:]
	}
	return false, nil
}
