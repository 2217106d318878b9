package feed

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/query/param"
	"crmkit/server/web"
	"crmkit/store/changelog"
)

const (
	defaultLimit = 100
	maxScan      = 20_000 // entries that one answer looks at

	// maxWait is in seconds. Servers, proxies and clients commonly end a request after 60 seconds without
	// an answer, this one too (edge.WriteTimeout).
	maxWait = 50
)

// question is what a request asks for.
type question struct {
	ask      changelog.Question
	now      bool   // it asks for the place of now
	bookmark string // from which it begins without since=
	by       string // the user whose changes it asks for; empty: of all
	filtered bool
	summary  bool
	counts   counts
	wait     time.Duration
	cut      string // the limit of the request if it was larger than allowed
	remarks  []string

	kinds   []string // kinds of the records; nil: all
	actions []string // nil: all
	notBy   string   // the user whose changes are left out
	field   string   // changes of this field only; empty: of all
	to      []crm.Member
	of      matching
}

// parse reads the parameters that all lists of changes have.
func (x *Endpoints) parse(rq *web.Request) (*question, error) {
	q := &question{bookmark: defaultBookmark, ask: changelog.Question{After: changelog.FromStart, Limit: defaultLimit, Scan: maxScan}}
	for _, read := range []func(*web.Request, *question) *crm.Error{readStart, readSummary, x.readBy, x.readKinds, readActions, x.readRecord, x.readFields} {
		if fault := read(rq, q); fault != nil {
			return nil, fault
		}
	}
	if text := rq.Params.Get("limit"); text != "" {
		var fault *crm.Error
		if q.ask.Limit, q.cut, fault = param.Limit(text, x.change.MaxLimit); fault != nil {
			return nil, fault
		}
	}
	if err := x.readMatching(rq, q); err != nil {
		return nil, err
	}
	if q.kinds != nil || q.actions != nil || q.by != "" || q.notBy != "" {
		q.ask.Takes = q.takes
	}
	if q.field != "" || q.to != nil {
		q.ask.Keeps = q.keeps
	}
	q.filtered = q.ask.Takes != nil || q.ask.Keeps != nil || q.ask.Target != "" // where= has a kind
	return q, nil
}

// readStart reads since= and bookmark=, of which a request has one.
func readStart(rq *web.Request, q *question) (fault *crm.Error) {
	since := rq.Params.Get("since")
	if last := rq.Header.Get("Last-Event-ID"); last != "" && rq.Media == web.EventsMedia { // a stream that is opened again
		since = last
	}
	if rq.Params.Has("bookmark") {
		q.bookmark = rq.Params.Get("bookmark")
		if fault := checkBookmark(q.bookmark); fault != nil {
			return fault
		}
		if rq.Params.Has("since") {
			return crm.Errorf(crm.InvalidValue, "since= and bookmark= are two places to begin from; send one.").On("bookmark")
		}
	}
	switch since {
	case "":
		return nil
	case "now":
		q.now = true
		return nil
	}
	if strings.HasPrefix(since, changelog.CursorPrefix) {
		q.ask.After, fault = readCursor(rq, since)
	} else {
		q.ask.Since, fault = readTime(rq, since)
	}
	if fault != nil {
		return fault.On("since")
	}
	return nil
}

// readTime reads a time that has been, as the place before the first change from then on.
func readTime(rq *web.Request, text string) (at time.Time, fault *crm.Error) {
	span, is := (norm.Clock{Now: rq.Env.Now, Zone: rq.Env.Zone}).Parse(text)
	switch at = time.UnixMilli(span.From); {
	case !is:
		return at, crm.Errorf(crm.InvalidCursor, "%s is no cursor of GET /changes, and no time. Write the cursor of an earlier answer, like %s, a time like -1h or 2026-06-10T09:00Z, or now.",
			norm.Quote(text), changelog.Cursor(rq.Actor.Workspace, 1))
	case at.After(rq.Env.Now):
		return at, crm.Errorf(crm.InvalidValue, "since=%s is in the future; write a time that has been, like -1h.", norm.Quote(text))
	}
	return at, nil
}

