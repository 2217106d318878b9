package web

import (
	"net/http"
	"net/url"
	"slices"

	"crmkit/render"
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
