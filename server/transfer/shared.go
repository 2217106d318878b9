package transfer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"time"

	"crmkit/server/importer"
	"crmkit/server/web"
	"crmkit/store"
	"crmkit/store/account"
)

// sharedKeeper keeps files in the database. A dry run reads at most some MB, so its file is not
// large; another one is not kept, and is confirmed with its body.
type sharedKeeper struct{ store *store.Store }

const (
	partsAtOnce = 4                  // that one transaction writes
	renewEvery  = account.RunFor / 3 // while an import runs
	noteTime    = 10 * time.Second   // that a note about an import may take after its request
)

func (k sharedKeeper) runs(rq *web.Request, hash string) (bool, error) {
	c, _, err := account.FindConfirmation(rq.Context(), k.store, rq.Actor, hash)
	return c.Running, err
}

// begin notes in the database that the import runs, again and again until its end, since a server that
// stops in the middle notes nothing. If this server is silent for so long that another one begins,
// no step of its own import is saved any more.
func (k sharedKeeper) begin(im *fileImport, hash string) (bool, error) {
	var run account.Run
	began := false
	err := im.rq.Update(func(tx *store.Tx) (err error) {
		run, began, err = account.BeginConfirmation(tx, hash)
		return err
	})
	if err != nil || !began {
		return false, err
	}
	im.opts.Store = runningWriter{im.opts.Store, run}
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		every := time.NewTicker(renewEvery)
		defer every.Stop()
		for {
			select {
			case <-every.C:
				k.note(im.rq, run.Renew)
			case <-stop:
				return
			}
		}
	}()
	im.rq.OnEnd(func() {
		close(stop)
		<-stopped
		k.note(im.rq, run.End)
	})
	return true, nil
}

// runningWriter writes for the run of a confirmation, as long as no other one has begun.
type runningWriter struct {
	importer.Store
	run account.Run
}

func (w runningWriter) Write(fn func(*store.Tx) error) error {
	return w.Store.Write(func(tx *store.Tx) error {
		last, err := w.run.IsLast(tx)
		if err == nil && !last {
			err = stillRuns()
		}
		if err != nil {
			return err
		}
		return fn(tx)
	})
}

// note writes what does not depend on the client any more. Without it the note of before ends by itself.
func (k sharedKeeper) note(rq *web.Request, fn func(*store.Tx) error) bool {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(rq.Context()), noteTime)
	defer cancel()
	return k.store.Write(ctx, rq.Actor, fn) == nil
}

func (k sharedKeeper) keep(im *fileImport, hash string) (room bool, err error) {
	size := im.file.Size()
	if size > account.MaxKeptFile {
		return false, nil
	}
	err = im.rq.Update(func(tx *store.Tx) error {
		return account.KeepFile(tx, account.KeptFile{Hash: hash, Size: size}, im.file.storage.id)
	})
	if isFull(err) {
		return false, nil
	}
	if err == nil {
		err = k.write(im, hash)
	}
	if err == nil {
		err = im.file.Close()
		im.file = nil
	}
	if err != nil {
		k.forget(im.rq, hash)
		return false, err
	}
	return true, nil
}

// write writes the parts of a file, a few in each transaction.
func (k sharedKeeper) write(im *fileImport, hash string) error {
	content, buffer := im.file.Reader(), make([]byte, partsAtOnce*account.KeptPart)
	for part := 0; ; part += partsAtOnce {
		n, err := io.ReadFull(content, buffer)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
			return err
		}
		err = im.rq.Update(func(tx *store.Tx) error {
			for i := 0; i*account.KeptPart < n; i++ {
				if err := account.AddKeptPart(tx, hash, part+i, buffer[i*account.KeptPart:min((i+1)*account.KeptPart, n)]); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
}

// take reads the file. One that is not complete, since its server stopped, is as good as none. A small
// file is no part of the storage while it is imported, like another upload.
func (k sharedKeeper) take(im *fileImport, hash string) error {
	f, found, err := account.FindKeptFile(im.rq.Context(), k.store, im.rq.Actor, hash)
	if err != nil || !found {
		return err
	}
	spool, err := k.store.Spool()
	if err != nil {
		return err
	}
	digest := sha256.New()
	err = f.Content(im.rq.Context(), k.store, func(part []byte) error {
		_, err := io.MultiWriter(spool, digest).Write(part)
		return err
	})
	sum := [sha256.Size]byte(digest.Sum(nil))
	whole := hex.EncodeToString(sum[:]) == im.confirmed.Body
	if err == nil && whole && f.Size <= freeUpload {
		err = im.rq.Update(func(tx *store.Tx) error { return account.ChargeKeptFile(tx, hash, 0) })
	}
	if err != nil || !whole {
		return errors.Join(err, spool.Close())
	}
	im.shared = true
	im.file = &importedFile{File: spool, storage: &storedUpload{rq: im.rq, store: k.store, spool: spool, size: f.Size}, digest: sum}
	return nil
}

// giveBack makes the file part of the storage again. It is still in the database.
func (k sharedKeeper) giveBack(im *fileImport) bool {
	if !im.shared {
		return false
	}
	hash, size := im.confirmed.Hash, im.file.Size()
	if !k.note(im.rq, func(tx *store.Tx) error { return account.ChargeKeptFile(tx, hash, size) }) {
		k.forget(im.rq, hash)
	}
	_ = im.file.Close()
	return true
}

func (k sharedKeeper) forget(rq *web.Request, hash string) {
	k.note(rq, func(tx *store.Tx) error { return account.DropKeptFile(tx, hash) })
}

// forgetAll does nothing: the store deletes them.
func (k sharedKeeper) forgetAll(int64) {}

// sweep does nothing: the store purges them.
func (k sharedKeeper) sweep() {}

func (k sharedKeeper) done(tx *store.Tx, hash string) error { return account.DropKeptFile(tx, hash) }
