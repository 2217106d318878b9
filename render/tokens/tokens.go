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

// Count returns the number of tokens of an answer, at least one byte long each. Where they are more than most, it
// stops early and returns any number above most. It is safe for concurrent use.
func Count(answer []byte, most int) (n int) {
	if len(answer) <= most {
		return len(answer) // an upper bound that needs no vocabulary
	}
	for n <= most && len(answer) > 0 {
		end := boundary(answer)
		n += exactly(answer[:end])
		answer = answer[end:]
	}
	return n
}

// exactly returns the tokens of a text.
func exactly(text []byte) int {
	n, err := vocabulary().Count(string(text))
	if err != nil {
		return len(text) // no token is shorter than a byte
	}
	return n
}

// boundary returns the end of a part that can be counted alone: a line break before a letter, a digit or the sign
// "#". No token goes across one, since the vocabulary splits a text there first: only white space and
// signs share a piece with the line break before them.
func boundary(text []byte) int {
	for i := part; i < len(text); i++ {
		if text[i-1] == '\n' && startsPiece(text[i]) {
			return i
		}
	}
	return len(text)
}

func startsPiece(c byte) bool {
	return c == '#' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}
