package past

import (
	"maps"
	"net/url"
	"strconv"
	"strings"
	"time"

	"crmkit/crm"
	"crmkit/crm/fieldtype"
	"crmkit/crm/norm"
	"crmkit/query"
	"crmkit/server/web"
	"crmkit/store/changelog"
	"crmkit/store/past"
)

// Params are the parameters of a record about the past, and ListParams those of a list.
var (
	Params     = []string{"at"}
	ListParams = []string{"at", "vs"}
)

// asked is what a request asks of the past.
type asked struct {
	past.Asked
	params url.Values // without those that say which place
}

// parse reads which place a parameter asks for: at or vs.
func parse(rq *web.Request, name string) (a asked, fault *crm.Error) {
	a.params = maps.Clone(rq.Params)
	for _, own := range ListParams {
		delete(a.params, own)
	}
	if len(rq.Params[name]) > 1 {
		return a, crm.Errorf(crm.InvalidValue, "%s is given %d times; send it once.", name, len(rq.Params[name])).On(name)
	}
	if rq.Params.Has("search") {
		return a, crm.Errorf(crm.InvalidFilter, "search and %s cannot be combined: the index of searches has the present only. Filter instead, like name=like:jane, or leave %s out.", name, name).On("search")
	}
	if rq.Params.Has("deleted") {
		return a, crm.Errorf(crm.InvalidFilter, "deleted and %s cannot be combined: the trash has no past, and lists of the past have what was not deleted then. Leave one of them out.", name).On("deleted")
	}
	if a.Asked, fault = readPlace(rq, name); fault != nil {
		return a, fault.On(name)
	}
	text := rq.Params.Get("cursor")
	own, place, two := strings.Cut(text, query.OfPast)
	if text == "" || !two || name != "at" {
		return a, nil
	}
	if a.Asked, two = placeOfCursor(rq, place); !two {
		return a, crm.Errorf(crm.InvalidCursor, "the cursor was changed. Send it as the page before had it, or start again without cursor=.").On("cursor")
	}
	a.params["cursor"], a.Text = []string{own}, rq.Params.Get(name)
	return a, nil
}

// readPlace reads a parameter that says which place: a cursor of GET /changes, or a time that has been.
func readPlace(rq *web.Request, name string) (ask past.Asked, fault *crm.Error) {
	text := rq.Params.Get(name)
	ask.Name, ask.Text = name, text
	if strings.HasPrefix(text, "seq_") {
		number, wrong := changelog.ParseCursor(rq.Actor.Workspace, text)
		if wrong != crm.IDOK {
			return ask, crm.Errorf(crm.InvalidCursor, "%s=%s %s. Take a cursor from GET /changes, or write a time like %s=-7d.", name, norm.Quote(text), wrong, name)
		}
		ask.IsNumber, ask.Number = true, number
		return ask, nil
	}
	span, ok := (norm.Clock{Now: rq.Env.Now, Zone: rq.Env.Zone}).Parse(text)
	if !ok {
		return ask, crm.Errorf(crm.InvalidValue, "%s=%s is neither a time nor a cursor of GET /changes; %s", name, norm.Quote(text), fieldtype.TimeHelp)
	}
	if ask.At = span.From; ask.At > rq.Env.Now.UnixMilli() {
		return ask, crm.Errorf(crm.InvalidValue, "%s=%s is in the future; write a time that has been, like %s=-7d.", name, norm.Quote(text), name)
	}
	return ask, nil
}

// cursorOf returns the place as the cursor of a page has it: its number and its time.
func cursorOf(rq *web.Request, p past.Place) string {
	return changelog.Cursor(rq.Actor.Workspace, p.Number) + "." + strconv.FormatInt(p.At, 36)
}

// placeOfCursor is the reverse of cursorOf. That a client has not changed it shows the signature of the cursor.
func placeOfCursor(rq *web.Request, text string) (ask past.Asked, ok bool) {
	cursor, at, _ := strings.Cut(text, ".")
	number, wrong := changelog.ParseCursor(rq.Actor.Workspace, cursor)
	millis, err := strconv.ParseInt(at, 36, 64)
	return past.Asked{Name: "at", IsNumber: true, Number: number, At: millis}, wrong == crm.IDOK && err == nil
}

// remark says of which place an answer is.
func remark(rq *web.Request, p past.Place) string {
	return "as of " + p.Time() + " (cursor " + changelog.Cursor(rq.Actor.Workspace, p.Number) + ")"
}

// moment returns the time of a place.
func moment(p past.Place) time.Time { return time.UnixMilli(p.At).UTC() }
