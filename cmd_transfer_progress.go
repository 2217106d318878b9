package main

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

// progress passes on the answer to an import line by line, and shows how much of the file has
// been sent. The server answers while it reads, so the file is read and the answer is written
// by different goroutines.
type progress struct {
	out   io.Writer
	bar   io.Writer // of the progress bar; nil: none is shown
	brief bool      // print no lines for rows that were saved
	size  int64     // of the file in bytes; 0: unknown
	count rowCount  // of the rows in the file, as far as it was read
	clock func() time.Time

	mu    sync.Mutex
	read  int64     // bytes of the file
	rows  int       // in the answer
	began time.Time // when the first of them came
	shown string    // the bar on the terminal
	rest  []byte    // the beginning of a line that has not ended

	outcome importOutcome // as far as the answer has come
}

// importOutcome is what the last lines of an answer to an import say, in text or in JSON.
type importOutcome struct {
	Failed   int64  `json:"failed"`
	DryRun   bool   `json:"dry_run"`
	Complete *bool  `json:"complete"` // false: the server stopped before the end of the file; nil: the counts have not come
	Confirm  string `json:"confirm"`  // the token of a dry run; empty: it cannot be saved
	json     bool   // the answer is JSON
	broken   string // why the answer broke off
}

// counted returns a reader that moves the bar as it is read.
func (p *progress) counted(in io.Reader) io.Reader { return &counter{in, p} }

// counter counts the bytes that are read.
type counter struct {
	in io.Reader
	p  *progress
}

// Read implements io.Reader.
func (c *counter) Read(b []byte) (int, error) {
	n, err := c.in.Read(b)
	c.p.mu.Lock()
	defer c.p.mu.Unlock()
	c.p.read += int64(n)
	c.p.count.add(b[:n])
	c.p.draw()
	return n, err
}

// Write passes on the whole lines among the bytes. It removes the bar before them and draws
// it again below them.
func (p *progress) Write(b []byte) (int, error) {
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
		if _, err := p.out.Write(passed); err != nil {
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
func (p *progress) line(line string) bool {
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
		return !p.brief || strings.Contains(line, " ERROR ")
	}
	return true
}

// object counts a line of JSON and reports whether to print it.
func (p *progress) object(line string) bool {
	var l struct {
		importOutcome
		Row   int    `json:"row"`
		Error string `json:"error"`
		Hint  string `json:"hint"`
	}
	if json.Unmarshal([]byte(line), &l) != nil {
		return true
	}
	p.outcome.json = true
	switch {
	case l.Row > 0:
		p.countRow()
		return !p.brief || l.Error != ""
	case l.Complete != nil:
		p.outcome = l.importOutcome
		p.outcome.json = true
	case l.Error != "":
		p.outcome.broken = l.Error + ": " + l.Hint
	}
	return true
}

// countRow counts the line of a row.
func (p *progress) countRow() {
	if p.rows++; p.rows == 1 {
		p.began = p.clock()
	}
}

// barWidth is the length of the bar, in characters.
const barWidth = 40

// draw shows the bar if it has changed. It overwrites the line by a carriage return. p.mu is held.
func (p *progress) draw() {
	if p.bar == nil {
		return
	}
	if text := p.text(); text != p.shown {
		p.shown = text
		_, _ = fmt.Fprintf(p.bar, "\r%s", text)
	}
}

// text returns the bar: how much of the file has been sent, and from the first row on how many
// are saved, how many in a second, and how long the rest takes at that rate. Without a known
// size it has only the number of rows.
func (p *progress) text() string {
	total := p.count.rows()
	switch {
	case p.rows == 0 && p.size > 0:
		return bar(min(p.read, p.size), p.size) + " sent"
	case p.rows == 0 || p.read < p.size || p.size == 0 || total < p.rows:
		return fmt.Sprintf("%d rows", p.rows)
	}
	text := fmt.Sprintf("%s  %d of %d rows", bar(int64(p.rows), int64(total)), p.rows, total)
	passed := p.clock().Sub(p.began)
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

// rowCount counts the rows of a file while it is sent: its lines, in CSV without the line breaks
// in quotes. What is not a row, such as the column names, is not counted.
type rowCount struct {
	others int  // lines that are no rows
	quotes bool // the file is CSV
	inside bool // a quote
	lines  int
	open   bool // the last line has no line break yet
}

// newRowCount returns the count for a file that begins with head. ok is false if its rows cannot be
// counted by lines.
func newRowCount(head []byte) (c rowCount, ok bool) {
	switch head = bytes.TrimSpace(head); {
	case bytes.HasPrefix(head, []byte(`{"crmkit":`)):
		return rowCount{others: 2}, true
	case bytes.HasPrefix(head, []byte("{")):
		line, _, _ := bytes.Cut(head, []byte("\n"))
		return rowCount{}, bytes.HasSuffix(bytes.TrimSpace(line), []byte("}")) || len(line) == len(head) // otherwise an object has several lines
	case len(head) == 0 || head[0] == '[' || bytes.HasPrefix(bytes.ToUpper(head), []byte("BEGIN:VCARD")):
		return c, false
	}
	return rowCount{others: 1, quotes: true}, true
}

func (c *rowCount) add(b []byte) {
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
func (c *rowCount) rows() int {
	n := c.lines - c.others
	if c.open {
		n++
	}
	return max(0, n)
}

// wipe removes the bar with the ANSI code for "erase to the end of the line". p.mu is held.
func (p *progress) wipe() {
	if p.shown != "" {
		_, _ = fmt.Fprint(p.bar, "\r\x1b[K")
		p.shown = ""
	}
}

// end removes the bar after the answer.
func (p *progress) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wipe()
}

// failure returns an error if not all rows were saved. It is in the last lines of the answer,
// whose status was sent before the first row. A dry run that shows which rows would be refused has
// done its work, unless none can be saved.
func (p *progress) failure() error {
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
