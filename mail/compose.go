package mail

import (
	"slices"
	"strings"
	"unicode"

	netmail "net/mail"

	gomail "github.com/wneessen/go-mail"
)

const maxSubject = 150 // characters

// content is the text of a mail, as both of its parts show it.
type content struct {
	Subject string
	First   []string // the first paragraph, if there is one
	Code    string
	Rest    []string
}

// compose turns a message into a mail (RFC 5322). None of its parts can add a header: From
// has passed parseFrom, To has passed bare, and all text passes line.
func (s *Sender) compose(j *job) (*gomail.Msg, error) {
	c := contentOf(j.Message)
	var page strings.Builder
	if err := s.layout.Execute(&page, c); err != nil {
		return nil, err
	}
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent(), gomail.WithCharset(gomail.CharsetUTF8), gomail.WithEncoding(gomail.EncodingQP))
	msg.FromMailAddress(s.from)
	msg.EnvelopeFromMailAddress(&netmail.Address{Address: s.from.Address})
	msg.ToMailAddress(&netmail.Address{Address: j.To})
	msg.Subject(c.Subject)
	msg.SetDateWithValue(j.at)
	msg.SetMessageIDWithValue(j.id)
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: no automatic replies
	msg.SetBodyString(gomail.TypeTextPlain, c.text())
	msg.AddAlternativeString(gomail.TypeTextHTML, page.String())
	return msg, nil
}

// contentOf returns the text of a message, each piece as one line.
func contentOf(m Message) content {
	c := content{Subject: headerLine(m.Subject, maxSubject), Code: line(m.Code)}
	for _, paragraph := range m.Paragraphs {
		if paragraph = line(paragraph); paragraph != "" {
			c.Rest = append(c.Rest, paragraph)
		}
	}
	first := min(1, len(c.Rest))
	c.First, c.Rest = c.Rest[:first], c.Rest[first:]
	return c
}

// text returns the plain part: a line for each paragraph, with blank lines between.
func (c content) text() string {
	lines := slices.Clone(c.First)
	if c.Code != "" {
		lines = append(lines, c.Code)
	}
	return strings.Join(append(lines, c.Rest...), "\n\n") + "\n"
}

// line returns a text as one visible line: control characters, line breaks and runs of
// blanks become one blank, and marks that turn the direction of writing are dropped.
func line(s string) string {
	return strings.Join(strings.Fields(strings.Map(visible, strings.ToValidUTF8(s, "\ufffd"))), " ")
}

// visible maps a character to the one that line shows, or to -1 to drop it.
func visible(r rune) rune {
	switch {
	case unicode.IsControl(r) || r == '\u2028' || r == '\u2029':
		return ' '
	case r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069':
		return -1
	}
	return r
}

// headerLine returns a text as a line for a header. The start of an encoded word (RFC 2047)
// is split: mail programs decode it even if the sender wrote it as plain text.
func headerLine(s string, most int) string {
	return cut(strings.ReplaceAll(line(s), "=?", "= ?"), most)
}

// cut shortens a text to a number of characters.
func cut(s string, most int) string {
	if runes := []rune(s); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return s
}