// readCursor reads a cursor of the log.
func readCursor(rq *web.Request, text string) (number int64, fault *crm.Error) {
	number, wrong := changelog.ParseCursor(rq.Actor.Workspace, text)
	if wrong != crm.IDOK {
		return 0, crm.Errorf(crm.InvalidCursor, "%s is not a cursor of the changes of this workspace. Each answer of GET /changes has one, like %s; GET /changes?since=now gives that of now.",
			norm.Quote(text), changelog.Cursor(rq.Actor.Workspace, 1))
	}
	return number, nil
}

// readSummary reads summary=.
func readSummary(rq *web.Request, q *question) (fault *crm.Error) {
	if q.summary, fault = rq.IsOn("summary"); q.summary && rq.Params.Has("limit") {
		return crm.Errorf(crm.InvalidValue, "summary=1 counts all changes, so it takes no limit; leave limit out.").On("limit")
	}
	return fault
}

// readBy reads by=: an address, me or not-me.
func (x *Endpoints) readBy(rq *web.Request, q *question) *crm.Error {
	text := rq.Params.Get("by")
	switch text {
	case "":
		return nil
	case "not-me":
		q.notBy = rq.Actor.Email
		return nil
	}
	v, fault := rq.Env.Normal(x.change.Field("by"), text)
	if fault != nil {
		return crm.Errorf(crm.InvalidValue, "by=%s: write an e-mail address, me, or not-me.", norm.Quote(text)).On("by")
	}
	q.by = v.Text
	return nil
}

// readKinds reads kind=, a list of kinds by name or plural.
func (x *Endpoints) readKinds(rq *web.Request, q *question) *crm.Error {
	text := rq.Params.Get("kind")
	if text == "" {
		return nil
	}
	names := strings.Split(text, ",")
	if len(names) > crm.MaxItems {
		return crm.TooMany("kind", crm.MaxItems, "kinds", "Leave kind out for all.")
	}
	var known []string
	for _, e := range rq.Env.Schema.Entities {
		if e != x.change {
			known = append(known, e.Name)
		}
	}
	for _, name := range names {
		name = strings.TrimSpace(name)
		at := slices.IndexFunc(rq.Env.Schema.Entities, func(e *crm.Entity) bool { return e != x.change && (e.Name == name || e.Plural == name) })
		if at < 0 {
			return crm.Errorf(crm.InvalidValue, "kind=%s: the kinds are %s.", norm.Quote(name), strings.Join(known, ", ")).On("kind").Of(name, known)
		}
		q.kinds = append(q.kinds, rq.Env.Schema.Entities[at].Name)
	}
	return nil
}

// readRecord reads record=, the handle or id of a record, which need not exist any more.
func (x *Endpoints) readRecord(rq *web.Request, q *question) *crm.Error {
	text := rq.Params.Get("record")
	if text == "" {
		return nil
	}
	id := crm.CutHandle(text)
	e := rq.Env.Schema.ByPrefix(id)
	if e == nil || e == x.change {
		return crm.Errorf(crm.InvalidValue, "record=%s is not the handle or id of a record, like contact/c_011p.", norm.Quote(text)).On("record")
	}
	if !e.IsView() {
		if _, hint := rq.Env.Schema.Locate(e, rq.Actor.Workspace, text); hint != "" {
			return crm.Errorf(crm.InvalidValue, "record=%s.", hint).On("record")
		}
	}
	q.ask.Target = e.Name + "/" + id
	return nil
}

// readWait reads wait=, a number of seconds.
func readWait(rq *web.Request, q *question) (time.Duration, error) {
	text := rq.Params.Get("wait")
	if text == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > maxWait {
		return 0, crm.Errorf(crm.InvalidValue, "wait=%s: write a number of seconds up to %d; the answer comes as soon as something has changed.", norm.Quote(text), maxWait).On("wait")
	}
	if q.summary {
		return 0, crm.Errorf(crm.InvalidValue, "summary=1 counts what has happened, so it does not wait; leave wait out.").On("wait")
	}
	return time.Duration(n) * time.Second, nil
}

// cutRemark says that a limit was lowered.
func (q *question) cutRemark() string {
	return fmt.Sprintf("limit=%s is above the maximum; this answer has at most %d", norm.Quote(q.cut), q.ask.Limit)
}
