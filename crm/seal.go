package crm

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"strings"
)

// Sealer names numbered things so that nobody can guess the name of the next one: its ids
// look like those of RandomID, and take no room beside the number. An id is the number
// within its workspace under a permutation of the 50 bits that ten characters hold: a
// Feistel network (Luby and Rackoff, 1988) whose rounds are HMAC-SHA-256.
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

// NewSealer returns the sealer of ids with a prefix, under a secret that nobody else has.
func NewSealer(secret []byte, prefix string) *Sealer { return &Sealer{secret, prefix + "_"} }

// ID returns the id of a key as RecordKey makes them.
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

// Key returns the key whose id this is in a workspace, 0 for none. Whether there is such
// a thing is not looked up.
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

// round returns as many bits as half an id has, which depend on all that goes in.
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
