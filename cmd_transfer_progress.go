package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
)

// progress passes on the answer to an import line by line, and shows how much of the
// file has gone. Reader and writer may be used side by side.
type progress struct {
	out   io.Writer
	bar   io.Writer // nil: none is shown
	brief bool      // rows that went well have no line
	size  int64     // of the file; 0: unknown

	mu    sync.Mutex
	read  int64
	rows  int
	shown string
	rest  []byte // of a line that has not ended
	last  string // remark
	cut   bool   // the file was not read to its end
}

// counted returns the reader with its bytes counted.
func (p *progress) counted(in io.Reader) io.Reader { return &counter{in, p} }

type counter struct {
	in io.Reader
	p  *progress
}

func (c *counter) Read(b []byte) (int, error) {
	n, err := c.in.Read(b)
	c.p.mu.Lock()
	defer c.p.mu.Unlock()
	c.p.read += int64(n)
	c.p.draw()
	return n, err
}

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

// line takes note of a line and reports whether it is to be passed on.
func (p *progress) line(line string) bool {
	switch {
	case line == "# nothing was saved":
	case strings.HasPrefix(line, "# to do exactly this: "):
		return false // the file kept for it ends with this command, or is here to be sent again
	case strings.HasPrefix(line, "# "):
		p.last = line
		p.cut = p.cut || strings.HasPrefix(line, "# stopped ")
	case strings.HasPrefix(line, "row "):
		p.rows++
		return !p.brief || strings.Contains(line, " ERROR ")
	}
	return true
}

// barWidth is how many characters the bar has between its ends.
const barWidth = 40

// draw shows the bar when it looks other than before.
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

// wipe takes the bar away, to make room for a line.
func (p *progress) wipe() {
	if p.shown != "" {
		_, _ = fmt.Fprint(p.bar, "\r\x1b[K")
		p.shown = ""
	}
}

func (p *progress) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wipe()
}

// failure says that not all rows went well, for the exit status.
func (p *progress) failure() error {
	switch {
	case p.cut:
		return errors.New("the file was not read to its end; mend it and run the command again")
	case p.last != "" && !strings.HasSuffix(p.last, " 0 failed"):
		return errors.New("some rows failed; mend them and run the command again, what is imported is not made twice")
	}
	return nil
}
