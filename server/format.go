package server

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"crmkit/crm"
	"crmkit/render"
)

// The media types that an answer may be asked for in.
const (
	textMedia = "text/plain"
	jsonMedia = "application/json"
	rowsMedia = "application/x-ndjson" // JSON objects, one a line
	csvMedia  = "text/csv"
)

// medias are the types by the words of ?format=, the first being the default.
var medias = []struct{ word, media string }{{"json", jsonMedia}, {"text", textMedia}, {"ndjson", rowsMedia}, {"csv", csvMedia}}

// mediaOf chooses the type of the answer: ?format= decides, else the Accept header
// (RFC 9110 section 12.5.1): of types that it weighs alike, the one that it names
// first, as clients do that send application/json, text/plain, */*. Text where it
// prefers none. An unknown ?format= is reported by the adapter, in text.
func mediaOf(r *http.Request, params url.Values) string {
	for _, m := range medias {
		if params.Get("format") == m.word {
			return m.media
		}
	}
	accept := r.Header["Accept"]
	if checkAccept(accept) != nil {
		return textMedia
	}
	best, most := textMedia, weigh(accept, textMedia)
	for _, m := range medias {
		w := weigh(accept, m.media)
		first := w.q == most.q && w.q > 0 && w.exactness == 3 && w.position < most.position
		if first || w.q > most.q && (m.media == jsonMedia || w.exactness == 3) { // few routes have the others
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

// formatOf returns the spelling of answers that know only two, errors among them.
func formatOf(media string) render.Format {
	if media == jsonMedia || media == rowsMedia {
		return render.JSON
	}
	return render.Text
}

// weigh returns what the headers say of a media type: the range that names it most
// exactly decides.
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

// quality is what a header says of one media type: the range that names it most
// exactly decides.
type quality struct {
	q         float64
	exactness int // 0: not named, 1: */*, 2: type/*, 3: the type itself
	position  int // of that range among all
}

// readRange reads one part of an Accept header: a range and its q.
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

func (current *quality) set(other quality) {
	if other.exactness > current.exactness {
		*current = other
	}
}
