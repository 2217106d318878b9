package cache

import (
	"crypto/sha256"
	"encoding/binary"
)

// Key identifies a count: a statement with its arguments, for a workspace. Nothing is stored under
// the zero Key.
type Key [sha256.Size]byte

// NewKey returns the key of a statement. Two keys are equal only if workspace, text and all arguments
// are equal. With an argument that is neither an integer nor a string the key is zero.
func NewKey(workspace int64, text string, args []any) Key {
	data, ok := appendQuestion(make([]byte, 0, len(text)+16*(len(args)+2)), workspace, text, args)
	if !ok {
		return Key{}
	}
	return sha256.Sum256(data)
}

// appendQuestion appends an encoding that is different for each question: each part has a fixed
// length or begins with its length, and each argument has its type.
func appendQuestion(b []byte, workspace int64, text string, args []any) (_ []byte, ok bool) {
	b = appendString(appendInt(b, workspace), text)
	for _, arg := range args {
		switch v := arg.(type) {
		case int64:
			b = appendInt(append(b, 'i'), v)
		case string:
			b = appendString(append(b, 's'), v)
		default:
			return b, false
		}
	}
	return b, true
}

func appendInt(b []byte, n int64) []byte { return binary.BigEndian.AppendUint64(b, uint64(n)) }

func appendString(b []byte, text string) []byte {
	return append(appendInt(b, int64(len(text))), text...)
}
