package norm

import "strings"

// maxNearest is the maximum length of a name, in bytes, for which Nearest suggests another.
const maxNearest = 64

// Nearest returns the name that is most similar to the one that was sent, or "" if none is
// near. Near is one edit, two if the name has six letters or more, or a word after an
// underscore that only one of them has, like company and company_id. A suggestion that is
// farther away would mislead.
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
