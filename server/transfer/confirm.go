package transfer

import (
	"cmp"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"crmkit/auth"
	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/render"
	"crmkit/server/importer"
	"crmkit/server/plan"
	"crmkit/server/web"
	"crmkit/store"
	"crmkit/store/account"
	"crmkit/store/erase"
)

// A dry run ends with a token. It stands for the user, the workspace, the request, the bytes of
// the file, and how these were understood. The server keeps the file too while it has room, so
// that a confirmation needs no body; a restart loses the file, but not the token.

// The errors of a confirmation. None of them uses up the token.
const (
	confirmUnknown = "confirm=%s is not valid: it is over 15 minutes old, or belongs to another user or workspace. Nothing was saved. Send the file again, with dry_run=1 for a new token, or without it to save; rows that were saved before do not change."
	confirmUsed    = "confirm=%s was used for another file, which is saved. Nothing of this one was: send it with dry_run=1 for a token of its own."
	confirmNoFile  = "the server does not have the file of this dry run any more. The token is still valid: send the same file again with confirm=%s. Rows that a try which broke off has saved are not saved again."
	confirmNotKept = "the server did not keep the file of this dry run, since it had no room. The token is valid: send the same file with confirm=%s."
	confirmRunning = "this import is running now, started by the same token. Wait for the time in Retry-After and repeat the request: it then gets the result."
	planStale      = "the file is read otherwise than in the dry run: %s. Nothing was saved. Send it again with dry_run=1, and confirm what that shows."
)

// requestOf names the import that a request is.
func requestOf(rq *web.Request) string { return plan.RequestOf(rq.Method, rq.Path, rq.Params) }

// decided is what a token stands for besides the request and the bytes of the file.
type decided struct {
	importer.Shown          // by the dry run
	Plan           []string `json:"plan"`               // how the file was understood, with what the workspace decides
	NotKept        bool     `json:"not_kept,omitempty"` // there was no room for the file
}

// keep ends a dry run: it keeps the file while there is room, and stores what the token confirms.
// The file is part of the storage of the workspace.
func (im *fileImport) keep(shown importer.Shown) (kept importer.Kept, err error) {
	if kept.Token, err = im.x.opts.Token(); err != nil {
		return kept, err
	}
	hash, body, read := auth.Hash(kept.Token), hex.EncodeToString(im.file.digest[:]), im.plan()
	room, err := im.x.files.keep(im, hash)
	if err != nil {
		return kept, err
	}
	kept.Resend = !room
	pinned, err := json.Marshal(decided{Shown: shown, Plan: read, NotKept: kept.Resend})
	if err == nil {
		c := account.Confirmation{Hash: hash, Request: requestOf(im.rq), Body: body, Decided: string(pinned)}
		err = im.rq.Update(func(tx *store.Tx) error { return account.SaveConfirmation(tx, c) })
	}
	if err != nil {
		im.x.files.forget(im.rq, hash) // nobody can confirm it
	}
	return kept, err
}

// confirm finds what the token of the request stands for, and the file: in the body, or the one
// that was kept. done is the answer of an import that is done already.
func (im *fileImport) confirm() (done *render.Response, err error) {
	token := im.rq.Params.Get("confirm")
	c, err := im.confirmation(token)
	if err != nil {
		return nil, err
	}
	if c.Answer != "" {
		return im.alreadyDone(c, norm.Quote(token))
	}
	hash := c.Hash
	if began, err := im.x.files.begin(im, hash); err != nil {
		return nil, err
	} else if !began {
		return nil, stillRuns()
	}
	if c, err = im.confirmation(token); err != nil { // another request may have done it since
		return nil, err
	}
	if c.Answer != "" {
		return im.alreadyDone(c, norm.Quote(token))
	}
	pinned := &decided{}
	if err := json.Unmarshal([]byte(c.Decided), pinned); err != nil {
		return nil, err
	}
	im.confirmed, im.pinned, im.opts.Before = c, pinned, &pinned.Shown
	im.opts.Done = func(counts importer.Counts) error { return im.finish(hash, counts) }
	return nil, im.confirmedFile(c, token)
}

// alreadyRuns refuses a request whose import was started by the same token and still runs. It comes
// before the limit on imports at the same time, of which this import is one.
func (x *Endpoints) alreadyRuns(rq *web.Request) error {
	if !rq.Params.Has("confirm") {
		return nil
	}
	runs, err := x.files.runs(rq, auth.Hash(rq.Params.Get("confirm")))
	if err == nil && runs {
		err = stillRuns()
	}
	return err
}

