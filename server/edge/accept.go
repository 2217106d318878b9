package edge

import (
	"strconv"
	"strings"

	"crmkit/crm"
)

// maxRanges is the most media ranges of Accept headers.
const maxRanges = 50

// CheckAccept refuses Accept headers that are too long to weigh.
func CheckAccept(headers []string) *crm.Error {
	ranges := len(headers)
	for _, header := range headers {
		ranges += strings.Count(header, ",")
	}
	if ranges > maxRanges {
		return crm.TooMany("Accept", maxRanges, "media types", "Send Accept: application/json, or leave it out for text.")
	}
	return nil
}

// Weigh returns the quality that the headers give to a media type. The most exact range
// decides.
func Weigh(headers []string, media string) (best Quality) {
	kind, _, _ := strings.Cut(media, "/")
	place := 0
	for _, header := range headers {
		for _, part := range strings.Split(header, ",") {
			name, q := readRange(part)
			switch name {
			case media:
				best.set(Quality{q, 3, place})
			case kind + "/*":
				best.set(Quality{q, 2, place})
			case "*/*":
				best.set(Quality{q, 1, place})
			}
			place++
		}
	}
	return best
}

// Quality is the weight that a header gives to a media type (RFC 9110 section 12.4.2).
type Quality struct {
	Q         float64
	Exactness int // 0: not named, 1: */*, 2: type/*, 3: the type itself
	Position  int // of that range among all
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
func (current *Quality) set(other Quality) {
	if other.Exactness > current.Exactness {
		*current = other
	}
}
