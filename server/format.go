package server

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"crmkit/render"
)

// formatOf chooses the spelling of the answer: ?format= decides, else the Accept
// header (RFC 9110 section 12.5.1) where it prefers application/json to text.
// An unknown ?format= is reported by the adapter, in text.
func formatOf(r *http.Request, params url.Values) render.Format {
	switch params.Get("format") {
	case "json":
		return render.JSON
	case "text":
		return render.Text
	}
	json, text := quality{}, quality{}
	for _, header := range r.Header["Accept"] {
		for _, part := range strings.Split(header, ",") {
			weigh(part, &json, &text)
		}
	}
	if json.q > text.q {
		return render.JSON
	}
	return render.Text
}

// quality is what a header says of one media type: the range that names it most
// exactly decides.
type quality struct {
	q         float64
	exactness int // 0: not named, 1: */*, 2: type/*, 3: the type itself
}

func weigh(part string, json, text *quality) {
	name, rest, _ := strings.Cut(part, ";")
	q := 1.0
	for _, parameter := range strings.Split(rest, ";") {
		key, value, _ := strings.Cut(strings.TrimSpace(parameter), "=")
		if strings.EqualFold(key, "q") {
			if parsed, err := strconv.ParseFloat(value, 64); err == nil && parsed >= 0 && parsed <= 1 {
				q = parsed
			}
		}
	}
	switch strings.ToLower(strings.TrimSpace(name)) {
	case "application/json":
		json.set(q, 3)
	case "text/plain":
		text.set(q, 3)
	case "application/*":
		json.set(q, 2)
	case "text/*":
		text.set(q, 2)
	case "*/*":
		json.set(q, 1)
		text.set(q, 1)
	}
}

func (current *quality) set(q float64, exactness int) {
	if exactness > current.exactness {
		*current = quality{q, exactness}
	}
}
