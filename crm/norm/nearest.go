package norm

import "strings"

// maxNearest is the most bytes of a name for which a near one is looked for.
const maxNearest = 64

// Nearest returns the name that is most like the one that was sent, or "" if none is
// near. Near is one edit, two if six letters or more were sent, or a difference of one
// word behind an underscore, like company and company_id. A name that is farther away
// would mislead.
func Nearest(sent string, names []string) string {
	sent = strings.ToLower(sent)
	if sent == "" || len(sent) > maxNearest {
		return ""
	}
	most := 1
	if len(sent) >= 6 {
		most = 2
	}
	best, least := "", most+1
	pattern := newPattern(sent)
	for _, name := range names {
		d := pattern.distance(name, most)
		if d > 1 && (strings.HasPrefix(name, sent+"_") || strings.HasSuffix(sent, ".") && strings.HasPrefix(name, sent) || strings.HasPrefix(sent, name+"_")) {
			d = 1
		}
		if d < least {
			best, least = name, d
		}
	}
	return best
}
