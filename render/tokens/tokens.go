// Package tokens counts the tokens of an answer, by which a model pays for what it reads. It counts those of
// o200k_base, the vocabulary of current models of OpenAI; other vocabularies of that size differ by some percent.
package tokens

import (
	"sync"

	"github.com/tiktoken-go/tokenizer/codec"
)

// vocabulary is read when it is first needed: this takes 25 ms and 6 MB, which a server whose clients
// ask for no budget never needs.
var vocabulary = sync.OnceValue(codec.NewO200kBase)

// part is how many bytes are counted at least before Count compares with its bound.
const part = 2 << 10

// Counter counts texts that have much in common, such as the forms of one answer: what it has counted it remembers. Its
// memory is as large as these texts. It is for one goroutine.
type Counter struct {
	known map[string]int // by part
}

// Count returns the number of tokens of an answer, at least one byte long each. Where they are more than most, it
// stops early and returns any number above most.
func (c *Counter) Count(answer []byte, most int) (n int) {
	if len(answer) <= most {
		return len(answer) // an upper bound that needs no vocabulary
	}
	for n <= most && len(answer) > 0 {
		end := boundary(answer)
		n += c.exactly(answer[:end])
		answer = answer[end:]
	}
	return n
}

// Count is that of a Counter for one text. It is safe for concurrent use.
func Count(answer []byte, most int) int { return new(Counter).Count(answer, most) }

// exactly returns the tokens of a part.
func (c *Counter) exactly(text []byte) int {
	if n, known := c.known[string(text)]; known {
		return n
	}
	n, err := vocabulary().Count(string(text))
	if err != nil {
		n = len(text) // no token is shorter than a byte
	}
	if c.known == nil {
		c.known = map[string]int{}
	}
	c.known[string(text)] = n
	return n
}

// boundary returns the end of a part that can be counted alone. The vocabulary splits a text into pieces first, and no
// token goes across two of them. A piece ends at a line break before a letter, a digit or the sign "#", since only white
// space and signs share one with the line break before them; and after two signs before a letter or a digit, as in
// {"id", since a letter shares a piece with one sign before it only. A slash may be the end of a piece that has a line break.
func boundary(text []byte) int {
	for i := part; i < len(text); i++ {
		c := text[i]
		if text[i-1] == '\n' && (c == '#' || isWord(c)) || isWord(c) && isSign(text[i-1]) && isSign(text[i-2]) && text[i-2] != '/' {
			return i
		}
	}
	return len(text)
}

// isWord reports whether a byte is an ASCII letter or digit.
func isWord(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// isSign reports whether a byte is an ASCII character that is no letter, digit, white space or control character.
func isSign(c byte) bool { return ' ' < c && c < 0x7f && !isWord(c) }
