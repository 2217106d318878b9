// Package progress shows how far an import has come. It passes on the answer of the server line by
// line, draws a bar on a terminal, and reads from the last lines of the answer what became of the
// import. It knows the text of these lines, and nothing else of the API.
package progress

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Import passes on the answer to an import line by line, and shows how much of the file has
// been sent. The server answers while it reads, so the file is read and the answer is written
// by different goroutines.
type Import struct {
	Out   io.Writer
	Bar   io.Writer // of the progress bar; nil: none is shown
	Brief bool      // print no lines for rows that were saved
	Size  int64     // of the file in bytes; 0: unknown
	Count RowCount  // of the rows in the file, as far as it was read
	Clock func() time.Time

	mu    sync.Mutex
	read  int64     // bytes of the file
	rows  int       // in the answer
	began time.Time // when the first of them came
	shown string    // the bar on the terminal
	rest  []byte    // the beginning of a line that has not ended

	outcome Outcome // as far as the answer has come
}

// Outcome is what the last lines of an answer to an import say, in text or in JSON.
type Outcome struct {
	Failed   int64  `json:"failed"`
	DryRun   bool   `json:"dry_run"`
	Complete *bool  `json:"complete"` // false: the server stopped before the end of the file; nil: the counts have not come
	Confirm  string `json:"confirm"`  // the token of a dry run; empty: it cannot be saved
	JSON     bool   `json:"-"`        // the answer is JSON
	broken   string // why the answer broke off
}

// Counted returns a reader that moves the bar as it is read.
func (p *Import) Counted(in io.Reader) io.Reader { return &counter{in, p} }

// counter counts the bytes that are read.
type counter struct {
	in io.Reader
	p  *Import
}

// Read implements io.Reader.
func (c *counter) Read(b []byte) (int, error) {
	n, err := c.in.Read(b)
	c.p.mu.Lock()
	defer c.p.mu.Unlock()
	c.p.read += int64(n)
	c.p.Count.add(b[:n])
	c.p.draw()
	return n, err
}

// Write passes on the whole lines among the bytes. It removes the bar before them and draws
// it again below them.
func (p *Import) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rest = append(p.rest, b...)
	var passed []byte
	for {
		line, rest, found := bytes.Cut(p.rest, []byte("\n"))
		if !found {
			break
		}
		p.rest = rest
		if p.line(string(line)) {
			passed = append(append(passed, line...), '\n')
		}
	}
	if len(passed) > 0 {
		p.wipe()
		if _, err := p.Out.Write(passed); err != nil {
			return 0, err
		}
	}
	p.draw()
	return len(b), nil
}

// The last lines of an answer in text.
var (
	countsLine = regexp.MustCompile(`^# (dry run|imported): .* (\d+) failed$`)
	tokenLine  = regexp.MustCompile(`^# to do exactly this: .*confirm=(\w+)$`)
)

// line counts a line and reports whether to print it. It leaves out the remark on how to
// confirm a dry run by a request: the command prints one that is a command.
func (p *Import) line(line string) bool {
	o := &p.outcome
	if strings.HasPrefix(line, "{") {
		return p.object(line)
	}
	if m := countsLine.FindStringSubmatch(line); m != nil {
		o.DryRun = m[1] == "dry run"
		o.Failed, _ = strconv.ParseInt(m[2], 10, 64)
		if complete := true; o.Complete == nil {
			o.Complete = &complete
		}
		return true
	}
	if m := tokenLine.FindStringSubmatch(line); m != nil {
		o.Confirm = m[1]
		return false
	}
	switch stopped := false; {
	case strings.HasPrefix(line, "# stopped "):
		o.Complete = &stopped
	case strings.HasPrefix(line, "# error: "):
		o.broken = strings.TrimPrefix(line, "# error: ")
	case strings.HasPrefix(line, "row "):
		p.countRow()
		return !p.Brief || strings.Contains(line, " ERROR ")
	}
	return true
}

// object counts a line of JSON and reports whether to print it.
func (p *Import) object(line string) bool {
	var l struct {
		Outcome
		Row   int    `json:"row"`
		Error string `json:"error"`
		Hint  string `json:"hint"`
	}
	if json.Unmarshal([]byte(line), &l) != nil {
		return true
	}
	p.outcome.JSON = true
	switch {
	case l.Row > 0:
		p.countRow()
		return !p.Brief || l.Error != ""
	case l.Complete != nil:
		p.outcome = l.Outcome
		p.outcome.JSON = true
	case l.Error != "":
		p.outcome.broken = l.Error + ": " + l.Hint
	}
	return true
}

// countRow counts the line of a row.
func (p *Import) countRow() {
	if p.rows++; p.rows == 1 {
		p.began = p.Clock()
	}
}

