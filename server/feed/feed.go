// Package feed has the endpoints that read the log of a workspace in the order of its commits: what has
// happened since a place, what a change group or a run did, and bookmarks of places.
//
// A place is the number of an entry. Numbers are given under a lock that is held until the commit, so no
// entry appears before a place that a reader was given: a reader that goes on from there sees each
// change once. A GET moves nothing; a reader says with POST /changes/seen what it has seen.
//
// A reader may wait for changes, or have them sent as events. Both sleep in package store/notify, hold
// neither a connection to the database nor a turn meanwhile, and check the rights of the reader again
// before anything is sent.
package feed

import (
	"net/url"
	"strings"
	"sync"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/render"
	"crmkit/server/edge"
	"crmkit/server/web"
	"crmkit/store"
	"crmkit/store/account"
	"crmkit/store/changelog"
	"crmkit/store/undo"
)

// How many readers wait at a time: of all users, and of one.
const (
	maxWaiting     = 5000
	maxWaitingEach = 1000
)

// Endpoints are the endpoints of the feed.
type Endpoints struct {
	store   *store.Store
	change  *crm.Entity // of the entries
	expand  Expand
	waiting *edge.Admission
	reading *gate // of those who wait

	ending sync.Once
	ended  chan struct{} // closed when nobody may wait any more
	atOnce chan struct{} // closed: what a reader waits for that has not come to the end of the log
}

// New returns the endpoints of a store, in which expand knows views.
func New(s *store.Store, expand Expand) *Endpoints {
	atOnce := make(chan struct{})
	close(atOnce)
	return &Endpoints{store: s, change: s.Schema.ByName("change"), expand: expand, ended: make(chan struct{}), atOnce: atOnce, reading: newGate(),
		waiting: edge.NewAdmission(edge.AdmissionOptions{Limit: maxWaiting, Share: maxWaitingEach,
			ShareHint: "too many of your requests wait for changes already; end one of them, or ask without wait.",
			FullHint:  "too many requests wait for changes; ask without wait, or again in a moment."})}
}

// End ends all waiting, since the server stops. Streams end, and requests that wait are answered.
func (x *Endpoints) End() { x.ending.Do(func() { close(x.ended) }) }

// Routes returns the routes of the feed.
func (x *Endpoints) Routes() []web.Route {
	return []web.Route{
		{Method: "GET", Path: "/changes", Access: web.Read, Group: "work", Doc: "changes since your bookmark (/help/changes)", Events: true, Handle: x.changes,
			Params: []string{"since", "bookmark", "by", "kind", "action", "record", "field", "to.", "where", "view", "run", "summary", "wait", "limit"}},
		{Method: "GET", Path: "/changes/:id", Access: web.Read, Group: "work", Doc: "those of a group", Handle: x.group,
			Params: []string{"since", "by", "kind", "action", "record", "field", "to.", "where", "view", "summary", "limit"}},
		{Method: "POST", Path: "/changes/seen", Access: web.Read, Group: "work", Doc: "move your bookmark", Texts: []string{"cursor*", "bookmark"}, Handle: x.seen},
	}
}

// changes answers GET /changes.
//
// Errors: invalid_value for parameters, invalid_cursor, cursor_expired, not_found for a run.
func (x *Endpoints) changes(rq *web.Request) (*render.Response, error) {
	q, err := x.parse(rq)
	if err != nil {
		return nil, err
	}
	if q.wait, err = readWait(rq, q); err != nil {
		return nil, err
	}
	if rq.Params.Has("run") {
		if err := x.findRun(rq, q); err != nil {
			return nil, err
		}
	}
	if !rq.Params.Has("run") || rq.Params.Has("bookmark") { // else it begins with the run
		if err := x.findStart(rq, q); err != nil {
			return nil, err
		}
	}
	if rq.Media == web.EventsMedia {
		return x.events(rq, q)
	}
	if q.wait == 0 {
		return x.page(rq, q)
	}
	return x.waited(rq, q)
}

