package mail

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/md5"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// journal is a log whose lines a test can wait for.
type journal struct {
	mu    sync.Mutex
	text  bytes.Buffer
	lines chan string
}

func newJournal() *journal { return &journal{lines: make(chan string, 4096)} }

func (j *journal) Write(p []byte) (int, error) {
	j.lines <- string(p)
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

func (j *journal) log() *slog.Logger {
	return slog.New(slog.NewTextHandler(j, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// await waits for n lines with one of the messages.
func (j *journal) await(t *testing.T, n int, messages ...string) {
	t.Helper()
	late := time.After(5 * time.Second)
	for seen := 0; seen < n; {
		select {
		case line := <-j.lines:
			for _, m := range messages {
				if strings.Contains(line, "msg=\""+m+"\"") {
					seen++
				}
			}
		case <-late:
			t.Fatalf("%d of %d lines %q came:\n%s", seen, n, messages, j)
		}
	}
}

// settled waits until n mails are sent or given up.
func (j *journal) settled(t *testing.T, n int) {
	t.Helper()
	j.await(t, n, "mail sent", "mail failed", "mail dropped")
}

// fixture is a sender with its log.
type fixture struct {
	*Sender
	*journal
	t *testing.T
}

// quick returns options for short tests: one further try, at once.
func quick(url string) Options {
	return Options{URL: url, From: "Acme CRM <crm@acme.com>", Timeout: 5 * time.Second, Retry: []time.Duration{0}}
}

func open(t *testing.T, o Options) *fixture {
	t.Helper()
	j := newJournal()
	o.Log = j.log()
	s, err := New(o)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	t.Cleanup(func() { _ = s.Close(ended()) })
	return &fixture{Sender: s, journal: j, t: t}
}

// ended returns a context that has ended.
func ended() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

// deliver sends a message, waits until it is sent or given up, and returns the counters.
func (f *fixture) deliver(m Message) Stats {
	f.t.Helper()
	if !f.Send(m) {
		f.t.Fatalf("Send to %s: not taken\n%s", m.To, f.journal)
	}
	f.settled(f.t, 1)
	f.close(f.t.Context())
	return f.Stats()
}

func (f *fixture) close(ctx context.Context) {
	f.t.Helper()
	if err := f.Close(ctx); err != nil {
		f.t.Errorf("Close: %v", err)
	}
}

// want compares the counters and the log.
func (f *fixture) want(got, want Stats, logged ...string) {
	f.t.Helper()
	if got != want {
		f.t.Errorf("counted %+v, want %+v\n%s", got, want, f.journal)
	}
	for _, text := range logged {
		if !strings.Contains(f.journal.String(), text) {
			f.t.Errorf("the log does not say %q:\n%s", text, f.journal)
		}
	}
}

// at returns the URL of a server, with user and password.
func at(scheme, addr, password string) string {
	return (&url.URL{Scheme: scheme, Host: addr, User: url.UserPassword(user, password)}).String()
}

func hello() Message {
	return Message{To: "jane@acme.com", Subject: "Your code", Paragraphs: []string{"Here is your code.", "It works for ten minutes."}, Code: "482913"}
}

// loginServer is the server's side of AUTH LOGIN.
type loginServer struct {
	check func(bool) error
	user  string
	step  int
}

func (l *loginServer) Next(response []byte) (challenge []byte, done bool, err error) {
	l.step++
	switch l.step {
	case 1:
		return []byte("Username:"), false, nil
	case 2:
		l.user = string(response)
		return []byte("Password:"), false, nil
	}
	return nil, true, l.check(l.user == user && string(response) == password)
}

// cramServer is the server's side of AUTH CRAM-MD5 (RFC 2195).
type cramServer struct {
	check func(bool) error
	asked bool
}

func (c *cramServer) Next(response []byte) (challenge []byte, done bool, err error) {
	const nonce = "<1896.697170952@relay.test>"
	if !c.asked {
		c.asked = true
		return []byte(nonce), false, nil
	}
	mac := hmac.New(md5.New, []byte(password))
	mac.Write([]byte(nonce))
	return nil, true, c.check(string(response) == fmt.Sprintf("%s %x", user, mac.Sum(nil)))
}
