package mail

import (
	"slices"
	"strings"
	"unicode"

	netmail "net/mail"

	gomail "github.com/wneessen/go-mail"
)

const maxSubject = 150 // characters

// content is what the parts of a mail show.
type content struct {
	Subject string
	First   []string // the first paragraph, if there is one
	Code    string
	Rest    []string
}

// compose spells a message as a mail (RFC 5322). From, To and every text have
// passed parseFrom, bare and line by then or here, so none can add a header.
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
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: no holiday notes, please
	msg.SetBodyString(gomail.TypeTextPlain, c.text())
	msg.AddAlternativeString(gomail.TypeTextHTML, page.String())
	return msg, nil
}

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

// text is the plain part: every paragraph a line, with blank lines between.
func (c content) text() string {
	blocks := slices.Clone(c.First)
	if c.Code != "" {
		blocks = append(blocks, c.Code)
	}
	return strings.Join(append(blocks, c.Rest...), "\n\n") + "\n"
}

// line makes one visible line of any text: control characters, line breaks and
// runs of blanks become one blank, marks that turn the direction go.
func line(s string) string {
	return strings.Join(strings.Fields(strings.Map(visible, strings.ToValidUTF8(s, "\ufffd"))), " ")
}

func visible(r rune) rune {
	switch {
	case unicode.IsControl(r) || r == '\u2028' || r == '\u2029':
		return ' '
	case r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069':
		return -1
	}
	return r
}

// headerLine makes a line for a header. What begins an encoded word (RFC 2047)
// is broken up: readers would decode one even where the sender wrote it as text.
func headerLine(s string, most int) string {
	return cut(strings.ReplaceAll(line(s), "=?", "= ?"), most)
}

// cut shortens a text to so many characters.
func cut(s string, most int) string {
	if runes := []rune(s); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return s
}
