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
	// origin is the address in requests to an owner. The connection goes to the socket.
	origin = "http://127.0.0.1"
	// maxAnswer is the most bytes of an answer that is held in memory until it is complete; the
	// rest of a longer one is copied as it comes.
	maxAnswer = 32 << 20
	// keyHeader makes it safe to send a request again: the answer is stored under the key in
	// the transaction of the write.
	keyHeader = "Idempotency-Key"
	// againHeader marks a request that was sent before, to an owner that has ended. Operations
	// that remove something need it to tell "already removed" from "never existed".
	againHeader = "Crmkit-Again"
)

// newTransport sends requests to the process that listens on the socket of a file. Each
// request has a connection of its own. An idle connection that is used again could belong to
// an owner which has ended, and then nobody knows whether the request was read.
func newTransport(path string) *http.Transport {
	return &http.Transport{
		DialContext:        func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx, path) },
		DisableKeepAlives:  true,
		DisableCompression: true,
	}
}

// errRefused is the error for a request that the owner refused.
var errRefused = errors.New("refused by the owner")

// call sends a request without arguments to an endpoint of the owner. A status of 300 or more
// is errRefused. A call of watch returns when the owner ends: nil if it hands over to a server.
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
	answer, err := io.ReadAll(io.LimitReader(res.Body, 1000)) // of watch this ends with the owner
	if err == nil && endpoint == "watch" && string(answer) != handsOver {
		err = errors.New("the owner ended")
	}
	return err
}

// ServeHTTP answers a request as the owner of the file does. While no process owns the file,
// it tries to become the owner, for at most the time of patience.
func (s *Session) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/mcp") && r.Header.Get(keyHeader) == "" {
		r.Header.Set(keyHeader, uuid.NewString()) // so the message may be sent again
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
			refuse(w, errors.New("the process that had the file open ended before it answered. The command may or may not have taken effect: check, then run it again if necessary"))
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

// next returns when a request may be sent again, with its body at the beginning. It returns
// an error if there will be no owner: the file cannot be opened, or the time is over.
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

// refuse answers 503 not_ready in the text form of the API, whatever the client accepts:
// commands and clients of MCP show the text as it is.
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

// mayRepeat reports whether a request whose answer was lost may be sent again: the owner has
// not read it, or a second time has no further effect. The body must be at hand, and nothing
// of an answer may be written yet.
func (f *forwarding) mayRepeat() bool {
	r := f.request
	whole := r.Body == nil || r.Body == http.NoBody || r.GetBody != nil
	return !f.answered && whole && (!f.sent || f.repeatable())
}

// repeatable reports whether a second time has no further effect: reads, keyed writes, and
// operations, which are made so.
func (f *forwarding) repeatable() bool {
	r := f.request
	return r.Method == http.MethodGet || r.Header.Get(keyHeader) != "" || strings.HasPrefix(r.URL.Path, endpoints)
}

// send sends the request and copies the answer. The answer to a keyed request is held until it
// is complete, up to maxAnswer, since the request can be sent again as long as nothing was copied. Any other
// answer may be an export of any length, and is copied as it comes.
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
		body = io.MultiReader(bytes.NewReader(whole), res.Body) // a longer answer has a rest
	}
	f.answered = true
	for name, values := range res.Header {
		f.w.Header()[name] = values
	}
	f.w.WriteHeader(res.StatusCode)
	if _, err := io.Copy(f.w, body); err != nil {
		panic(http.ErrAbortHandler) // the client sees that the answer is not complete
	}
	return nil
}
