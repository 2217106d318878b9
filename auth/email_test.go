package auth_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log"
	"mime"
	"mime/multipart"
	"net"
	netmail "net/mail"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/emersion/go-smtp"

	"crmkit/auth"
	"crmkit/crm"
	"crmkit/mail"
	"crmkit/store"
)

const origin = "https://crm.example.com"

// letter is a mail as it arrived.
type letter struct{ to, subject, text, html string }

// relay is a real SMTP server on loopback; each of its sessions is a relay too.
type relay struct {
	to    string
	mails chan letter
	rcpt  func(to string) error // nil: every recipient is accepted
}

func (r *relay) Mail(string, *smtp.MailOptions) error { return nil }
func (r *relay) Reset()                               {}
func (r *relay) Logout() error                        { return nil }

func (r *relay) Rcpt(to string, _ *smtp.RcptOptions) error {
	r.to = to
	if r.rcpt != nil {
		return r.rcpt(to)
	}
	return nil
}

func (r *relay) Data(from io.Reader) error {
	msg, err := netmail.ReadMessage(from)
	if err != nil {
		return err
	}
	l := letter{to: r.to, subject: msg.Header.Get("Subject")} // ASCII, so it is not encoded
	_, params, err := mime.ParseMediaType(msg.Header.Get("Content-Type"))
	if err != nil {
		return err
	}
	parts := multipart.NewReader(msg.Body, params["boundary"])
	for _, to := range []*string{&l.text, &l.html} {
		part, err := parts.NextPart()
		if err != nil {
			return err
		}
		body, err := io.ReadAll(part) // multipart decodes quoted-printable
		if err != nil {
			return err
		}
		*to = strings.ReplaceAll(string(body), "\r\n", "\n")
	}
	r.mails <- l
	return nil
}

// postal is a fixture with a mail server.
type postal struct {
	*fixture
	mails  chan letter
	sender *mail.Sender
}

// byMail gives the fixture a mail server.
func (f *fixture) byMail() *postal {
	f.t.Helper()
	return f.byRelay(nil, auth.Options{})
}

// byRelay gives the fixture a mail server that accepts the recipients for which rcpt returns nil.
func (f *fixture) byRelay(rcpt func(to string) error, opts auth.Options) *postal {
	f.t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		f.t.Fatal(err)
	}
	p := &postal{fixture: f, mails: make(chan letter, 64)}
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &relay{mails: p.mails, rcpt: rcpt}, nil }))
	server.ErrorLog = log.New(io.Discard, "", 0)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	p.sender, err = mail.New(mail.Options{URL: "smtp://" + listener.Addr().String() + "?tls=off", From: "crm@example.com"})
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() {
		_ = errors.Join(p.sender.Close(context.Background()), server.Close()) // the first waits for what is under way
		_ = listener.Close()                                                  // the server may not serve yet, and then knows of none to close
		<-served
	})
	opts.Mail, opts.BaseURL = p.sender, origin
	f.Auth = auth.New(f.store, opts)
	return p
}

// next returns the next mail.
func (p *postal) next() letter {
	p.t.Helper()
	select {
	case l := <-p.mails:
		return l
	case <-time.After(10 * time.Second):
		p.t.Fatalf("no mail came: %+v", p.sender.Stats())
		return letter{}
	}
}

// taken returns the number of mails that the sender accepted, sent or not.
func (p *postal) taken() int64 {
	s := p.sender.Stats()
	return s.Waiting + s.Sent + s.Failed + s.Dropped + s.Withheld
}

// code returns the code that a mail shows.
func (p *postal) code(l letter) string {
	p.t.Helper()
	code := regexp.MustCompile(`(?m)^[0-9]{6}$`).FindString(l.text)
	if code == "" || !strings.Contains(l.html, ">"+code+"<") {
		p.t.Fatalf("no code in\n%s\n%s", l.text, l.html)
	}
	return code
}

// says checks that both parts of a mail contain the texts.
func (p *postal) says(l letter, to, subject string, texts ...string) {
	p.t.Helper()
	if l.to != to || l.subject != subject {
		p.t.Errorf("%q went to %s, want %q to %s", l.subject, l.to, subject, to)
	}
	l.text, l.html = strings.ReplaceAll(l.text, "\u2060", ""), strings.ReplaceAll(l.html, "\u2060", "") // nobody sees them
	for _, text := range texts {
		if !strings.Contains(l.text, text) || !strings.Contains(l.html, strings.NewReplacer("&", "&amp;", "'", "&#39;").Replace(text)) {
			p.t.Errorf("the mail does not say %q:\n%s\n%s", text, l.text, l.html)
		}
	}
}