func stillRuns() *crm.Error {
	fault := crm.Errorf(crm.RateLimited, "%s", confirmRunning)
	fault.RetryAfter = 5 * time.Second
	return fault
}

// confirmation finds what a token stands for, and refuses one that is not for this request.
func (im *fileImport) confirmation(token string) (c account.Confirmation, err error) {
	c, found, err := account.FindConfirmation(im.rq.Context(), im.x.store, im.rq.Actor, auth.Hash(token))
	switch shown := norm.Quote(token); {
	case err != nil:
		return c, err
	case !found:
		im.x.files.sweep()
		return c, crm.Errorf(crm.InvalidValue, confirmUnknown, shown).On("confirm")
	case c.Request != requestOf(im.rq) && c.Request != erase.Digest(requestOf(im.rq)): // a purge leaves the digest
		return c, plan.OtherRequest(token, c.Request, requestOf(im.rq))
	}
	return c, nil
}

// confirmedFile takes the file of a confirmation.
func (im *fileImport) confirmedFile(c account.Confirmation, token string) (err error) {
	if im.file, err = im.x.spoolBody(im.rq); err != nil {
		return err
	}
	if im.file.Size() > 0 {
		if hex.EncodeToString(im.file.digest[:]) != c.Body {
			return plan.OtherBody(token)
		}
		return nil
	}
	_ = im.file.Close() // it is empty
	im.file = nil
	if err := im.x.files.take(im, c.Hash); err != nil {
		return err
	}
	switch {
	case im.file != nil:
		return nil
	case im.pinned.NotKept:
		return crm.Errorf(crm.InvalidValue, confirmNotKept, norm.Quote(token)).On("confirm")
	}
	return crm.Errorf(crm.InvalidValue, confirmNoFile, norm.Quote(token)).On("confirm")
}

// close closes the file at the end of the request, or puts it back if it was kept and its import did
// not come to an end: the token is valid still, and the next try needs no body.
func (im *fileImport) close() {
	if im.file == nil {
		return // it waits for its confirmation, or there is none
	}
	if !im.done && im.x.files.giveBack(im) {
		return
	}
	_ = im.file.Close() // nothing in it is needed any more
}

// plan returns how the file is understood. Dates are read in the time zone of the workspace, phone
// numbers as those of its country.
func (im *fileImport) plan() []string {
	zone := im.opts.Env.Zone
	if zone == nil {
		zone = time.UTC
	}
	return append(im.file.reading.Plan(), "time zone: "+zone.String(), "country: "+cmp.Or(im.opts.Env.Country, "none"))
}

// checkPlan refuses a file that is read otherwise than its dry run read it: the server may be
// another version since, or the workspace have another time zone.
func (im *fileImport) checkPlan() error {
	now := im.plan()
	if slices.Equal(now, im.pinned.Plan) {
		return nil
	}
	for i, line := range now {
		if i >= len(im.pinned.Plan) || im.pinned.Plan[i] != line {
			return crm.Errorf(crm.PlanStale, planStale, norm.Quote(line)).On("confirm")
		}
	}
	return crm.Errorf(crm.PlanStale, planStale, norm.Quote(im.pinned.Plan[len(now)])+" does not hold").On("confirm")
}

// finish stores the result under the token, so that a repeated confirmation gets it and saves
// nothing.
func (im *fileImport) finish(hash string, counts importer.Counts) error {
	answer, err := json.Marshal(importer.Saved{Counts: counts, Change: im.rq.Change()})
	if err != nil {
		return err
	}
	err = im.opts.Store.Write(func(tx *store.Tx) error {
		if im.shared {
			if err := im.x.files.done(tx, hash); err != nil {
				return err
			}
		}
		return account.FinishConfirmation(tx, hash, string(answer))
	})
	im.done = err == nil
	return err
}

// alreadyDone answers with the stored result of an import.
func (im *fileImport) alreadyDone(c account.Confirmation, token string) (_ *render.Response, err error) {
	if im.file, err = im.x.spoolBody(im.rq); err != nil {
		return nil, err
	}
	if im.file.Size() > 0 && hex.EncodeToString(im.file.digest[:]) != c.Body {
		return nil, crm.Errorf(crm.InvalidValue, confirmUsed, token).On("confirm")
	}
	var saved importer.Saved
	if strings.HasPrefix(c.Answer, "[") { // of an earlier version, which stored the counts alone
		err = json.Unmarshal([]byte(c.Answer), &saved.Counts)
	} else {
		err = json.Unmarshal([]byte(c.Answer), &saved)
	}
	if err != nil {
		return nil, err
	}
	return streamed(im.rq, func(send func([]byte) error) error { return send(importer.AlreadyDone(saved, im.rq.Format)) }), nil
}
