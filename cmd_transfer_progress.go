package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
)

// progress passes on the answer to an import line by line, and shows how much of the file has
// been sent. The server answers while it reads, so the file is read and the answer is written
// by different goroutines.
type progress struct {
	out   io.Writer
	bar   io.Writer // of the progress bar; nil: none is shown
	brief bool      // print no lines for rows that were saved
	size  int64     // of the file in bytes; 0: unknown

	mu    sync.Mutex
	read  int64  // bytes of the file
	rows  int    // in the answer
	shown string // the bar on the terminal
	rest  []byte // the beginning of a line that has not ended
	last  string // the last remark: the summary, at the end
	cut   bool   // the server stopped before the end of the file
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

// line counts a line and reports whether to print it. It leaves out the remark on how to
// repeat a dry run for real, which is for clients that cannot send the file again.
func (p *progress) line(line string) bool {
	switch {
	case line == "# nothing was saved":
	case strings.HasPrefix(line, "# to do exactly this: "):
		return false // the file is here and can be sent again
	case strings.HasPrefix(line, "# "):
		p.last = line
		p.cut = p.cut || strings.HasPrefix(line, "# stopped ")
	case strings.HasPrefix(line, "row "):
		p.rows++
		return !p.brief || strings.Contains(line, " ERROR ")
	}
	return true
}

// barWidth is the length of the bar, in characters.
const barWidth = 40

// draw shows the bar if it has changed. It overwrites the line by a carriage return, and
// without a known size shows only the number of rows. p.mu is held.
func (p *progress) draw() {
	if p.bar == nil {
		return
	}
	text := fmt.Sprintf("%d rows", p.rows)
	if p.size > 0 {
		done := min(p.read, p.size)
		full := int(done * barWidth / p.size)
		text = fmt.Sprintf("[%s%s] %3d %%  %d rows", strings.Repeat("#", full), strings.Repeat(" ", barWidth-full), done*100/p.size, p.rows)
	}
	if text != p.shown {
		p.shown = text
		_, _ = fmt.Fprintf(p.bar, "\r%s", text)
	}
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

// failure returns an error if not all rows were saved. It reads the last remark, because the
// status of the answer was sent before the first row.
func (p *progress) failure() error {
	switch {
	case p.cut:
		return errors.New("the file was not read to its end; mend it and run the command again")
	case p.last != "" && !strings.HasSuffix(p.last, " 0 failed"):
		return errors.New("some rows failed; mend them and run the command again, what is imported is not made twice")
	}
	return nil
}