func TestSignInIsMailed(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		p := f.byMail()
		const email = "a%s'&b@example.com"
		address, code, err := p.Request(t.Context(), "2001:db8::7", " A%s'&b@Example.com")
		if err != nil || address != email || code != "" {
			t.Errorf("Request answers %q %q, %v", address, code, err)
		}
		l := p.next()
		p.says(l, email, "Your crmkit sign-in code", "Somebody asked to sign in to crmkit with your e-mail address.",
			"from the network address 2001:db8::7 at 2026-06-10 09:00 UTC, to the server "+origin+".", "for 10 minutes")
		wantCode(t, "the mailed code", f.try(email, p.code(l)), "")
	})
}

func TestStepUpIsMailed(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		p := f.byMail()
		_, ann := f.mint("ann@example.com")
		ann.Addr = "192.0.2.9"
		f.colleague(ann, "bob@example.com", crm.RoleMember)
		err := f.setRole(ann, "bob@example.com", crm.RoleAdmin, "")
		wantCode(t, "promoting", err, crm.EscalationRequired)
		wantHint(t, err, "A code was mailed to ann@example.com")
		l := p.next()
		if answer := fmt.Sprintf("%+v", *err.(*crm.Error)); strings.Contains(answer, p.code(l)) {
			t.Errorf("the code is in the answer: %s", answer)
		}
		p.says(l, "ann@example.com", "Your crmkit confirmation code",
			"The agent “test”, signed in as you, wants to make bob@example.com an admin of the workspace “Workspace of ann@example.com”.",
			"network address 192.0.2.9 at", "to the server "+origin, "its token "+ann.TokenID+" revoked", "for nothing else")
		wantCode(t, "the mailed code", f.setRole(ann, "bob@example.com", crm.RoleAdmin, p.code(l)), "")
		if n := p.taken(); n != 1 {
			t.Errorf("%d mails for one step-up", n)
		}
	})
}

func TestInviteIsMailed(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		p := f.byMail()
		_, ann := f.mint("ann@example.com")
		for range 2 { // a second invite is mailed again
			wantCode(t, "inviting", f.invite(ann, "b%s@example.com"), "")
			p.says(p.next(), "b%s@example.com", "An invitation to a crmkit workspace",
				"ann@example.com invites you to the workspace “Workspace of ann@example.com” in crmkit, with the role member.",
				"Open "+origin+", read it, and sign me in as b%s@example.com.", "network address unknown at 2026-06-10 09:00 UTC")
		}
	})
}

// turning reports whether a character changes how its neighbours are shown.
func turning(r rune) bool { return unicode.Is(unicode.Cf, r) || unicode.IsControl(r) && r != '\n' }

// TestMailsAreSentAfterCommit checks that a mail is queued after the commit of the transaction
// that causes it, and not before.
func TestMailsAreSentAfterCommit(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		p := f.byMail()
		_, ann := f.mint("ann@example.com")
		oops := errors.New("oops")
		acts := map[string]func(tx *store.Tx) error{
			"step-up": func(tx *store.Tx) error { return f.StepUp(tx, promote, "") },
			"invite": func(tx *store.Tx) error {
				_, err := f.Invite(tx, "bob@example.com", crm.RoleMember, "")
				return err
			},
		}
		for what, act := range acts {
			before := p.taken()
			write := func(end func(error) error) error {
				return f.store.Write(t.Context(), ann, func(tx *store.Tx) error {
					err := act(tx)
					if n := p.taken(); n != before {
						t.Errorf("%s: %d mails were handed over before the commit", what, n-before)
					}
					return end(err)
				})
			}
			_ = write(func(error) error { return oops })
			_ = write(func(error) error { panic("no") })
			if n := p.taken(); n != before {
				t.Errorf("%s: %d mails tell of what was undone", what, n-before)
			}
			_ = write(func(err error) error { return err })
			if n := p.taken(); n != before+1 {
				t.Errorf("%s: %d mails were handed over, want one", what, n-before)
			}
		}
	})
}

// TestNoMailWhenTheCommitFails checks that a failed commit sends neither a code nor an invite.
func TestNoMailWhenTheCommitFails(t *testing.T) {
	f := onFile(t)
	p := f.byMail()
	_, ann := f.mint("ann@example.com")
	db, err := sql.Open("sqlite", "file:"+f.opts.Path+"?_pragma=busy_timeout(10000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	// A row for a workspace that does not exist: a deferred constraint, which fails at the commit.
	_, err = db.ExecContext(t.Context(), `CREATE TABLE bomb (n INTEGER REFERENCES workspaces (number) DEFERRABLE INITIALLY DEFERRED);
		CREATE TRIGGER on_code AFTER INSERT ON codes BEGIN INSERT INTO bomb VALUES (-1); END;
		CREATE TRIGGER on_invite AFTER INSERT ON members BEGIN INSERT INTO bomb VALUES (-1); END`)
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = p.Request(t.Context(), "", "ann@example.com")
	wantCode(t, "Request", err, crm.NotReady)
	wantCode(t, "a step-up", p.stepUp(ann, promote, ""), crm.NotReady)
	wantCode(t, "inviting", p.invite(ann, "bob@example.com"), crm.NotReady)
	if n := p.taken(); n != 0 {
		t.Errorf("%d mails were handed over", n)
	}
}
