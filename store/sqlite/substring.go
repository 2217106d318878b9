package sqlite

import "strings"

// shortPart is the length in bytes up to which strings.Contains is used, whose time is the
// product of both lengths in the worst case.
const shortPart = 32

// Contains reports whether a text contains a part. Unlike strings.Contains its time is bounded
// by the sum of both lengths, whatever they contain: filters run it on every row.
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

// search finds a part by the algorithm of Knuth, Morris and Pratt ("Fast pattern matching in
// strings", 1977). It returns the number of comparisons, which is less than twice the length
// of text and part together.
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
