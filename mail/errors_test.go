package mail

import (
	"bufio"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// Actions of a scripted server instead of an answer.
const (
	drop = "drop" // ends the connection
	hang = "hang" // answers nothing more
)

// script is a server with given answers: to commands, to "greeting", and to the "." after the
// text. It accepts everything else.
type script struct {
	replies map[string]string
	delay   time.Duration // before each answer

	addr  string
	conns atomic.Int64
}

func (s *script) start(t *testing.T) *script {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.addr = l.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(func() {
		cancel()
		_ = l.Close()
	})
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			s.conns.Add(1)
			context.AfterFunc(ctx, func() { _ = conn.Close() })
			go s.serve(conn)
		}
	}()
	return s
}

func (s *script) serve(conn net.Conn) {
	defer conn.Close()
	in := bufio.NewScanner(conn)
	if !s.say(conn, "greeting") {
		return
	}
	text := false
	for in.Scan() {
		event, _, _ := strings.Cut(in.Text(), " ")
		if text && event != "." {
			continue
		}
		if !s.say(conn, event) || event == "QUIT" {
			return
		}
		text = event == "DATA" && strings.HasPrefix(s.answer(event), "354")
	}
}

// say answers an event, and reports whether the connection stays open.
func (s *script) say(conn net.Conn, event string) bool {
	switch answer := s.answer(event); answer {
	case drop:
		return false
	case hang:
		_, _ = io.Copy(io.Discard, conn)
		return false
	default:
		time.Sleep(s.delay)
		_, err := fmt.Fprintf(conn, "%s\r\n", answer)
		return err == nil
	}
}

func (s *script) answer(event string) string {
	if answer := s.replies[event]; answer != "" {
		return answer
	}
	switch event {
	case "greeting":
		return "220 script.test"
	case "DATA":
		return "354 go on"
	case "QUIT":
		return "221 bye"
	}
	return "250 ok"
}

var (
	sent   = Stats{Sent: 1}
	failed = Stats{Failed: 1}
	retry  = Stats{Retried: 1, Failed: 1} // the second try fails too
)

// replyTests are replies of a mail server to a command, and the resulting counters.
var replyTests = []struct {
	event, reply string
	want         Stats
}{
	{"greeting", "421 too many of you", retry},
	{"greeting", "554 go away", failed},
	{"greeting", drop, retry},
	{"greeting", hang, retry},
	{"EHLO", "421 closing\r\n421 closing", retry},
	{"EHLO", drop, retry},
	{"EHLO", hang, retry},
	{"EHLO", "502 what", sent}, // without TLS or sign-in HELO is enough
	{"MAIL", "451 later", retry},
	{"MAIL", "550 not from there", failed},
	{"MAIL", drop, retry},
	{"MAIL", hang, retry},
	{"RCPT", "450 busy", retry},
	{"RCPT", "452 full", retry},
	{"RCPT", "550 who", failed},
	{"RCPT", "553 that is no name", failed},
	{"RCPT", drop, retry},
	{"RCPT", hang, retry},
	{"DATA", "451 later", retry},
	{"DATA", "554 no", failed},
	{"DATA", drop, retry},
	{"DATA", hang, retry},
	{".", "451 later", retry},
	{".", "452 full", retry},
	{".", "552 too much", failed},
	{".", "554 spam", failed},
	{".", drop, retry},
	{".", hang, retry},
	{"QUIT", "421 bye", sent}, // the server has the mail: another try would send it twice
	{"QUIT", "500 what", sent},
	{"QUIT", drop, sent},
	{"QUIT", hang, sent},
}

func TestReplies(t *testing.T) {
	for _, try := range replyTests {
		t.Run(try.event+" "+try.reply, func(t *testing.T) {
			t.Parallel()
			s := (&script{replies: map[string]string{try.event: try.reply}}).start(t)
			o := quick("smtp://" + s.addr + "?tls=off")
			if try.reply == hang {
				o.Timeout = 250 * time.Millisecond
			}
			f := open(t, o)
			f.want(f.deliver(hello()), try.want)
			if conns := s.conns.Load(); conns != 1+try.want.Retried {
				t.Errorf("%d tries", conns)
			}
			silent(t, f)
		})
	}
}

