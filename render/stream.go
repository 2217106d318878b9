package render

import "time"

// Stream is an answer that is produced while it is sent, so it may be larger than memory.
// Each passes its pieces, of one or more whole lines, to put. It returns the error of put,
// or that of the source.
type Stream struct {
	Type string // media type
	Each func(put func(piece []byte) error) error

	// Finish reports whether Each must run to its end even if only the beginning of the
	// answer is shown, because it does more than produce the answer.
	Finish bool
}

// Append appends the item in the format, with no value cut. Text prints times in the zone.
func (l *Item) Append(b []byte, f Format, zone *time.Location) []byte {
	if f != JSON {
		return l.appendText(b, textOptions{zone: zone}, new([]Field))
	}
	o := object{b: append(b, '{')}
	l.members(&o, new([]Field))
	return append(o.b, "}\n"...)
}
