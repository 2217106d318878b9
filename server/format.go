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
	json, text := 0.0, 0.0
	for _, header := range r.Header["Accept"] {
		for _, part := range strings.Split(header, ",") {
			j, t := preference(part)
			json, text = max(json, j), max(text, t)
		}
	}
	if json > text {
		return render.JSON
	}
	return render.Text
}

// preference returns the quality one media range gives to JSON and to text.
func preference(part string) (json, text float64) {
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
	case "application/json", "application/*":
		return q, 0
	case "text/plain", "text/*":
		return 0, q
	case "*/*":
		return q, q
	}
	return 0, 0
}
