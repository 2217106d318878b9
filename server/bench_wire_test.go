package server_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"testing"
)

// benchWire is an HTTP client on one connection. It does as little as it can: on a small
// machine clients and server share the processors, and the client of net/http would hide half
// of the time of the server.
type benchWire struct {
	addr string
	conn net.Conn // nil until the first request
	in   *bufio.Reader
	out  []byte
	head string // headers of every request
}

func newBenchWire(b *testing.B, addr, token string) *benchWire {
	w := &benchWire{addr: addr, head: benchHead(addr, token)}
	b.Cleanup(func() {
		if w.conn != nil {
			w.conn.Close()
		}
	})
	return w
}

// benchHead returns the rest of every request of a client, after the path.
func benchHead(addr, token string) string {
	return " HTTP/1.1\r\nHost: " + addr + "\r\nUser-Agent: bench\r\nAccept: */*\r\nContent-Type: application/json\r\nAuthorization: Bearer " + token + "\r\n"
}

// dial connects at the first request and not before: the server closes a connection without a
// request after some seconds.
func (w *benchWire) dial() (err error) {
	if w.conn == nil {
		w.conn, err = net.Dial("tcp", w.addr)
		w.in = bufio.NewReaderSize(w.conn, 16<<10)
	}
	return err
}

// do sends a request and reads the whole answer. A status other than success is an error.
func (w *benchWire) do(method, path, body string) (status, size int, err error) {
	if err := w.dial(); err != nil {
		return 0, 0, err
	}
	w.out = append(append(append(append(w.out[:0], method...), ' '), path...), w.head...)
	if body != "" {
		w.out = append(strconv.AppendInt(append(w.out, "Content-Length: "...), int64(len(body)), 10), "\r\n"...)
	}
	w.out = append(append(w.out, "\r\n"...), body...)
	if _, err := w.conn.Write(w.out); err != nil {
		return 0, 0, err
	}
	if status, size, err = w.answerHead(); err != nil {
		return 0, 0, err
	}
	if status >= 300 {
		text, _ := io.ReadAll(io.LimitReader(w.in, int64(size)))
		return 0, 0, fmt.Errorf("%s %s: status %d: %s", method, path, status, text)
	}
	_, err = w.in.Discard(size)
	return status, size, err
}

// answerHead reads the status line and the headers.
func (w *benchWire) answerHead() (status, size int, err error) {
	size = -1
	for {
		line, err := w.in.ReadSlice('\n')
		if err != nil {
			return 0, 0, err
		}
		line = bytes.TrimRight(line, "\r\n")
		value, sized := bytes.CutPrefix(line, []byte("Content-Length: "))
		switch {
		case status == 0 && len(line) > 11:
			status, err = strconv.Atoi(string(line[9:12]))
		case sized:
			size, err = strconv.Atoi(string(value))
		case len(line) == 0 && size < 0:
			err = errors.New("the answer has no Content-Length")
		case len(line) == 0:
			return status, size, nil
		}
		if err != nil {
			return 0, 0, err
		}
	}
}
