package web

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"crmkit/crm"
	"crmkit/render"
)

// The media types that a client may ask for.
const (
	TextMedia = "text/plain"
	JSONMedia = "application/json"
	RowsMedia = "application/x-ndjson" // JSON objects, one a line
	CSVMedia  = "text/csv"
)

// medias are the media types by their values of ?format=.
var medias = []struct{ format, media string }{{"json", JSONMedia}, {"text", TextMedia}, {"ndjson", RowsMedia}, {"csv", CSVMedia}}

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
func ErrorFormat(r *http.Request) render.Format { return formatOf(mediaOf(r, r.URL.Query())) }

// mediaOf chooses the type of the answer: ?format= decides, else the Accept header
// (RFC 9110 section 12.5.1). Of types with the same weight it takes the one that the header
// names first, since clients that send application/json, text/plain, */* mean it like this;
// if it names none, text. An unknown ?format= is refused later, in text.
func mediaOf(r *http.Request, params url.Values) string {
	for _, m := range medias {
		if params.Get("format") == m.format {
			return m.media
		}
	}
	accept := r.Header["Accept"]
	if checkAccept(accept) != nil {
		return TextMedia
	}
	// Only JSON may be chosen by a range like */*: few routes have the other types.
	best, most := TextMedia, weigh(accept, TextMedia)
	for _, m := range medias {
		w := weigh(accept, m.media)
		first := w.q == most.q && w.q > 0 && w.exactness == 3 && w.position < most.position
		if first || w.q > most.q && (m.media == JSONMedia || w.exactness == 3) {
			best, most = m.media, w
		}
	}
	return best
}

// maxRanges is the most media ranges of Accept headers.
const maxRanges = 50

// checkAccept refuses Accept headers that are too long to weigh.
func checkAccept(headers []string) *crm.Error {
	ranges := len(headers)
	for _, header := range headers {
		ranges += strings.Count(header, ",")
	}
	if ranges > maxRanges {
		return crm.TooMany("Accept", maxRanges, "media types", "Send Accept: application/json, or leave it out for text.")
	}
	return nil
}

// formatOf returns the format of answers that have only two, like errors.
func formatOf(media string) render.Format {
	if media == JSONMedia || media == RowsMedia {
		return render.JSON
	}
	return render.Text
}

// weigh returns the quality that the headers give to a media type. The most exact range
// decides.
func weigh(headers []string, media string) (best quality) {
	kind, _, _ := strings.Cut(media, "/")
	place := 0
	for _, header := range headers {
		for _, part := range strings.Split(header, ",") {
			name, q := readRange(part)
			switch name {
			case media:
				best.set(quality{q, 3, place})
			case kind + "/*":
				best.set(quality{q, 2, place})
			case "*/*":
				best.set(quality{q, 1, place})
			}
			place++
		}
	}
	return best
}

// quality is the weight that a header gives to a media type (RFC 9110 section 12.4.2).
type quality struct {
	q         float64
	exactness int // 0: not named, 1: */*, 2: type/*, 3: the type itself
	position  int // of that range among all
}

// readRange parses one part of an Accept header: a range and its q.
func readRange(part string) (name string, q float64) {
	name, rest, _ := strings.Cut(part, ";")
	q = 1
	for _, parameter := range strings.Split(rest, ";") {
		key, value, _ := strings.Cut(strings.TrimSpace(parameter), "=")
		if strings.EqualFold(key, "q") {
			if parsed, err := strconv.ParseFloat(value, 64); err == nil && parsed >= 0 && parsed <= 1 {
				q = parsed
			}
		}
	}
	return strings.ToLower(strings.TrimSpace(name)), q
}

// set replaces the quality by a more exact one.
func (current *quality) set(other quality) {
	if other.exactness > current.exactness {
		*current = other
	}
}