// TestSTARTTLSReplies checks the result if the server refuses STARTTLS.
func TestSTARTTLSReplies(t *testing.T) {
	for answer, want := range map[string]Stats{
		"454 not now":      retry,
		"501 no arguments": failed,
		drop:               retry,
		hang:               retry,
		"220 go ahead\r\n250 and a plain word instead of a handshake": failed,
	} {
		t.Run(answer, func(t *testing.T) {
			t.Parallel()
			s := (&script{replies: map[string]string{"EHLO": "250-script.test\r\n250 STARTTLS", "STARTTLS": answer}}).start(t)
			o := quick("smtp://" + s.addr)
			if answer == hang {
				o.Timeout = 250 * time.Millisecond
			}
			f := open(t, o)
			f.want(f.deliver(hello()), want)
		})
	}
}

// TestTimeoutBoundsTheWholeTry checks that a server that answers each step in time does not get
// more time in total: go-mail alone would let this one finish.
func TestTimeoutBoundsTheWholeTry(t *testing.T) {
	s := (&script{delay: 35 * time.Millisecond}).start(t)
	o := quick("smtp://" + s.addr + "?tls=off")
	o.Timeout, o.Retry = 150*time.Millisecond, []time.Duration{}
	f := open(t, o)
	began := time.Now()
	f.want(f.deliver(hello()), failed)
	if took := time.Since(began); took > time.Second {
		t.Errorf("the try took %s", took)
	}
}

// TestHangsInsideTLS checks that the timeout reaches below TLS, before and after
// the handshake.
func TestHangsInsideTLS(t *testing.T) {
	id := newIdentity(t)
	release := make(chan struct{})
	r := (&relay{data: func(int, string) error { <-release; return nil }}).withTLS(t, id)
	defer close(release)
	for name, addr := range map[string]string{
		"handshake":  (&script{replies: map[string]string{"greeting": hang}}).start(t).addr,
		"after DATA": r.addr,
	} {
		t.Run(name, func(t *testing.T) {
			o := quick("smtps://" + addr)
			o.Roots, o.Timeout = id.roots, 150*time.Millisecond
			f := open(t, o)
			f.want(f.deliver(hello()), retry, "level=WARN", "try=2")
		})
	}
}

func TestConnectionRefused(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	_ = l.Close()
	f := open(t, quick("smtp://"+addr))
	f.want(f.deliver(hello()), retry, "connection refused")
}

func TestRedact(t *testing.T) {
	for _, try := range []struct{ text, secret, want string }{
		{"a secret, Secret", "secret", "a $1, $1"},
		{"[a.b] a+b", "[a.b]", "$1 a+b"},
		{`535 "a\"b\\"`, `a"b\`, `535 "$1"`},
		{"535 a\xffb", "a\xffb", "535 $1"}, // not UTF-8: %FF in a URL
		{`535 "a\xffb"`, "a\xffb", `535 "$1"`},
	} {
		if got := redact(try.text, "$1", try.secret); got != try.want {
			t.Errorf("%q without %q: %q, want %q", try.text, try.secret, got, try.want)
		}
	}
}

// TestTemporary checks the errors that cannot be provoked on loopback.
func TestTemporary(t *testing.T) {
	alert := &net.OpError{Op: "remote error", Err: errors.New("tls: certificate required")}
	for _, try := range []struct {
		err  error
		want bool
	}{
		{&net.OpError{Op: "dial", Err: &net.DNSError{Err: "server misbehaving", IsTemporary: true}}, true},
		{&net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", IsNotFound: true}}, true},
		{&net.OpError{Op: "dial", Err: errors.New("no route to host")}, true},
		{context.DeadlineExceeded, true},
		{fmt.Errorf("EHLO: %w, HELO: %w", io.EOF, io.ErrUnexpectedEOF), true},
		{&textproto.Error{Code: 454}, true},
		{&textproto.Error{Code: 535}, false},
		{alert, false},
		{x509.UnknownAuthorityError{}, false},
		{errors.New("something else"), false},
	} {
		if got := temporary(fmt.Errorf("dial failed: %w", try.err)); got != try.want {
			t.Errorf("%v: temporary is %v", try.err, got)
		}
	}
}
