package crm

import "strings"

// Nearest returns the name that is most like what was sent, or "" when none is
// near: one edit, two where what was sent has six letters or more, or one is
// the other up to an underscore, like company and company_id. A name that is farther off
// would mislead.
func Nearest(sent string, names []string) string {
	sent = strings.ToLower(sent)
	if sent == "" || len(sent) > 64 {
		return ""
	}
	best, least := "", 2
	if len(sent) >= 6 {
		least = 3
	}
	for _, name := range names {
		d := distance(sent, name)
		if d > 1 && (strings.HasPrefix(name, sent+"_") || strings.HasSuffix(sent, ".") && strings.HasPrefix(name, sent) || strings.HasPrefix(sent, name+"_")) {
			d = 1
		}
		if d < least {
			best, least = name, d
		}
	}
	return best
}

// distance counts the edits between two words, a swap of neighbours as one
// (optimal string alignment).
func distance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			d := min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d = min(d, rows[i-2][j-2]+1)
			}
			rows[i][j] = d
		}
	}
	return rows[len(a)][len(b)]
}
