package render

import (
	"time"
)

// Stream is an answer that is made while it is sent, so that it may be larger
// than memory. Each hands its pieces, one or more whole lines each, to put and
// ends with an error when put does, or when the rest cannot be had.
type Stream struct {
	Type string // media type
	Each func(put func(piece []byte) error) error

	// Finish says that the work behind the answer goes on where only its beginning
	// is shown.
	Finish bool
}

// Append appends the line in the format, whole: no value is cut. Text shows times
// in the zone.
func (l *Item) Append(b []byte, f Format, zone *time.Location) []byte {
	if f != JSON {
		return l.appendText(b, textOptions{zone: zone}, new([]Field))
	}
	o := object{b: append(b, '{')}
	l.members(&o, new([]Field))
	return append(o.b, "}\n"...)
}
