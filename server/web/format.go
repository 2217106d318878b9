package web

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/render"
	"crmkit/render/tokens"
	"crmkit/server/edge"
)

// The media types that a client may ask for.
const (
	TextMedia = "text/plain"
	JSONMedia = "application/json"
	RowsMedia = "application/x-ndjson" // JSON objects, one a line
	CSVMedia  = "text/csv"

	EventsMedia = "text/event-stream" // of server-sent events
)

// medias are the media types by their values of ?format=.
var medias = []struct{ format, media string }{{"json", JSONMedia}, {"text", TextMedia}, {"ndjson", RowsMedia}, {"csv", CSVMedia}, {"events", EventsMedia}}

// StreamMedia returns the media types of a route that streams lines.
func (r *Route) StreamMedia() (list []string) {
	for _, m := range medias {
		if m.media != JSONMedia && slices.Contains(r.Formats(), m.format) {
			list = append(list, m.media)
		}
	}
	return list
}

// ErrorFormat returns the format of an error for a request that is not routed.
func ErrorFormat(r *http.Request) render.Format { return formatOf(mediaOf(r, r.URL.Query(), nil)) }

// mediaOf chooses the type of the answer: ?format= decides, else the Accept header
// (RFC 9110 section 12.5.1). Of types with the same weight it takes the one that the header
// names first, since clients that send application/json, text/plain, */* mean it like this;
// if it names none, text. An unknown ?format= is refused later, in text. Only a route that sends events is
// asked for them: clients of other protocols name them in all their requests. The route may be nil.
func mediaOf(r *http.Request, params url.Values, route *Route) string {
	for _, m := range medias {
		if params.Get("format") == m.format {
			return m.media
		}
	}
	accept := r.Header["Accept"]
	if edge.CheckAccept(accept) != nil {
		return TextMedia
	}
	// Only JSON may be chosen by a range like */*: few routes have the other types.
	best, most := TextMedia, edge.Weigh(accept, TextMedia)
	for _, m := range medias {
		if m.media == EventsMedia && (route == nil || !route.Events) {
			continue
		}
		w := edge.Weigh(accept, m.media)
		first := w.Q == most.Q && w.Q > 0 && w.Exactness == 3 && w.Position < most.Position
		if first || w.Q > most.Q && (m.media == JSONMedia || w.Exactness == 3) {
			best, most = m.media, w
		}
	}
	return best
}

// formatOf returns the format of answers that have only two, like errors.
func formatOf(media string) render.Format {
	if media == JSONMedia || media == RowsMedia {
		return render.JSON
	}
	return render.Text
}

// ToolBudget is the budget of a GET of a tool that asks for no other, in tokens: without it one call could fill the
// context of a model.
const ToolBudget = 8000

// budgetParam is the parameter of a budget.
const budgetParam = "budget"

// readBudget reads budget=, which every GET takes, and removes it from the parameters: it is about the
// answer, whatever the question.
func (rq *Request) readBudget() *crm.Error {
	values, given := rq.Params[budgetParam]
	if !rq.mayHaveBudget() {
		return nil // checkParams refuses it where it is not for the route
	}
	if own := rq.Route.Budget; !given {
		if own > 0 && (rq.Budget == 0 || rq.Budget > own) {
			rq.Budget = own
		}
		return nil
	}
	n, err := strconv.Atoi(values[0])
	if len(values) > 1 || err != nil || n < crm.MinBudget || n > crm.MaxBudget {
		return crm.Errorf(crm.InvalidValue, "budget=%s is not known; write one whole number from %d to %d, the most tokens that the answer may have.",
			norm.Quote(values[0]), crm.MinBudget, crm.MaxBudget).On(budgetParam)
	}
	rq.Budget = n
	delete(rq.Params, budgetParam)
	return nil
}

// mayHaveBudget reports whether the answer can be made shorter.
func (rq *Request) mayHaveBudget() bool {
	return rq.Route.TakesBudget() && (rq.Method == http.MethodGet || rq.Method == http.MethodHead) && rq.Media != EventsMedia
}

// TakesBudget reports whether the route takes budget=: answers of other protocols and streams cannot be made shorter.
func (r *Route) TakesBudget() bool {
	return r.Method == http.MethodGet && r.Protocol == nil && r.Stream == NoStream
}

// fit returns the body of an answer, within the budget.
//
// Errors: invalid_value for a budget that the shortest form of the answer exceeds.
func (rq *Request) fit(doc *render.Response) ([]byte, error) {
	if rq.Budget == 0 || !rq.mayHaveBudget() {
		return doc.Append(make([]byte, 0, 1024), rq.Format), nil
	}
	if body := doc.Fit(rq.Format, rq.Budget, new(tokens.Counter).Count); body != nil {
		return body, nil
	}
	whole := doc.Append(nil, rq.Format)
	return nil, crm.Errorf(crm.InvalidValue, "budget=%d is too small: the answer has %d tokens, and what can be left out of it is not enough. Ask for fewer rows with limit=, or with budget=%d for all of it.",
		rq.Budget, tokens.Count(whole, crm.MaxBudget), min(tokens.Count(whole, crm.MaxBudget), crm.MaxBudget)).On(budgetParam)
}
