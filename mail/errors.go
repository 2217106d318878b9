package mail

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net"
	"net/textproto"
	"regexp"
	"strconv"
	"strings"

	gomail "github.com/wneessen/go-mail"
)

// temporary reports whether another try may succeed: after a 4yz reply (RFC 5321 section
// 4.2.1) and after an error of the network. Everything else, like a missing STARTTLS or a
// bad certificate, is permanent.
func temporary(err error) bool {
	var sending *gomail.SendError
	if errors.As(err, &sending) {
		// Without a reply the connection broke, which IsTemp reports as permanent.
		return sending.IsTemp() || sending.ErrorCode() == 0
	}
	var reply *textproto.Error
	if errors.As(err, &reply) {
		return reply.Code/100 == 4
	}
	var network *net.OpError
	if errors.As(err, &network) {
		// This is how crypto/tls reports an alert (RFC 8446 section 6): one side refused.
		return network.Op != "remote error" && network.Op != "local error"
	}
	for _, known := range []error{io.EOF, io.ErrUnexpectedEOF, net.ErrClosed, context.DeadlineExceeded, context.Canceled} {
		if errors.Is(err, known) {
			return true
		}
	}
	return false
}

const maxReason = 300 // characters

// explain returns the text of an error for the log. A reply of the server may contain parts of
// the conversation, so the password, the code and the address are removed.
func (s *Sender) explain(j *job, err error) string {
	text := redact(err.Error(), mask(j.To), j.To)
	if s.server.password != "" {
		encode := base64.StdEncoding.EncodeToString
		text = redact(text, "***", encode([]byte("\x00"+s.server.user+"\x00"+s.server.password)),
			encode([]byte(s.server.password)), s.server.password)
	}
	if j.Code != "" {
		text = redact(text, "***", j.Code)
	}
	return cut(line(text), maxReason)
}

// redact replaces every secret in the text, in upper or lower case, as it is and as
// net/textproto quotes it in its errors.
func redact(text, by string, secrets ...string) string {
	var forms []string
	for _, secret := range secrets {
		quoted := strconv.Quote(secret)
		forms = append(forms, pattern(secret), pattern(quoted[1:len(quoted)-1]))
	}
	text = strings.ToValidUTF8(text, "\ufffd")
	return regexp.MustCompile("(?i)"+strings.Join(forms, "|")).ReplaceAllLiteralString(text, by)
}

// pattern returns a pattern that matches the text in valid UTF-8.
func pattern(s string) string {
	return regexp.QuoteMeta(strings.ToValidUTF8(s, "\ufffd"))
}
