package rows

import (
	"io"
	"strings"

	"crmkit/crm"
)

// vCardBegin begins a card. A file that begins with it has cards.
const vCardBegin = "BEGIN:VCARD"

// maxProperties is how many properties a card may have. Address books have some dozens.
const maxProperties = 2000

// cards reads vCards of the versions 2.1 (versit), 3.0 (RFC 2426) and 4.0 (RFC 6350), as address
// books export them: one card after the other, each a row.
type cards struct {
	in    *cardLines
	n     int
	begun int // the line of a BEGIN that was read before its card was asked for; 0: none
}

func newCards(in *File) Reader { return &cards{in: &cardLines{in: in}} }

func (*cards) Columns() []string { return nil }

func (*cards) Format() Format { return VCardFormat }

func (*cards) Remarks() []string {
	return []string{"vCards: photos, sounds and keys are left out; what no field is for goes into custom"}
}

// card is one card while it is read.
type card struct {
	n          int
	line       int // of its BEGIN
	version    string
	properties []property
	agents     int  // cards in the card, of assistants, that are open
	agent      bool // the last property was one whose value is a card
	fault      *crm.Error
}

// fail records the first fault of the card.
func (c *card) fail(format string, args ...any) {
	if c.fault == nil {
		c.fault = crm.Errorf(crm.InvalidValue, format, args...)
	}
}

// Next returns the next card. A card with a line that cannot be read is an error of that row
// alone.
func (cs *cards) Next() (Row, error) {
	cs.n++
	c := &card{n: cs.n, line: cs.begun}
	if cs.begun = 0; c.line == 0 {
		if err := cs.begin(c); err != nil {
			return Row{N: cs.n}, err
		}
	}
	cs.in.card(c)
	for {
		p, err := cs.in.next()
		if err == io.EOF {
			return Row{N: cs.n}, crm.Errorf(crm.BadJSON, "card %d, which begins in line %d, has no END:VCARD; %s", c.n, c.line, TruncatedHint)
		}
		if err != nil {
			return Row{N: cs.n}, err
		}
		if c.add(p) {
			cs.begun = c.beginsNext(p)
			return c.row(cs.in.size), nil
		}
	}
}

// begin reads the line that begins a card. It returns io.EOF after the last card.
func (cs *cards) begin(c *card) error {
	cs.in.card(c)
	p, err := cs.in.next()
	switch {
	case err != nil:
		return err
	case !p.is("BEGIN", "VCARD"):
		return crm.Errorf(crm.InvalidValue, "line %d is outside of a card: each vCard begins with the line BEGIN:VCARD and ends with the line END:VCARD; %s. Nothing was saved.", p.line, WithCurl)
	}
	c.line = p.line
	return nil
}

// add adds a line of the card, and reports whether it ends the card.
func (c *card) add(p property) (ends bool) {
	agent := c.agent
	c.agent = p.name == "AGENT" && p.raw == ""
	switch {
	case p.is("BEGIN", "VCARD") && agent:
		c.agents++
	case p.is("BEGIN", "VCARD"):
		c.fail("the card that begins in line %d has no END:VCARD before line %d; end it.", c.line, p.line)
		return true
	case p.is("END", "VCARD"):
		c.agents--
		return c.agents < 0
	case c.agents > 0 && p.name != "FN":
	case c.agents > 0:
		p.name = "AGENT"
		c.keep(p)
	case p.name == "VERSION":
		c.version = strings.TrimSpace(p.raw)
	default:
		c.keep(p)
	}
	return false
}

// keep adds a property that has a value.
func (c *card) keep(p property) {
	switch {
	case p.name == "":
		c.fail("line %d is not a property like FN:Jane Doe, and does not begin with a blank, as a line that goes on with the one before it would; correct the card.", p.line)
	case len(c.properties) == maxProperties:
		c.fail("the card has more than the maximum of %d properties; remove some.", maxProperties)
	case strings.Trim(p.raw, "; ") != "":
		p.version = c.version
		c.properties = append(c.properties, p)
	}
}

// beginsNext returns the line of the card that p begins, 0 if p ended this one.
func (c *card) beginsNext(p property) int {
	if p.name == "BEGIN" {
		return p.line
	}
	return 0
}

// row returns the card, of which so many bytes were kept, as a row.
func (c *card) row(size int) Row {
	r := Row{N: c.n, Line: unless(c.n, c.line), Size: size}
	b := newContact(c)
	if r.Fault = c.fault; r.Fault == nil {
		r.Cells, r.Fault = b.cells()
	}
	return r
}
