package feed

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/query"
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

	kinds []string // kinds of the records; nil: all
	notBy string   // the user whose changes are left out
	field string   // changes of this field only; empty: of all
	to    []crm.Member
}

// parse reads the parameters that all lists of changes have.
func (x *Endpoints) parse(rq *web.Request) (*question, error) {
	q := &question{bookmark: defaultBookmark, ask: changelog.Question{After: changelog.FromStart, Limit: defaultLimit, Scan: maxScan}}
	for _, read := range []func(*web.Request, *question) *crm.Error{readStart, readSummary, x.readBy, x.readKinds, x.readRecord, x.readFields} {
		if fault := read(rq, q); fault != nil {
			return nil, fault
		}
	}
	if text := rq.Params.Get("limit"); text != "" {
		var fault *crm.Error
		if q.ask.Limit, q.cut, fault = query.ParseLimit(text, x.change.MaxLimit); fault != nil {
			return nil, fault
		}
	}
	if q.kinds != nil || q.by != "" || q.notBy != "" {
		q.ask.Takes = q.takes
	}
	if q.field != "" || q.to != nil {
		q.ask.Keeps = q.keeps
	}
	q.filtered = q.ask.Takes != nil || q.ask.Keeps != nil || q.ask.Target != ""
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
	if q.ask.After, fault = readCursor(rq, since); fault != nil {
		return fault.On("since")
	}
	return nil
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

// readFields reads field= and to.<field>=.
func (x *Endpoints) readFields(rq *web.Request, q *question) (fault *crm.Error) {
	if text := rq.Params.Get("field"); text != "" {
		if q.field, fault = x.fieldName(rq, q, text); fault != nil {
			return fault.On("field")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(rq.Params)) {
		text, is := strings.CutPrefix(name, "to.")
		if !is {
			continue
		}
		field, fault := x.fieldName(rq, q, text)
		if fault != nil {
			return fault.On(name)
		}
		q.to = append(q.to, crm.Member{Name: field, JSON: norm.Fold(rq.Params.Get(name))})
	}
	return nil
}

// fieldName returns the name by which the log has a field: its own, that of the reference for its path,
// or one key of custom.
func (x *Endpoints) fieldName(rq *web.Request, q *question, text string) (string, *crm.Error) {
	var known []string
	head, key, keyed := strings.Cut(text, ".")
	for _, e := range rq.Env.Schema.Entities {
		if e == x.change || q.kinds != nil && !slices.Contains(q.kinds, e.Name) {
			continue
		}
		for i := range e.Fields {
			f := &e.Fields[i]
			if f.Derived() || f.IsIdentity() {
				continue
			}
			switch object := f.Type.Kind() == crm.ObjectKind; {
			case f.Name == text, !keyed && f.IsReference() && f.Path() == text:
				return f.Name, nil
			case keyed && object && f.Name == head:
				return head + "." + key, nil
			}
			if !slices.Contains(known, f.Name) {
				known = append(known, f.Name)
			}
		}
	}
	return "", crm.Errorf(crm.UnknownField, "no kind of record has the field %s; GET /help/fields lists them.", norm.Quote(text)).Of(text, known)
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

// takes reports whether the question asks for entries of the kind and the user of an entry.
func (q *question) takes(rec crm.Record) bool {
	by := rec.Value("by").Text
	if q.by != "" && q.by != by || q.notBy != "" && q.notBy == by {
		return false
	}
	kind, _, _ := strings.Cut(rec.Value("target").Text, "/")
	return q.kinds == nil || slices.Contains(q.kinds, kind)
}

// keeps reports whether an entry changes the fields that the question asks for.
func (q *question) keeps(rec crm.Record) bool {
	from, to := rec.Value("from").Members(), rec.Value("to").Members()
	if q.field != "" && !hasField(from, q.field) && !hasField(to, q.field) {
		return false
	}
	for _, want := range q.to {
		if !slices.ContainsFunc(to, func(m crm.Member) bool { return m.Name == want.Name && isValue(m.JSON, want.JSON) }) {
			return false
		}
	}
	return true
}

// hasField reports whether members have one of a field, or of one key of it.
func hasField(members []crm.Member, name string) bool {
	return slices.ContainsFunc(members, func(m crm.Member) bool { return m.Name == name || changelog.FieldOf(m.Name) == name })
}

// isValue reports whether a value of the log is, or as a list has, the text that a client wrote, without
// regard to case.
func isValue(json, folded string) bool {
	if items, is := norm.ParseArray(json); is {
		return slices.ContainsFunc(items, func(item string) bool { return isValue(item, folded) })
	}
	text, quoted := norm.Unquote(json)
	if !quoted {
		text = json
	}
	return norm.Fold(text) == folded
}

// cutRemark says that a limit was lowered.
func (q *question) cutRemark() string {
	return fmt.Sprintf("limit=%s is above the maximum; this answer has at most %d", norm.Quote(q.cut), q.ask.Limit)
}
