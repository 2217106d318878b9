// Package client sends requests of commands to a crmkit server: over the network, or to
// a handler in the same process. It knows HTTP, and nothing of the API.
//
// To a handler in the same process a request looks as if it came over the network, so both
// give the same answers.
package client

import (
	"context"
	"fmt"
	"io"
	"net/http"
)

// Client sends requests whose bodies and answers may be of any length.
type Client struct {
	Endpoint string       // origin of the server, like https://crm.example.com
	Token    string       // sent as the bearer token
	Handler  http.Handler // answers in this process; nil: the server at Endpoint answers
}

// Request is a request to a server. Out is called with the status of the answer and
// returns where its body goes, piece by piece as it comes.
type Request struct {
	Method string
	Target string    // path and query
	Body   io.Reader // nil: none
	Out    func(status int) io.Writer
}

// Do sends one request and copies the body of the answer. An answer that breaks off is
// an error.
func (c *Client) Do(ctx context.Context, r Request) error {
	req, err := http.NewRequestWithContext(ctx, r.Method, c.Endpoint+r.Target, r.Body)
	if err != nil {
		return fmt.Errorf("%s %s: %w", r.Method, r.Target, err)
	}
	req.Header.Set("Authorization", "Bearer "+c.Token)
	if c.Handler != nil {
		return c.serve(req, r.Out)
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if _, err := io.Copy(r.Out(res.StatusCode), res.Body); err != nil {
		return fmt.Errorf("the answer broke off: %w", err)
	}
	return nil
}

// serve lets the handler answer. It panics with http.ErrAbortHandler where a server would
// close the connection.
func (c *Client) serve(req *http.Request, out func(int) io.Writer) (err error) {
	if req.Body == nil {
		req.Body = http.NoBody
	}
	req.RemoteAddr = "127.0.0.1:0"
	w := &responseWriter{header: http.Header{}, out: out}
	defer func() {
		if v := recover(); v == http.ErrAbortHandler {
			err = fmt.Errorf("the answer broke off")
		} else if v != nil {
			panic(v)
		}
	}()
	c.Handler.ServeHTTP(w, req)
	return w.err
}

// responseWriter is an http.ResponseWriter that passes each piece of the body on at once.
type responseWriter struct {
	header http.Header
	out    func(status int) io.Writer
	to     io.Writer
	err    error
}

// Header, WriteHeader, Write and Flush are those of http.ResponseWriter and http.Flusher.
func (w *responseWriter) Header() http.Header { return w.header }

func (w *responseWriter) WriteHeader(status int) {
	if w.to == nil {
		w.to = w.out(status)
	}
}

func (w *responseWriter) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	n, err := w.to.Write(p)
	if err != nil {
		w.err = err
	}
	return n, err
}

func (w *responseWriter) Flush() {}
