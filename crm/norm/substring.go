package norm

import "strings"

// shortPart is how many bytes of a text strings.Contains finds with a bounded number of
// comparisons at each position.
const shortPart = 32

// Contains reports whether a text has a part. Its work is bounded by the length of both
// together, whatever they hold.
func Contains(text, part string) bool {
	if len(part) <= shortPart {
		return strings.Contains(text, part)
	}
	at := strings.Index(text, part[:shortPart])
	if at < 0 {
		return false
	}
	found, _ := search(text[at:], part)
	return found
}

// search looks for a part as Knuth, Morris and Pratt do ("Fast pattern matching in
// strings", 1977), and returns how many comparisons it took: fewer than twice the bytes
// of text and part.
func search(text, part string) (found bool, compared int) {
	back, compared := borders(part)
	n := 0 // bytes of the part that end here
	for i := 0; i < len(text); i++ {
		for compared++; n > 0 && part[n] != text[i]; compared++ {
			n = back[n-1]
		}
		if part[n] == text[i] {
			n++
		}
		if n == len(part) {
			return true, compared
		}
	}
	return false, compared
}

// borders returns for each beginning of a text the length of the longest shorter
// beginning that it ends with.
func borders(text string) (back []int, compared int) {
	back = make([]int, len(text))
	n := 0
	for i := 1; i < len(text); i++ {
		for compared++; n > 0 && text[n] != text[i]; compared++ {
			n = back[n-1]
		}
		if text[n] == text[i] {
			n++
		}
		back[i] = n
	}
	return back, compared
}
