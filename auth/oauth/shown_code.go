package oauth

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
)

// A server that sends no mail shows the code of a sign-in on its page. The database has the code
// encrypted with the secret of the page, and of that secret only a hash. So any server can show the code to
// the browser that has the secret, and somebody who has only the database cannot read it.

// sealCode returns the sealed form of a code. An empty code, which was mailed, has none.
func sealCode(secret, code string) string {
	if code == "" {
		return ""
	}
	box, mac := codeBox(secret), hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(code)) // another code has another nonce
	nonce := mac.Sum(nil)[:box.NonceSize()]
	return hex.EncodeToString(box.Seal(nonce, nonce, []byte(code), nil))
}

// openCode returns the code that sealCode sealed with the same secret. It returns "" if the text is
// empty, damaged, or sealed with another secret.
func openCode(secret, sealed string) string {
	box := codeBox(secret)
	data, err := hex.DecodeString(sealed)
	if err != nil || len(data) < box.NonceSize() {
		return ""
	}
	code, err := box.Open(nil, data[:box.NonceSize()], data[box.NonceSize():], nil)
	if err != nil {
		return ""
	}
	return string(code)
}

// codeBox returns the cipher of a page.
func codeBox(secret string) cipher.AEAD {
	key := sha256.Sum256([]byte("shown code\x00" + secret))
	block, err := aes.NewCipher(key[:])
	if err != nil {
		panic(err) // the length of the key is fixed
	}
	box, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	return box
}
