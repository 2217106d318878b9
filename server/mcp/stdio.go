package mcp

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"crmkit/crm/norm"
	"crmkit/server/edge"
	"crmkit/server/web"
)

// Stdio carries MCP messages, one a line (the stdio transport of MCP), to a connector, and its
// answers back, so a local client gets the same answers as one over the network. Messages are
// served one after the other: a client that writes a record and then reads it finds it.
type Stdio struct {
	In  io.Reader
	Out io.Writer
	Log *slog.Logger // for errors of messages that have no answer

	Endpoint string       // URL of the connector, like https://crm.example.com/mcp
	Token    string       // sent as the bearer token
	Handler  http.Handler // answers in this process; nil: the server at Endpoint answers

	version string // negotiated by initialize
}

const (
	maxLine   = web.MaxBody      // bytes of a message, as over HTTP
	lineLimit = 60 * time.Second // for one message; clients give up about then
	maxAnswer = 16 << 20         // bytes of an answer over the network, held in memory
)

// Run serves until the input or the context ends. The message under way then has some seconds
// to finish. It returns the errors of the two streams; an error of a message is its answer.
func (p *Stdio) Run(ctx context.Context) error {
	going, end := context.WithCancel(ctx)
	lines, failed := make(chan string), make(chan error, 1)
	go func() {
		defer end()
		failed <- p.read(going, lines)
	}()
	for {
		select {
		case line := <-lines:
			if err := p.serve(going, line); err != nil {
				return err
			}
		case err := <-failed:
			return err
		case <-ctx.Done():
			return nil
		}
	}
}

// read sends the lines of the input to the channel. Of a line that is too long it sends the
// beginning, which the connector refuses. The last line needs no line break.
func (p *Stdio) read(ctx context.Context, lines chan<- string) error {
	in := bufio.NewReaderSize(p.In, 64<<10)
	for {
		var line []byte
		part, more, err := in.ReadLine()
		for ; err == nil; part, more, err = in.ReadLine() {
			if len(line) <= maxLine {
				line = append(line, part...)
			}
			if !more {
				break
			}
		}
		if text := strings.TrimSpace(string(line)); text != "" {
			select {
			case lines <- text:
			case <-ctx.Done():
				return nil
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// serve sends one message and writes its answer. When the input has ended, the message has
// edge.DrainTimeout left. Only an error of the output is returned.
func (p *Stdio) serve(going context.Context, line string) error {
	messages, fault := readMessages([]byte(line), "")
	ctx, cancel := context.WithTimeout(context.WithoutCancel(going), lineLimit)
	defer cancel()
	stop := context.AfterFunc(going, func() { time.AfterFunc(edge.DrainTimeout, cancel) })
	defer stop()
	answer, err := p.answer(ctx, line, messages)
	silent := fault == nil && len(messages) == 1 && (messages[0].id == "" || messages[0].method == "")
	switch {
	case silent && err != nil: // notifications and responses have no answer (JSON-RPC 2.0 section 4.1)
		p.Log.Warn("a message was lost", "method", norm.Quote(messages[0].method), "error", err)
		return nil
	case err != nil:
		answer = []byte(rpcAnswer(messages.id(), rpcServerError, err.Error()))
	case silent || len(answer) == 0:
		return nil
	}
	if len(messages) == 1 && messages[0].method == "initialize" {
		p.version = negotiated(answer)
	}
	_, err = p.Out.Write(append(answer, '\n'))
	return err
}

// answer returns the connector's answer on one line, or nil if the message gets no answer.
func (p *Stdio) answer(ctx context.Context, line string, messages rpcMessages) ([]byte, error) {
	status, body, err := p.send(ctx, line, messages)
	if err != nil || len(body) == 0 && status < 300 {
		return nil, err
	}
	var compact bytes.Buffer
	if json.Compact(&compact, body) != nil {
		return nil, fmt.Errorf("the server answered %d: %.200s", status, body)
	}
	if status == http.StatusUnauthorized {
		return nil, refusal(compact.Bytes())
	}
	return compact.Bytes(), nil
}

// refusal returns the error for a token that is not valid. The connector refuses it before it
// reads the message. Its hint is cut where it speaks of connecting again, which a local
// client cannot do.
func refusal(answer []byte) error {
	var got struct{ Error struct{ Message string } }
	_ = json.Unmarshal(answer, &got)
	text, _, _ := strings.Cut(got.Error.Message, " Connect again")
	return fmt.Errorf("%s Start crmkit mcp again with another token", text)
}

// rpcAnswer returns a JSON-RPC error. An empty id means that the message is unknown.
func rpcAnswer(id string, code int, text string) string {
	if id == "" {
		id = "null"
	}
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"error":{"code":%d,"message":%s}}`, id, code, norm.AppendQuoted(nil, text))
}

// negotiated returns the protocol version in the answer to initialize.
func negotiated(answer []byte) string {
	var got struct {
		Result struct {
			ProtocolVersion string `json:"protocolVersion"`
		} `json:"result"`
	}
	_ = json.Unmarshal(answer, &got) // an error has no version
	return got.Result.ProtocolVersion
}

// send sends the line to the connector, in this process or over the network.
func (p *Stdio) send(ctx context.Context, line string, messages rpcMessages) (status int, body []byte, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.Endpoint, strings.NewReader(line))
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json, text/event-stream")
	req.Header.Set("Authorization", "Bearer "+p.Token)
	p.setVersion(req, messages)
	if p.Handler != nil {
		w := &bufferedResponse{header: http.Header{}, status: http.StatusOK}
		req.RemoteAddr = "127.0.0.1:0"
		p.Handler.ServeHTTP(w, req)
		return w.status, w.body.Bytes(), nil
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer res.Body.Close()
	body, err = io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	if err == nil && len(body) > maxAnswer {
		err = fmt.Errorf("the answer has over %d bytes; ask for less", maxAnswer)
	}
	return res.StatusCode, body, err
}

// setVersion sets the headers that repeat members of the message over HTTP.
func (p *Stdio) setVersion(req *http.Request, messages rpcMessages) {
	if len(messages) != 1 {
		return
	}
	m := messages[0]
	switch {
	case m.version != "": // requests of the newest revision name their version
		req.Header.Set("MCP-Protocol-Version", m.version)
		req.Header.Set("Mcp-Method", m.method)
		if m.name != "" {
			req.Header.Set("Mcp-Name", m.name)
		}
	case p.version != "" && m.method != "initialize":
		req.Header.Set("MCP-Protocol-Version", p.version)
	}
}

// bufferedResponse is an http.ResponseWriter that holds the answer in memory.
type bufferedResponse struct {
	header http.Header
	status int
	body   bytes.Buffer
	begun  bool
}

// Header, WriteHeader and Write are those of http.ResponseWriter. The first status counts.
func (r *bufferedResponse) Header() http.Header { return r.header }

func (r *bufferedResponse) WriteHeader(status int) {
	if !r.begun {
		r.begun, r.status = true, status
	}
}

func (r *bufferedResponse) Write(p []byte) (int, error) {
	r.begun = true
	return r.body.Write(p)
}

// Flush does nothing. The SDK needs an http.Flusher.
func (r *bufferedResponse) Flush() {}
