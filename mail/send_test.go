package mail

import (
	"crypto/tls"
	"encoding/base64"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
)

func TestSendsOverTLS(t *testing.T) {
	id := newIdentity(t)
	for _, mech := range []string{"PLAIN", "LOGIN", "CRAM-MD5"} {
		for scheme, start := range map[string]func(*relay, *testing.T, identity) *relay{"smtp": (*relay).withSTARTTLS, "smtps": (*relay).withTLS} {
			t.Run(scheme+" "+mech, func(t *testing.T) {
				r := start(&relay{mechs: []string{mech}}, t, id)
				o := quick(at(scheme, r.addr, password))
				o.Roots = id.roots
				f := open(t, o)
				f.want(f.deliver(hello()), Stats{Sent: 1}, "level=DEBUG", "to=j…@acme.com", "try=1")
				mails := r.taken()
				if len(mails) != 1 || !mails[0].encrypted || mails[0].from != "crm@acme.com" || !slices.Equal(mails[0].to, []string{"jane@acme.com"}) {
					t.Fatalf("the server took %+v", mails)
				}
				if got := r.signIns(); !slices.Equal(got, []string{mech}) {
					t.Errorf("signed in by %v", got)
				}
			})
		}
	}
}

// TestStrongestSignIn checks that NTLM, which go-mail would prefer, is not used.
func TestStrongestSignIn(t *testing.T) {
	id := newIdentity(t)
	r := (&relay{mechs: []string{"NTLM", "LOGIN", "PLAIN", "CRAM-MD5"}}).withSTARTTLS(t, id)
	o := quick(at("smtp", r.addr, password))
	o.Roots = id.roots
	f := open(t, o)
	f.want(f.deliver(hello()), Stats{Sent: 1})
	if got := r.signIns(); !slices.Equal(got, []string{"CRAM-MD5"}) {
		t.Errorf("signed in by %v", got)
	}
}

func TestSendsPlainOnLoopback(t *testing.T) {
	for _, listen := range []string{"127.0.0.1:0", "127.0.0.2:0", "[::1]:0"} {
		for _, mechs := range [][]string{nil, {"PLAIN"}, {"LOGIN"}} {
			r := &relay{mechs: mechs, prepare: func(s *smtp.Server) { s.AllowInsecureAuth = true }}
			t.Run(listen+" "+strings.Join(mechs, ""), func(t *testing.T) {
				r.start(t, listen)
				raw := "smtp://" + r.addr
				if mechs != nil {
					raw = at("smtp", r.addr, password)
				}
				f := open(t, quick(raw+"?tls=off"))
				f.want(f.deliver(hello()), Stats{Sent: 1})
			})
		}
	}
}

// TestPlainOnLoopbackOnly checks that the address of the connection counts, and not the name.
func TestPlainOnLoopbackOnly(t *testing.T) {
	f := open(t, quick("smtp://localhost:1025?tls=off"))
	near, far := net.Pipe() // its address is not one of loopback
	defer near.Close()
	defer far.Close()
	if _, err := f.secure(t.Context(), near); err == nil || temporary(err) {
		t.Errorf("secure: %v", err)
	}
}

