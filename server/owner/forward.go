package owner

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"crmkit/store/sqlite"
)

const (
	// origin is the address under which an owner is asked. Nothing resolves it.
	origin = "http://127.0.0.1"
	// maxAnswer is the most bytes of an answer that is kept until it is whole.
	maxAnswer = 32 << 20
	// keyHeader makes a request one that may be sent again.
	keyHeader = "Idempotency-Key"
	// againHeader marks a request that was sent before, to an owner that has ended.
	againHeader = "Crmkit-Again"
)

// newTransport sends requests to whichever process listens on the socket of a file. Each has
// a connection of its own: one that was kept could be that of an owner which has ended, and
// then it is not known whether the request was read.
func newTransport(path string) *http.Transport {
	return &http.Transport{
		DialContext:        func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx, path) },
		DisableKeepAlives:  true,
		DisableCompression: true,
	}
}

// errRefused says that the owner does not do what it was asked to.
var errRefused = errors.New("refused by the owner")

// call asks the owner for an endpoint that has no arguments. An answer of 4xx is errRefused.
func (s *Session) call(ctx context.Context, endpoint string) error {
	method := http.MethodPost
	req, err := http.NewRequestWithContext(ctx, method, origin+endpoints+endpoint, nil)
	if err != nil {
		return err
	}
	res, err := s.remote.RoundTrip(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode >= 300 {
		return errRefused
	}
	said, err := io.ReadAll(io.LimitReader(res.Body, 1000)) // of watch this ends with the owner
	if err == nil && endpoint == "watch" && string(said) != handsOver {
		err = errors.New("the owner ended")
	}
	return err
}

// ServeHTTP answers a request as the owner of the file does. While there is none it waits,
// and becomes the owner where nobody else does.
func (s *Session) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/mcp") && r.Header.Get(keyHeader) == "" {
		r.Header.Set(keyHeader, uuid.NewString()) // under which its writes are done once
	}
	for end := time.Now().Add(patience); ; {
		if own := s.enter(); own != nil {
			defer own.requests.Done()
			own.ServeHTTP(w, r)
			return
		}
		f := forwarding{w: w, request: r}
		err := f.send(s.remote)
		if err == nil {
			return
		}
		if !f.mayRepeat() {
			refuse(w, errors.New("the process that owns the file ended before it answered; what was asked for may or may not be done: look, and run the command again"))
			return
		}
		if f.sent {
			r.Header.Set(againHeader, "1")
		}
		if err := s.next(r, end); err != nil {
			refuse(w, err)
			return
		}
	}
}

// next returns when a request may be tried again, or with an error when that has no use.
func (s *Session) next(r *http.Request, end time.Time) error {
	err := s.takeOver(r.Context())
	var held *sqlite.InUseError
	if err != nil && (!errors.As(err, &held) || time.Now().After(end)) {
		return err
	}
	if r.GetBody != nil {
		body, err := r.GetBody()
		if err != nil {
			return err
		}
		r.Body = body
	}
	if err == nil {
		return nil
	}
	return sleep(r.Context(), pause)
}

// refuse answers that a request could not be done. Clients of every kind show the text.
func refuse(w http.ResponseWriter, err error) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(http.StatusServiceUnavailable)
	_, _ = fmt.Fprintf(w, "ERROR not_ready\nHINT  %s.\n", strings.TrimSuffix(err.Error(), "."))
}

// forwarding is a request that is sent to the owner.
type forwarding struct {
	w        http.ResponseWriter
	request  *http.Request
	sent     bool // the owner may have read it
	answered bool // the answer has begun
}

// mayRepeat reports whether a request whose answer did not come may be sent again: the owner
// has not seen it, or to do it twice is to do it once.
func (f *forwarding) mayRepeat() bool {
	r := f.request
	whole := r.Body == nil || r.Body == http.NoBody || r.GetBody != nil
	return !f.answered && whole && (!f.sent || f.repeatable())
}

func (f *forwarding) repeatable() bool {
	r := f.request
	return r.Method == http.MethodGet || r.Header.Get(keyHeader) != "" || strings.HasPrefix(r.URL.Path, endpoints)
}

// send sends the request and copies the answer: as it comes, or where the request may be
// sent again when it is whole.
func (f *forwarding) send(to http.RoundTripper) error {
	out := f.request.Clone(f.request.Context())
	out.RequestURI, out.URL.Scheme, out.URL.Host = "", "http", "127.0.0.1"
	res, err := to.RoundTrip(out)
	if err != nil {
		var failed *net.OpError
		f.sent = !errors.As(err, &failed) || failed.Op != "dial"
		return err
	}
	defer res.Body.Close()
	f.sent = true
	body := io.Reader(res.Body)
	if f.request.Header.Get(keyHeader) != "" {
		whole, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
		if err != nil {
			return err
		}
		body = bytes.NewReader(whole)
	}
	f.answered = true
	for name, values := range res.Header {
		f.w.Header()[name] = values
	}
	f.w.WriteHeader(res.StatusCode)
	if _, err := io.Copy(f.w, body); err != nil {
		panic(http.ErrAbortHandler) // so the reader sees that the answer is not whole
	}
	return nil
}