// group answers GET /changes/{group}.
//
// Errors: those of changes, and not_found.
func (x *Endpoints) group(rq *web.Request) (*render.Response, error) {
	q, err := x.parse(rq)
	if err != nil {
		return nil, err
	}
	first, fault := changelog.ParseGroupID(rq.Actor.Workspace, rq.RecordID)
	if rq.RecordID == "seen" {
		return nil, crm.Errorf(crm.NotFound, `there is no change group seen. A bookmark is moved with POST /changes/seen {"cursor":"seq_…","bookmark":"daily"}; GET /changes?bookmark=daily begins there.`)
	}
	if fault != crm.IDOK {
		return nil, crm.Errorf(crm.NotFound, "%s %s. A change group looks like %s; the answer of a write in JSON names its group as \"change\", and GET /changes shows those of all changes.",
			norm.Quote(rq.RecordID), fault, changelog.GroupID(rq.Actor.Workspace, 1))
	}
	q.ask.Group = first
	if !rq.Params.Has("since") {
		q.ask.After = changelog.FromStart
	}
	part, err := x.read(rq, q)
	if err != nil {
		return nil, err
	}
	if len(part.Entries) == 0 && !part.More && !rq.Params.Has("since") && !q.filtered {
		return nil, crm.Errorf(crm.NotFound, "there is no change group %s any more, or there never was one. GET /changes shows the groups of all changes that are kept.", rq.RecordID)
	}
	return x.withUndo(rq, q, q.answer(rq, part))
}

// findStart sets where a list without since= begins: after the bookmark, or at the first entry.
func (x *Endpoints) findStart(rq *web.Request, q *question) error {
	if q.ask.After != changelog.FromStart || !q.ask.Since.IsZero() || q.now {
		return nil
	}
	return x.store.View(rq.Context(), rq.Actor, func(v *store.View) error {
		number, found, err := v.Bookmark(q.bookmark)
		switch {
		case err != nil:
			return err
		case found:
			q.ask.After = number
		case rq.Params.Has("bookmark") && q.bookmark != defaultBookmark:
			q.remarks = append(q.remarks, "there is no bookmark "+norm.Quote(q.bookmark)+" of this token yet, so this begins at the first change; since=now begins now")
		default:
			q.remarks = append(q.remarks, "this token has no bookmark yet, so this begins at the first change; since=now begins now")
		}
		return nil
	})
}

// findRun sets the run that run= names: the latest of that name of the user, or of the one that by= names.
func (x *Endpoints) findRun(rq *web.Request, q *question) error {
	name, of := rq.Params.Get("run"), rq.Actor.Email
	if fault := crm.CheckRun(name); fault != nil {
		return fault.On("run")
	}
	if q.by != "" {
		of = q.by
	}
	var found changelog.Runs
	err := x.store.View(rq.Context(), rq.Actor, func(v *store.View) (err error) {
		found, err = v.Runs(name, of)
		return err
	})
	if err != nil {
		return err
	}
	if q.ask.Run = found.Latest; found.Earlier != 0 {
		q.remarks = append(q.remarks, "an earlier run had the same name; it began with GET /changes/"+changelog.GroupID(rq.Actor.Workspace, found.Earlier))
	}
	if found.Latest != 0 {
		return nil
	}
	hint := "A run is named by the header " + crm.RunHeader + " of its writes, in tools by the argument run."
	if found.Other != "" {
		hint = norm.Quote(found.Other) + " has one: GET /changes?" + readable.Replace(url.Values{"run": {name}, "by": {found.Other}}.Encode())
	}
	return crm.Errorf(crm.NotFound, "%s has no run %s in this workspace. %s", norm.Quote(of), norm.Quote(name), hint).On("run")
}

// readable takes back the escape of a character that needs none in a query.
var readable = strings.NewReplacer("%40", "@")

// page answers with a part of the log.
func (x *Endpoints) page(rq *web.Request, q *question) (*render.Response, error) {
	part, err := x.read(rq, q)
	if err != nil {
		return nil, err
	}
	return x.withUndo(rq, q, q.answer(rq, part))
}

