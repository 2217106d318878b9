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

// temporary says whether another try may succeed where this one failed: after
// 4yz replies (RFC 5321 section 4.2.1) and where the network was at fault. What
// it does not know, like a missing STARTTLS or a bad certificate, is for good.
func temporary(err error) bool {
	var sending *gomail.SendError
	if errors.As(err, &sending) {
		// Without a reply the connection broke, which IsTemp takes for permanent.
		return sending.IsTemp() || sending.ErrorCode() == 0
	}
	var reply *textproto.Error
	if errors.As(err, &reply) {
		return reply.Code/100 == 4
	}
	var network *net.OpError
	if errors.As(err, &network) {
		// So crypto/tls tells an alert (RFC 8446 section 6): one side refused.
		return network.Op != "remote error" && network.Op != "local error"
	}
	for _, passing := range []error{io.EOF, io.ErrUnexpectedEOF, net.ErrClosed, context.DeadlineExceeded, context.Canceled} {
		if errors.Is(err, passing) {
			return true
		}
	}
	return false
}

const maxReason = 300 // characters

// explain returns the text of an error for the log. A server may answer with
// what it was sent, so password, code and address are taken out.
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
// net/textproto quotes replies.
func redact(text, by string, secrets ...string) string {
	var forms []string
	for _, secret := range secrets {
		quoted := strconv.Quote(secret)
		forms = append(forms, pattern(secret), pattern(quoted[1:len(quoted)-1]))
	}
	text = strings.ToValidUTF8(text, "\ufffd")
	return regexp.MustCompile("(?i)"+strings.Join(forms, "|")).ReplaceAllLiteralString(text, by)
}

// pattern matches a text in one that was made valid UTF-8, which patterns must be.
func pattern(s string) string {
	return regexp.QuoteMeta(strings.ToValidUTF8(s, "\ufffd"))
}
