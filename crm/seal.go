package crm

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"strings"
)

// Sealer computes ids from numbers so that nobody can guess the id of the next number, or see
// how many there are. Ids look like those of RandomID, but need no column, because the number
// can be computed from the id. An id is the number under a permutation of the 50 bits of ten
// characters, another one for each workspace: a Feistel network of four rounds (Luby and
// Rackoff, 1988) whose round function is HMAC-SHA-256.
type Sealer struct {
	secret []byte
	prefix string
}

const (
	sealDigits = 10
	sealHalf   = sealDigits * 5 / 2 // bits
	sealMask   = 1<<sealHalf - 1
	sealRounds = 4
)

// NewSealer returns the sealer of ids with a prefix. Anybody who knows the secret can compute
// ids and numbers from each other.
func NewSealer(secret []byte, prefix string) *Sealer { return &Sealer{secret, prefix + "_"} }

// ID returns the id of a key that RecordKey returned.
func (s *Sealer) ID(key int64) string {
	number, workspace := uint64(RecordNumber(key)), RecordWorkspace(key)
	left, right := number>>sealHalf, number&sealMask
	for i := range sealRounds {
		left, right = right, left^s.round(workspace, i, right)
	}
	sealed := left<<sealHalf | right
	id := make([]byte, sealDigits)
	for i := range id {
		id[i] = idAlpha[sealed>>(5*(sealDigits-1-i))&31]
	}
	return s.prefix + string(id)
}

// Key returns the key of an id in a workspace, or 0 if the text is not an id that ID returns. It
// does not check that something with the key exists.
func (s *Sealer) Key(workspace int64, id string) int64 {
	digits, found := strings.CutPrefix(id, s.prefix)
	if !found || len(digits) != sealDigits {
		return 0
	}
	sealed := uint64(0)
	for i := range len(digits) {
		d := strings.IndexByte(idAlpha, digits[i])
		if d < 0 {
			return 0
		}
		sealed = sealed<<5 | uint64(d)
	}
	left, right := sealed>>sealHalf, sealed&sealMask
	for i := sealRounds - 1; i >= 0; i-- {
		left, right = right^s.round(workspace, i, left), left
	}
	number := left<<sealHalf | right
	if number == 0 || number > keyMask {
		return 0
	}
	return RecordKey(workspace, int64(number))
}

// round is the round function: it returns sealHalf bits that depend on all arguments and on
// the prefix.
func (s *Sealer) round(workspace int64, i int, half uint64) uint64 {
	var in [24]byte
	binary.BigEndian.PutUint64(in[:], uint64(workspace))
	binary.BigEndian.PutUint64(in[8:], uint64(i))
	binary.BigEndian.PutUint64(in[16:], half)
	mac := hmac.New(sha256.New, s.secret)
	mac.Write([]byte(s.prefix))
	mac.Write(in[:])
	return binary.BigEndian.Uint64(mac.Sum(nil)) & sealMask
}