func TestRefusesUntrustworthyServers(t *testing.T) {
	id, other := newIdentity(t), newIdentity(t)
	elsewhere := newIdentity(t, "mail.example.com")
	both := []string{"PLAIN", "LOGIN"}
	stripped := (&relay{mechs: both}).plain(t)
	old := &relay{mechs: both, prepare: func(s *smtp.Server) {
		s.TLSConfig = &tls.Config{Certificates: []tls.Certificate{id.cert}, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
	}}
	old.start(t, "127.0.0.1:0")
	for name, try := range map[string]struct {
		scheme string
		relay  *relay
		trust  identity
		says   string
	}{
		"stripped STARTTLS":             {"smtp", stripped, id, "does not support STARTTLS"},
		"plain where TLS comes first":   {"smtps", stripped, id, "does not look like a TLS handshake"},
		"untrusted certificate":         {"smtp", (&relay{mechs: both}).withSTARTTLS(t, id), other, "unknown authority"},
		"untrusted certificate, smtps":  {"smtps", (&relay{mechs: both}).withTLS(t, id), other, "unknown authority"},
		"certificate of another":        {"smtp", (&relay{mechs: both}).withSTARTTLS(t, elsewhere), elsewhere, "127.0.0.1"},
		"certificate of another, smtps": {"smtps", (&relay{mechs: both}).withTLS(t, elsewhere), elsewhere, "127.0.0.1"},
		"TLS 1.1":                       {"smtp", old, id, "protocol version"},
		"no AUTH where a user is set":   {"smtp", (&relay{}).withSTARTTLS(t, id), id, "does not support SMTP AUTH"},
		"no AUTH that can be spoken":    {"smtp", (&relay{mechs: []string{"GSSAPI"}}).withSTARTTLS(t, id), id, "supported authentication mechanism"},
	} {
		t.Run(name, func(t *testing.T) {
			o := quick(at(try.scheme, try.relay.addr, password))
			o.Roots = try.trust.roots
			f := open(t, o)
			f.want(f.deliver(hello()), Stats{Failed: 1}, "level=ERROR", "try=1", try.says)
			if mails, signed := try.relay.taken(), try.relay.signIns(); len(mails)+len(signed) > 0 {
				t.Errorf("the server got %d mails and sign-ins by %v", len(mails), signed)
			}
			silent(t, f)
		})
	}
}

func TestSignInRefused(t *testing.T) {
	id := newIdentity(t)
	encode := base64.StdEncoding.EncodeToString
	echo := "no: " + password + " " + encode([]byte(password)) + " " + encode([]byte("\x00"+user+"\x00"+password)) + " " + strings.ToUpper(password)
	for name, try := range map[string]struct {
		password string
		answer   error
		want     Stats
	}{
		"bad password": {"wrong", nil, Stats{Failed: 1}},
		"echo":         {password, reply(535, echo), Stats{Failed: 1}},
		"for now":      {password, reply(454, echo), Stats{Retried: 1, Failed: 1}},
	} {
		for _, mech := range []string{"PLAIN", "LOGIN"} {
			t.Run(name+" "+mech, func(t *testing.T) {
				r := (&relay{mechs: []string{mech}, refuse: try.answer}).withSTARTTLS(t, id)
				o := quick(at("smtp", r.addr, try.password))
				o.Roots = id.roots
				f := open(t, o)
				f.want(f.deliver(hello()), try.want, "SMTP AUTH failed", "try=1")
				silent(t, f)
			})
		}
	}
}

// silent checks that the log contains no secret.
func silent(t *testing.T, f *fixture) {
	t.Helper()
	encode := base64.StdEncoding.EncodeToString
	lower := strings.ToLower(f.journal.String())
	for _, secret := range []string{"p@ss", "w:rd", encode([]byte(password)), encode([]byte("\x00" + user + "\x00" + password)), "482913", "jane@", "ten minutes"} {
		if strings.Contains(lower, strings.ToLower(secret)) {
			t.Errorf("the log holds %q:\n%s", secret, f.journal)
		}
	}
}

func TestLogContainsNoSecrets(t *testing.T) {
	r := (&relay{data: func(int, string) error {
		return reply(554, "spam to <JANE@acme.com>, jane@acme.com\r\nwith code 482913 and so on "+strings.Repeat("x", 400))
	}}).plain(t)
	f := open(t, quick("smtp://"+r.addr+"?tls=off"))
	f.want(f.deliver(hello()), Stats{Failed: 1}, "to=j…@acme.com", "spam to <j…@acme.com>, j…@acme.com", "code ***")
	silent(t, f)
	if strings.Contains(f.journal.String(), strings.Repeat("x", 300)) {
		t.Errorf("the server's words were not cut:\n%s", f.journal)
	}
}

func TestEnvelope(t *testing.T) {
	utf8 := func(s *smtp.Server) { s.EnableSMTPUTF8 = true }
	for name, try := range map[string]struct {
		from, to string
		header   string
		envelope string
		utf8     bool
	}{
		"name":       {"Acme CRM <crm@acme.com>", "jane@acme.com", `"Acme CRM" <crm@acme.com>`, "crm@acme.com", false},
		"bare":       {"crm@acme.com", "jane@acme.com", `"crmkit" <crm@acme.com>`, "crm@acme.com", false},
		"quoted":     {`"Acme, Inc." <crm@acme.com>`, "jane@acme.com", `"Acme, Inc." <crm@acme.com>`, "crm@acme.com", false},
		"accents":    {"Müller <crm@acme.com>", "jane@acme.com", "=?utf-8?q?M=C3=BCller?= <crm@acme.com>", "crm@acme.com", false},
		"RFC 6531":   {"crm@acme.com", "jürgen@acme.com", `"crmkit" <crm@acme.com>`, "crm@acme.com", true},
		"local host": {"crm@localhost", "o'neil+x@a_b.example", `"crmkit" <crm@localhost>`, "crm@localhost", false},
	} {
		t.Run(name, func(t *testing.T) {
			r := (&relay{prepare: utf8}).start(t, "127.0.0.1:0")
			o := quick("smtp://" + r.addr + "?tls=off")
			o.From = try.from
			f := open(t, o)
			m := hello()
			m.To = try.to
			f.want(f.deliver(m), Stats{Sent: 1})
			got := r.taken()[0]
			if got.from != try.envelope || !slices.Equal(got.to, []string{try.to}) || got.utf8 != try.utf8 || got.helo != domain(try.envelope) {
				t.Errorf("envelope: %+v", got)
			}
			if parsed := parse(t, got.data); parsed.header.Get("From") != try.header || parsed.header.Get("To") != "<"+try.to+">" {
				t.Errorf("headers: %v", parsed.header)
			}
		})
	}
}

// TestDefaults checks a sender that has only URL and From.
func TestDefaults(t *testing.T) {
	r := (&relay{}).plain(t)
	s, err := New(Options{URL: "smtp://" + r.addr + "?tls=off", From: "crm@acme.com"})
	if err != nil {
		t.Fatal(err)
	}
	s.Send(hello())
	s.Send(Message{To: "nobody"})
	if err := s.Close(t.Context()); err != nil || s.Stats() != (Stats{Sent: 1, Failed: 1}) {
		t.Errorf("%+v, %v", s.Stats(), err)
	}
	waits := []time.Duration{5 * time.Second, 30 * time.Second, 2 * time.Minute, 5 * time.Minute}
	if s.opts.Timeout != 10*time.Second || !slices.Equal(s.opts.Retry, waits) {
		t.Errorf("timeout %s, waits %s", s.opts.Timeout, s.opts.Retry)
	}
}
