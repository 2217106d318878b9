package e2e

import (
	"net"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
)

// busy is the reply of a mail server that cannot accept a mail now.
var busy = &smtp.SMTPError{Code: 451, EnhancedCode: smtp.NoEnhancedCode, Message: "try again later"}

// firstBusy refuses the first mail.
func firstBusy(n int64) error {
	if n == 1 {
		return busy
	}
	return nil
}

// waits is the log line of a mail that will be tried again.
const waits = `msg="mail waits for another try"`

// TestMailDeferred checks that a mail is sent again if the server did not accept it.
func TestMailDeferred(t *testing.T) {
	t.Parallel() // the second try is made after five seconds, which other tests use
	s := open(t, (&relay{answer: firstBusy}).start(t, "127.0.0.1:0"))
	jane := s.person(t, "jane@acme.com")
	jane.ask()
	jane.verify(jane.code(jane.mailed()))
	holds(t, s.stderr.text(), waits, "451")
}

// TestMailAtStop checks that a server that stops makes a last try at once.
func TestMailAtStop(t *testing.T) {
	t.Parallel()
	s := open(t, (&relay{answer: firstBusy}).start(t, "127.0.0.1:0"))
	jane := s.person(t, "jane@acme.com")
	jane.ask()
	eventually(t, patience, func() bool { return strings.Contains(s.stderr.text(), waits) })
	s.end(t)
	jane.code(jane.mailed())
}

// TestMailHangs uses a mail server that accepts connections and never replies. Neither a request
// for a code nor the stop of the server waits for it.
func TestMailHangs(t *testing.T) {
	t.Parallel()
	r := (&relay{}).start(t, "127.0.0.1:0")
	mute, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer mute.Close()
	r.addr = mute.Addr().String()
	s := open(t, r)
	asked := time.Now()
	holds(t, s.person(t, "jane@acme.com").ask(), "otp_sent")
	if took := time.Since(asked); took > 2*time.Second {
		t.Errorf("the answer took %s", took)
	}
	stopped := time.Now()
	s.end(t)
	if took := time.Since(stopped); took > 10*time.Second {
		t.Errorf("the stop took %s", took)
	}
	holds(t, s.stderr.text(), `msg="not all mails were sent"`, "to=j…@acme.com", "msg=stopped")
}

// TestMailServerBack checks that a server starts and answers without its mail server, and
// sends its mails once that is back.
func TestMailServerBack(t *testing.T) {
	t.Parallel()
	r := (&relay{}).start(t, "127.0.0.1:0")
	r.close()
	s := open(t, r)
	jane := s.person(t, "jane@acme.com")
	holds(t, jane.ask(), "otp_sent")
	eventually(t, patience, func() bool { return strings.Contains(s.stderr.text(), waits) })
	holds(t, s.stderr.text(), "refused")
	r.start(t, r.addr)
	jane.signIn()
	s.end(t)
	jane.code(jane.mailed()) // the first one, which waited
}

// TestMailPasswordHidden uses a mail server that refuses the sign-in and repeats the password in
// its reply: the log has the reply without the password.
func TestMailPasswordHidden(t *testing.T) {
	t.Parallel()
	echo := "no: " + relayPassword
	r := &relay{}
	for _, secret := range r.secrets() {
		echo += " " + secret
	}
	r.refuse = &smtp.SMTPError{Code: 535, EnhancedCode: smtp.NoEnhancedCode, Message: echo}
	s := open(t, r.start(t, "127.0.0.1:0"))
	holds(t, s.person(t, "jane@acme.com").ask(), "otp_sent")
	eventually(t, patience, func() bool { return strings.Contains(s.stderr.text(), `msg="mail failed"`) })
	holds(t, s.stderr.text(), "SMTP AUTH failed", "to=j…@acme.com")
}
