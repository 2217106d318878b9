package transfer

import (
	"errors"

	"crmkit/crm"
	"crmkit/server/web"
	"crmkit/store"
)

// keeper keeps the files of dry runs until they are confirmed, each under the hash of its token, and
// knows of which tokens the import runs. Where one process owns the database that is in the process
// (localKeeper), else in the database, so that any server may be asked (sharedKeeper).
type keeper interface {
	// runs reports whether the import of a token runs.
	runs(rq *web.Request, hash string) (bool, error)
	// begin notes that the import of a token runs, until the end of the request. It reports false if the
	// import runs already.
	begin(im *fileImport, hash string) (bool, error)
	// keep takes the file of an import. It reports whether there was room; otherwise the import still
	// has its file.
	keep(im *fileImport, hash string) (room bool, err error)
	// take gives an import the file of the token that it confirms, if there is one.
	take(im *fileImport, hash string) error
	// giveBack ends an import that did not come to its end: the next try needs no body. It
	// reports whether it took the file.
	giveBack(im *fileImport) bool
	// forget drops the file of a token that nobody can use.
	forget(rq *web.Request, hash string)
	// forgetAll drops the files of a workspace that this server keeps on its disk.
	forgetAll(workspace int64)
	// sweep drops files that waited too long.
	sweep()
	// done ends the import of a kept file, in the transaction that stores its result.
	done(tx *store.Tx, hash string) error
}

// newKeeper returns the keeper of a store.
func newKeeper(st *store.Store) keeper {
	if st.Shared() {
		return sharedKeeper{st}
	}
	return localKeeper{newPending[*importedFile](st.Now)}
}

// localKeeper keeps files on the disk of the server.
type localKeeper struct{ pending *pending[*importedFile] }

func (k localKeeper) runs(_ *web.Request, hash string) (bool, error) {
	return k.pending.runs(hash), nil
}

func (k localKeeper) begin(im *fileImport, hash string) (bool, error) {
	began := k.pending.begin(hash)
	if began {
		im.rq.OnEnd(func() { k.pending.end(hash) })
	}
	return began, nil
}

// keep reserves the size of the file while it waits.
func (k localKeeper) keep(im *fileImport, hash string) (room bool, err error) {
	if err := im.file.storage.keep(); isFull(err) {
		return false, nil
	} else if err != nil {
		return false, err
	}
	one := &pendingFile[*importedFile]{hash: hash, owner: owner{im.rq.Actor.User, im.rq.Actor.Workspace}, size: im.file.Size(), file: im.file}
	if !k.pending.keep(one) {
		return false, nil
	}
	im.file = nil
	return true, nil
}

func (k localKeeper) take(im *fileImport, hash string) error {
	if im.taken = k.pending.take(hash); im.taken != nil {
		im.file = im.taken.file
		im.file.storage.confirm(im.rq)
	}
	return nil
}

func (k localKeeper) giveBack(im *fileImport) bool {
	return im.taken != nil && im.file.storage.keep() == nil && k.pending.putBack(im.taken)
}

func (k localKeeper) forget(_ *web.Request, hash string) { k.pending.remove(hash) }

func (k localKeeper) forgetAll(workspace int64) { k.pending.removeOf(workspace) }

func (k localKeeper) sweep() { k.pending.sweep() }

func (k localKeeper) done(*store.Tx, string) error { return nil }

// isFull reports whether an error is that the storage of the plan is used up.
func isFull(err error) bool {
	var full *crm.Error
	return errors.As(err, &full) && full.Code == crm.PlanLimitReached
}
