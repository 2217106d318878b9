package server

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"crmkit/crm"
)

// Stdio carries MCP messages, one a line (the stdio transport of MCP), to a
// connector and its answers back, until the input ends. So a local client and one
// over the network meet the same server.
type Stdio struct {
	In  io.Reader
	Out io.Writer

	Endpoint string  // URL of the connector, like https://crm.example.com/mcp
	Token    string  // sent as the bearer
	Server   *Server // answers itself; nil: the one at Endpoint does

	mu      sync.Mutex // guards Out and version
	version string     // negotiated by initialize
}

const (
	maxLine   = maxBody + 4096 // a longer one is refused by the connector
	atOnce    = 8
	lineLimit = 60 * time.Second
)

// Run serves until the input ends or the context does. Only faults of the two
// streams are errors; what goes wrong with a message is its answer.
func (b *Stdio) Run(ctx context.Context) error {
	lines, failed := make(chan string), make(chan error, 1)
	go func() {
		scanner := bufio.NewScanner(b.In)
		scanner.Buffer(nil, maxLine)
		for scanner.Scan() {
			if line := strings.TrimSpace(scanner.Text()); line != "" {
				select {
				case lines <- line:
				case <-ctx.Done():
					return
				}
			}
		}
		failed <- scanner.Err()
	}()
	var running sync.WaitGroup
	defer running.Wait()
	slots := make(chan struct{}, atOnce)
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-failed:
			if errors.Is(err, bufio.ErrTooLong) {
				err = fmt.Errorf("a message is over %d bytes", maxLine)
			}
			return err
		case line := <-lines:
			slots <- struct{}{}
			running.Go(func() {
				defer func() { <-slots }()
				b.serve(ctx, line)
			})
		}
	}
}

// serve sends one message and writes its answer.
func (b *Stdio) serve(ctx context.Context, line string) {
	messages, _ := readMessages([]byte(line), "")
	ctx, cancel := context.WithTimeout(ctx, lineLimit)
	defer cancel()
	status, body, err := b.send(ctx, line, messages)
	text := strings.TrimSpace(string(body))
	switch {
	case err != nil:
		text = rpcAnswer(messages.id(), rpcServerError, err.Error())
	case status == http.StatusAccepted || text == "":
		return
	case !strings.HasPrefix(text, "{") && !strings.HasPrefix(text, "["):
		text = rpcAnswer(messages.id(), rpcServerError, fmt.Sprintf("the server answered %d: %.200s", status, text))
	case status == http.StatusUnauthorized:
		text = rpcAnswer(messages.id(), rpcServerError, "the token is not taken (any more); get a new one and start again")
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(messages) == 1 && messages[0].method == "initialize" {
		b.version = negotiated(text)
	}
	_, _ = io.WriteString(b.Out, crm.OneLine(text)+"\n")
}

func rpcAnswer(id string, code int, text string) string {
	if id == "" {
		id = "null"
	}
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"error":{"code":%d,"message":%s}}`, id, code, crm.AppendQuoted(nil, text))
}

// negotiated returns the protocol version in the answer to initialize.
func negotiated(text string) string {
	_, rest, found := strings.Cut(text, `"protocolVersion":"`)
	version, _, _ := strings.Cut(rest, `"`)
	if !found || len(version) != len("2025-11-25") {
		return ""
	}
	return version
}

func (b *Stdio) send(ctx context.Context, line string, messages rpcMessages) (status int, body []byte, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, b.Endpoint, strings.NewReader(line))
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json, text/event-stream")
	req.Header.Set("Authorization", "Bearer "+b.Token)
	b.setVersion(req, messages)
	if b.Server != nil {
		w := &recorder{header: http.Header{}, status: http.StatusOK}
		req.RemoteAddr = "127.0.0.1:0"
		b.Server.ServeHTTP(w, req)
		return w.status, w.body.Bytes(), nil
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer res.Body.Close()
	var b2 bytes.Buffer
	_, err = b2.ReadFrom(io.LimitReader(res.Body, 16<<20))
	return res.StatusCode, b2.Bytes(), err
}

// setVersion sets the headers that say over HTTP what a message says itself.
func (b *Stdio) setVersion(req *http.Request, messages rpcMessages) {
	if len(messages) != 1 {
		return
	}
	m := messages[0]
	if m.version != "" { // each request of the newest revision names it
		req.Header.Set("MCP-Protocol-Version", m.version)
		req.Header.Set("Mcp-Method", m.method)
		if m.name != "" {
			req.Header.Set("Mcp-Name", m.name)
		}
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.version != "" && m.method != "initialize" {
		req.Header.Set("MCP-Protocol-Version", b.version)
	}
}
