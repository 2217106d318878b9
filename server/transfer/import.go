package transfer

import (
	"crmkit/crm"
	"crmkit/render"
	"crmkit/server/importer"
	"crmkit/server/importer/cells"
	"crmkit/server/pipeline"
	"crmkit/server/web"
	"crmkit/store"
	"crmkit/store/account"
	"crmkit/store/dryrun"
)

// fileImport is one import, from its request to its answer.
type fileImport struct {
	x    *Endpoints
	rq   *web.Request
	opts importer.Options
	file *importedFile // closed with the request, unless it is kept for a confirmation

	confirmed account.Confirmation        // of a dry run; empty: it confirms none
	pinned    *decided                    // what was decided with it; nil: it confirms none
	taken     *pendingFile[*importedFile] // the file was kept by this server, which has read it; nil: it was not
	shared    bool                        // the file was kept in the database
	done      bool                        // the confirmed import is done, and its result is stored
}

// importFile answers POST /import/{kind} and POST /import with a stream of lines, one for each
// row. It receives the whole file, reads all of it, and then saves it. A confirmed file was
// read by its dry run.
//
// Errors before the first line, after which nothing is saved: invalid_value for parameters and
// tokens, bad_json for a file that cannot be read, body_too_large, plan_limit_reached for the
// storage, rate_limited for a third import of a user or workspace, not_ready when no turn came.
// An error of a row is a line of the answer.
func (x *Endpoints) importFile(rq *web.Request) (_ *render.Response, err error) {
	opts, fault := x.importOptions(rq)
	if fault != nil {
		return nil, fault
	}
	if err := x.alreadyRuns(rq); err != nil {
		return nil, err
	}
	if fault := x.uploads.hold(rq); fault != nil {
		return nil, fault
	}
	im := &fileImport{x: x, rq: rq, opts: opts}
	im.opts.Keep, im.opts.Broken = im.keep, im.broken
	rq.OnEnd(im.close)
	if rq.Params.Has("confirm") {
		if done, err := im.confirm(); done != nil || err != nil {
			return done, err
		}
	} else if im.file, err = x.spoolBody(rq); err != nil {
		return nil, err
	}
	turn, err := x.importTurn(rq)
	if err != nil {
		return nil, err
	}
	answer, err := im.start()
	if err != nil {
		return nil, err
	}
	return streamed(rq, turn.answer(opts, answer)), nil
}

// broken logs the fault of the server for which it could not read a row, and returns the error of
// that row.
func (im *fileImport) broken(row int, cause error) *crm.Error {
	im.x.opts.Log.Error("internal error", "request_id", im.rq.ID, "row", row, "error", cause.Error())
	return crm.Errorf(crm.Internal, "the server failed to read this row; this is not your fault, and no other row is affected. Report request id %s.", im.rq.ID)
}

// importOptions reads the parameters of an import.
func (x *Endpoints) importOptions(rq *web.Request) (opts importer.Options, fault *crm.Error) {
	opts = importer.Options{Env: rq.Env, Workspace: rq.Actor.WorkspaceID, Entity: rq.Route.Entity, Source: rq.Params.Get("source"), Key: rq.Params.Get("key"), Stated: map[string]string{},
		Limits: x.Limits, Store: requestWriter{rq}, Format: rq.Format, Remarks: rq.Remarks}
	for _, param := range []string{"decimal", "dates"} {
		value := rq.Params.Get(param)
		if fault = cells.CheckStyle(param, value); fault != nil {
			return opts, fault
		}
		opts.Stated[param] = value
	}
	opts.Stated["null"] = rq.Params.Get("null")
	if fault = importer.CheckNull(opts.Stated["null"]); fault != nil {
		return opts, fault
	}
	asked, fault := rq.Planning()
	if fault != nil {
		return opts, fault
	}
	opts.DryRun = asked.DryRun
	if opts.Atomic, fault = rq.IsOn("atomic"); fault != nil {
		return opts, fault
	}
	if opts.Prepare, fault = pipeline.AddsRows(rq); fault != nil {
		return opts, fault
	}
	if rq.ByTool {
		opts.MaxText = web.MaxToolText / 2
	}
	return opts, importer.CheckSource(opts.Source)
}

// requestWriter runs the transactions of an import on behalf of its request: each checks the
// token and the role again, and ends with the client.
type requestWriter struct{ rq *web.Request }

func (w requestWriter) Write(fn func(*store.Tx) error) error { return w.rq.Update(fn) }

func (w requestWriter) Change() string { return w.rq.Change() }

func (w requestWriter) DryRunStep(step *dryrun.Run, fn func(*store.Tx) error) error {
	return w.rq.DryRunStep(step, fn)
}

// start reads the file, unless a dry run of this process did, and begins to save it.
func (im *fileImport) start() (_ importer.Answer, err error) {
	rows := importer.New(im.opts)
	if im.taken != nil {
		rows.Resume(im.file.reading)
	} else if im.file.reading, err = rows.Examine(im.rq.Context(), im.file.Reader()); err != nil {
		return nil, err
	}
	if im.pinned != nil {
		if err := im.checkPlan(); err != nil {
			return nil, err
		}
	}
	return rows.Start(im.rq.Context(), im.file.Reader())
}