// barWidth is the length of the bar, in characters.
const barWidth = 40

// draw shows the bar if it has changed. It overwrites the line by a carriage return. p.mu is held.
func (p *Import) draw() {
	if p.Bar == nil {
		return
	}
	if text := p.text(); text != p.shown {
		p.shown = text
		_, _ = fmt.Fprintf(p.Bar, "\r%s", text)
	}
}

// text returns the bar: how much of the file has been sent, and from the first row on how many
// are saved, how many in a second, and how long the rest takes at that rate. Without a known
// size it has only the number of rows.
func (p *Import) text() string {
	total := p.Count.rows()
	switch {
	case p.rows == 0 && p.Size > 0:
		return bar(min(p.read, p.Size), p.Size) + " sent"
	case p.rows == 0 || p.read < p.Size || p.Size == 0 || total < p.rows:
		return fmt.Sprintf("%d rows", p.rows)
	}
	text := fmt.Sprintf("%s  %d of %d rows", bar(int64(p.rows), int64(total)), p.rows, total)
	passed := p.Clock().Sub(p.began)
	if passed < time.Second {
		return text
	}
	left := time.Duration(float64(passed) * float64(total-p.rows) / float64(p.rows))
	return fmt.Sprintf("%s, %.0f a second, %s left", text, float64(p.rows)/passed.Seconds(), left.Round(time.Second))
}

// bar draws a part of a whole.
func bar(part, whole int64) string {
	full := int(part * barWidth / whole)
	return fmt.Sprintf("[%s%s] %3d %%", strings.Repeat("#", full), strings.Repeat(" ", barWidth-full), part*100/whole)
}

// RowCount counts the rows of a file while it is sent: its lines, in CSV without the line breaks
// in quotes. What is not a row, such as the column names, is not counted.
type RowCount struct {
	others int  // lines that are no rows
	quotes bool // the file is CSV
	inside bool // a quote
	lines  int
	open   bool // the last line has no line break yet
}

// NewRowCount returns the count for a file that begins with head. ok is false if its rows cannot be
// counted by lines.
func NewRowCount(head []byte) (c RowCount, ok bool) {
	switch head = bytes.TrimSpace(head); {
	case bytes.HasPrefix(head, []byte(`{"crmkit":`)):
		return RowCount{others: 2}, true
	case bytes.HasPrefix(head, []byte("{")):
		line, _, _ := bytes.Cut(head, []byte("\n"))
		return RowCount{}, bytes.HasSuffix(bytes.TrimSpace(line), []byte("}")) || len(line) == len(head) // otherwise an object has several lines
	case len(head) == 0 || head[0] == '[' || bytes.HasPrefix(bytes.ToUpper(head), []byte("BEGIN:VCARD")):
		return c, false
	}
	return RowCount{others: 1, quotes: true}, true
}

func (c *RowCount) add(b []byte) {
	for _, char := range b {
		switch {
		case char == '"' && c.quotes:
			c.inside = !c.inside
		case char == '\n' && !c.inside:
			c.lines++
		}
		c.open = char != '\n'
	}
}

// rows returns how many rows were counted.
func (c *RowCount) rows() int {
	n := c.lines - c.others
	if c.open {
		n++
	}
	return max(0, n)
}

// wipe removes the bar with the ANSI code for "erase to the end of the line". p.mu is held.
func (p *Import) wipe() {
	if p.shown != "" {
		_, _ = fmt.Fprint(p.Bar, "\r\x1b[K")
		p.shown = ""
	}
}

// End removes the bar after the answer.
func (p *Import) End() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wipe()
}

// Outcome returns what the answer says, as far as it has come.
func (p *Import) Outcome() Outcome {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.outcome
}

// Failure returns an error if not all rows were saved. It is in the last lines of the answer,
// whose status was sent before the first row. A dry run that shows which rows would be refused has
// done its work, unless none can be saved.
func (p *Import) Failure() error {
	switch o := p.outcome; {
	case o.broken != "":
		return fmt.Errorf("the import broke off (%s); run the command again, what is imported is not made twice", strings.TrimSuffix(o.broken, "."))
	case o.Complete == nil:
		return nil // the status of the answer says why
	case !*o.Complete:
		return errors.New("the file was not read to its end; mend it and run the command again")
	case o.DryRun && o.Confirm == "" && o.Failed > 0:
		return fmt.Errorf("%d rows would be refused, so nothing can be saved; mend them and run the command again", o.Failed)
	case !o.DryRun && o.Failed > 0:
		return fmt.Errorf("%d rows failed; mend them and import the file again, what is imported is not made twice", o.Failed)
	}
	return nil
}
