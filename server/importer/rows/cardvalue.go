package rows

import (
	"encoding/base64"
	"strings"
	"unicode"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// text returns the value of a property.
func (p *property) text() (string, *crm.Error) {
	parts, fault := p.parts(0)
	if fault != nil {
		return "", fault
	}
	return parts[0], nil
}

// list returns the values of a property that has several, with commas between.
func (p *property) list() ([]string, *crm.Error) { return p.parts(',') }

// fields returns the parts of a value that has named ones, such as the five of a name.
func (p *property) fields() ([]string, *crm.Error) { return p.parts(';') }

// parts returns the parts of a value between separators; 0 separates nothing. An escaped
// separator is a part of the text, and so is one that is encoded.
func (p *property) parts(separator byte) ([]string, *crm.Error) {
	raw, decode := p.raw, p.isQuotedPrintable()
	if !decode {
		var fault *crm.Error
		if raw, fault = p.utf8(p.binary()); fault != nil {
			return nil, fault
		}
	}
	parts := splitEscaped(raw, separator)
	for i, part := range parts {
		if decode {
			var fault *crm.Error
			if part, fault = p.utf8(quotedPrintable(part)); fault != nil {
				return nil, fault
			}
		}
		parts[i] = strings.TrimSpace(lineEnds.Replace(unescape(part, p.version)))
	}
	return parts, nil
}

// lineEnds makes one line feed of the line ends that quoted-printable may have.
var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n")

// binary returns the value without its encoding in base64, if it has that.
func (p *property) binary() string {
	if !p.isBase64() {
		return p.raw
	}
	data, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(p.raw), ""))
	if err != nil {
		return p.raw
	}
	return string(data)
}

// utf8 returns a text in UTF-8. Cards of version 2.1 name the characters of each value.
func (p *property) utf8(text string) (string, *crm.Error) {
	charset := p.param("CHARSET")
	decoded, ok := norm.DecodeCharset(charset, text)
	switch {
	case ok && strings.IndexByte(decoded, 0) < 0:
		return decoded, nil
	case charset == "":
		return "", crm.Errorf(crm.UnsupportedMedia, "line %d is not UTF-8, and does not say with CHARSET= what it is; export the card as version 3.0 or 4.0, or convert the file: iconv -f WINDOWS-1252 -t UTF-8 FILE.", p.line)
	}
	return "", crm.Errorf(crm.UnsupportedMedia, "line %d cannot be read as %s, which its CHARSET names; export the card as version 3.0 or 4.0.", p.line, norm.Quote(charset))
}

// quotedPrintable decodes a text (RFC 2045, section 6.7). What is not encoded as it should be is
// left as it is.
func quotedPrintable(text string) string {
	if strings.IndexByte(text, '=') < 0 {
		return text
	}
	b := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		if text[i] == '=' && i+2 < len(text) && isHex(text[i+1]) && isHex(text[i+2]) {
			b = append(b, unhex(text[i+1])<<4|unhex(text[i+2]))
			i += 2
			continue
		}
		b = append(b, text[i])
	}
	return string(b)
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'A' && c <= 'F' || c >= 'a' && c <= 'f'
}

// unhex returns the value of a hexadecimal digit.
func unhex(c byte) byte {
	switch {
	case c >= 'a':
		return c - 'a' + 10
	case c >= 'A':
		return c - 'A' + 10
	}
	return c - '0'
}

// splitEscaped splits a text at a separator without a backslash before it.
func splitEscaped(text string, separator byte) (parts []string) {
	start := 0
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '\\':
			i++
		case separator != 0 && text[i] == separator:
			parts = append(parts, text[start:i])
			start = i + 1
		}
	}
	return append(parts, text[start:])
}

// unescape removes the backslashes before the characters that must have one. Other backslashes
// are a part of the text, and in version 2.1 also one before an n, which ends a line in the
// others.
func unescape(text, version string) string {
	if strings.IndexByte(text, '\\') < 0 {
		return text
	}
	b := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' || i+1 == len(text) {
			b = append(b, text[i])
			continue
		}
		switch next := text[i+1]; {
		case (next == 'n' || next == 'N') && version != "2.1":
			b = append(b, '\n')
		case next == '\\' || next == ',' || next == ';' || next == ':':
			b = append(b, next)
		default:
			b = append(b, '\\', next)
		}
		i++
	}
	return string(b)
}

// day returns a date like 19960415 or 1996-04-15T00:00:00Z as 1996-04-15. Apple writes a day
// without a year in the year that it names.
func day(text, noYear string) string {
	if date, time, found := strings.Cut(text, "T"); found && strings.Trim(time, "0:.Z") == "" {
		text = date
	}
	if yearless, found := strings.CutPrefix(text, "--"); found && isDigits(yearless, 4) {
		text = "--" + yearless[:2] + "-" + yearless[2:]
	} else if isDigits(text, 8) {
		text = text[:4] + "-" + text[4:6] + "-" + text[6:]
	}
	if rest, found := strings.CutPrefix(text, noYear+"-"); noYear != "" && found {
		return "--" + rest
	}
	return text
}

// isDigits reports whether a text is a number of n digits.
func isDigits(text string, n int) bool {
	return len(text) == n && strings.Trim(text, "0123456789") == ""
}

// joined joins the texts that are not empty.
func joined(texts []string, separator string) string {
	var list []string
	for _, text := range texts {
		if text = strings.TrimSpace(text); text != "" {
			list = append(list, text)
		}
	}
	return strings.Join(list, separator)
}

// keyOf returns the key of custom for a label or a name of a property: lower case, with _ between
// the words.
func keyOf(label string) string {
	words := strings.FieldsFunc(strings.ToLower(label), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	return strings.Join(words, "_")
}

// cutPrefixFold cuts an ASCII prefix in any case.
func cutPrefixFold(text, prefix string) string {
	if hasPrefixFold([]byte(text), prefix) {
		return strings.TrimSpace(text[len(prefix):])
	}
	return text
}
