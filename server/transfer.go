package server

import (
	"context"
	"fmt"
	"io"
	"net/http"
)

// Transfer carries a request whose body or answer may be of any length to a server,
// in this process or over the network.
type Transfer struct {
	Endpoint string  // origin of the server, like https://crm.example.com
	Token    string  // sent as the bearer
	Server   *Server // answers itself; nil: the one at Endpoint does
}

// Do sends one request and copies the answer, while it comes, to what out returns for
// its status. An answer that breaks off is an error.
func (t *Transfer) Do(ctx context.Context, method, target string, body io.Reader, out func(status int) io.Writer) error {
	req, err := http.NewRequestWithContext(ctx, method, t.Endpoint+target, body)
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, target, err)
	}
	req.Header.Set("Authorization", "Bearer "+t.Token)
	if t.Server != nil {
		return t.inProcess(req, out)
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if _, err := io.Copy(out(res.StatusCode), res.Body); err != nil {
		return fmt.Errorf("the answer broke off: %w", err)
	}
	return nil
}

// inProcess lets the server of this process answer.
func (t *Transfer) inProcess(req *http.Request, out func(int) io.Writer) (err error) {
	if req.Body == nil {
		req.Body = http.NoBody
	}
	req.RemoteAddr = "127.0.0.1:0"
	w := &inProcessWriter{header: http.Header{}, out: out}
	defer func() {
		if v := recover(); v == http.ErrAbortHandler {
			err = fmt.Errorf("the answer broke off")
		} else if v != nil {
			panic(v)
		}
	}()
	t.Server.ServeHTTP(w, req)
	return w.err
}

// inProcessWriter is the ResponseWriter of an answer that goes where it is wanted at once.
type inProcessWriter struct {
	header http.Header
	out    func(status int) io.Writer
	to     io.Writer
	err    error
}

// Header, WriteHeader and Write are those of a ResponseWriter.
func (d *inProcessWriter) Header() http.Header { return d.header }

func (d *inProcessWriter) WriteHeader(status int) {
	if d.to == nil {
		d.to = d.out(status)
	}
}

func (d *inProcessWriter) Write(p []byte) (int, error) {
	d.WriteHeader(http.StatusOK)
	n, err := d.to.Write(p)
	if err != nil {
		d.err = err
	}
	return n, err
}

// Flush has nothing to do: nothing is held back.
func (d *inProcessWriter) Flush() {}