// withUndo adds to an answer about a group or a run which undo took it back.
func (x *Endpoints) withUndo(rq *web.Request, q *question, doc *render.Response) (*render.Response, error) {
	if q.ask.Group == 0 && q.ask.Run == 0 {
		return doc, nil
	}
	by, err := undo.EarlierOf(rq.Context(), x.store, rq.Actor, undo.Scope{Group: q.ask.Group, Run: q.ask.Run})
	if err == nil && by.Group != 0 {
		doc.Remarks = append(doc.Remarks, "undone "+by.String(rq.Actor.Workspace))
	}
	return doc, err
}

// read reads the part of the log that a question asks for.
func (x *Endpoints) read(rq *web.Request, q *question) (part changelog.Part, err error) {
	ask := q.ask
	if q.summary {
		q.counts.reset()
		ask = q.counts.question(ask)
	}
	err = x.store.View(rq.Context(), rq.Actor, func(v *store.View) (err error) {
		if q.now {
			ask.Scan = 0
		}
		env := rq.Env
		env.Now = x.store.Now()
		if ask.Match, err = q.of.in(v, env); err == nil {
			part, err = v.Changes(ask)
		}
		return err
	})
	if err != nil {
		return part, err
	}
	if q.now { // nothing has happened since now
		part.Entries, part.Cursor, part.More = nil, part.Last, false
		return part, nil
	}
	if fault := checkPlace(q.ask.After, part); fault != nil {
		return part, fault.On("since")
	}
	return part, nil
}

// checkPlace returns the error of a place from which the log cannot be read, or nil.
func checkPlace(after int64, part changelog.Part) *crm.Error {
	switch {
	case part.Expired:
		return crm.Errorf(crm.CursorExpired, "changes after this place were deleted: the log is kept for a time only. To catch up, take a cursor with GET /changes?since=now first, then read everything: GET /export; from then on go on from that cursor.")
	case after > part.Last:
		return crm.Errorf(crm.InvalidCursor, "this place is after the end of the log: the database was set back to an earlier state, such as a backup. Begin anew: take a cursor with GET /changes?since=now, then read what you need.")
	}
	return nil
}

// defaultBookmark is the name of the bookmark of a client that names none.
const defaultBookmark = "default"

// maxBookmark is the most characters of the name of a bookmark.
const maxBookmark = 100

// checkBookmark returns the error of a name that a bookmark cannot have, or nil.
func checkBookmark(name string) *crm.Error {
	if crm.CheckRun(name) != nil {
		return crm.Errorf(crm.InvalidValue, "the name of a bookmark has 1 to %d visible ASCII characters and no blanks, like daily.", maxBookmark).On("bookmark")
	}
	return nil
}

// seen answers POST /changes/seen. It may move a bookmark back too.
//
// Errors: those of a body, invalid_cursor, cursor_expired.
func (x *Endpoints) seen(rq *web.Request) (*render.Response, error) {
	body, fault := rq.TextBody()
	if fault != nil {
		return nil, fault
	}
	number, fault := readCursor(rq, body["cursor"])
	if fault != nil {
		return nil, fault.On("cursor")
	}
	name := body["bookmark"]
	if name == "" {
		name = defaultBookmark
	}
	if fault := checkBookmark(name); fault != nil {
		return nil, fault
	}
	var part changelog.Part
	err := x.store.View(rq.Context(), rq.Actor, func(v *store.View) (err error) {
		part, err = v.Changes(changelog.Question{After: number})
		return err
	})
	if err != nil {
		return nil, err
	}
	if fault := checkPlace(number, part); fault != nil {
		return nil, fault.On("cursor")
	}
	return rq.Transact(func(tx *store.Tx) (*render.Response, error) {
		line := &render.Item{Head: "seen", HeadKey: "status", Fields: []render.Field{{Name: "bookmark", Value: crm.Str(name)}, {Name: "cursor", Value: crm.Str(body["cursor"])}}}
		return &render.Response{Line: line}, account.MoveBookmark(tx, name, number)
	})
}
