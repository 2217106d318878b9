package auth

import (
	"hash/crc32"
	"io"
	"strings"
)

const (
	base62      = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	tokenPrefix = "ck_"
	tokenRandom = 32 // characters, 190 bits
	tokenCheck  = 6  // characters of CRC-32
)

// NewToken returns a new access token: ck_, 32 random characters of base 62 and 6 of
// checksum, a shape that secret scanners find without false alarms.
func (a *Auth) NewToken() (string, error) { return newToken(a.store.Random()) }

func newToken(random io.Reader) (string, error) {
	body, err := randomText(random, tokenRandom, base62)
	if err != nil {
		return "", err
	}
	return tokenPrefix + body + checksum(body), nil
}

// NewSecret returns a new secret of 32 random characters of base 62.
func (a *Auth) NewSecret() (string, error) {
	return randomText(a.store.Random(), tokenRandom, base62)
}

// IsSecret reports whether a text has the form of NewSecret's.
func IsSecret(text string) bool {
	return len(text) == tokenRandom && strings.Trim(text, base62) == ""
}

// wellFormed reports whether a token has the shape and checksum of NewToken's. It saves a
// read for tokens that were cut or mistyped.
func wellFormed(token string) bool {
	body, found := strings.CutPrefix(token, tokenPrefix)
	if !found || len(body) != tokenRandom+tokenCheck {
		return false
	}
	return checksum(body[:tokenRandom]) == body[tokenRandom:]
}

// checksum returns the CRC-32 of the text in base 62.
func checksum(body string) string {
	sum := crc32.ChecksumIEEE([]byte(body))
	var digits [tokenCheck]byte
	for i := range digits {
		digits[len(digits)-1-i] = base62[sum%62]
		sum /= 62
	}
	return string(digits[:])
}

// randomText returns n characters of the alphabet, each equally likely: random bytes
// beyond the largest multiple of its length are dropped.
func randomText(random io.Reader, n int, alphabet string) (string, error) {
	text := make([]byte, 0, n)
	limit := 256 - 256%len(alphabet)
	buffer := make([]byte, n+n/4+1)
	for len(text) < n {
		if _, err := io.ReadFull(random, buffer); err != nil {
			return "", err
		}
		for _, b := range buffer {
			if int(b) < limit && len(text) < n {
				text = append(text, alphabet[int(b)%len(alphabet)])
			}
		}
	}
	return string(text), nil
}
