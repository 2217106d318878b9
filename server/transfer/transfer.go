package transfer

import (
	"log/slog"
	"net/http"

	"crmkit/crm"
	"crmkit/server/importer"
	"crmkit/server/pipeline"
	"crmkit/server/web"
	"crmkit/store"
)

// Options are what the endpoints need.
type Options struct {
	Store     *store.Store
	Log       *slog.Logger
	ImportMax int64                  // bytes of a file to import; 0: any number
	Token     func() (string, error) // makes the tokens that confirm dry runs
}

// Endpoints answer imports and exports. They are safe for concurrent use.
type Endpoints struct {
	Limits importer.Limits // of imports; set before the first request, by tests

	opts    Options
	store   *store.Store
	uploads uploads // under way
	turns   *turns
	files   keeper
}

// New returns the endpoints of a store.
func New(opts Options) *Endpoints {
	return &Endpoints{Limits: importer.DefaultLimits, opts: opts, store: opts.Store, uploads: newUploads(),
		turns: newTurns(), files: newKeeper(opts.Store)}
}

// Forget drops the files of a workspace that wait for a confirmation on the disk of this server.
func (x *Endpoints) Forget(workspace int64) { x.files.forgetAll(workspace) }

// Routes returns the rows that export and import a whole workspace.
func (x *Endpoints) Routes() []web.Route {
	return []web.Route{
		{Method: http.MethodGet, Path: "/export", Access: web.Read, Group: "move", Stream: web.Dumping,
			Doc: "the whole workspace, as JSON lines", Handle: x.dump},
		{Method: http.MethodPost, Path: "/import", Access: web.Write, Group: "move", Stream: web.Restoring,
			Params: []string{"dry_run", "atomic", "confirm"}, Doc: "a file of GET /export", Handle: x.importFile},
	}
}

// EntityRoutes returns the rows that export and import the records of an entity. No file has rows of
// definitions; an exported workspace has them.
func (x *Endpoints) EntityRoutes(e *crm.Entity) []web.Route {
	rows := []web.Route{
		{Method: http.MethodGet, Path: "/export/" + e.Route(), Access: web.Read, Group: "move", Entity: e, Lists: true, Stream: web.Exporting,
			Params: []string{"bom"}, Doc: "all, with the filters of its list", Handle: x.export},
		{Method: http.MethodPost, Path: "/import/" + e.Route(), Access: web.Write, Group: "move", Entity: e, Stream: web.Importing,
			Params: append([]string{"dry_run", "atomic", "source", "key", "decimal", "dates", "null", "confirm"}, pipeline.Params(e)...), Doc: "rows of CSV or JSON; see /help/import", Handle: x.importFile},
	}
	if e.IsDefinition() {
		return rows[:1]
	}
	return rows
}
