package mail

import (
	"errors"
	"net/netip"
	"net/url"
	"strings"
	"testing"
)

func TestURL(t *testing.T) {
	for raw, want := range map[string]server{
		"smtp://mail.example.com":                  {host: "mail.example.com", port: 587},
		"SMTP://Mail.Example.COM/":                 {host: "mail.example.com", port: 587},
		"smtps://mail.example.com":                 {host: "mail.example.com", port: 465, security: implicitTLS},
		"smtp://mail.example.com:25":               {host: "mail.example.com", port: 25},
		"smtp://mail_server:2525":                  {host: "mail_server", port: 2525},
		"smtp://u:p@h:1":                           {host: "h", port: 1, user: "u", password: "p"},
		"smtps://a%40b.c:p%3A%2F%40%25%20%C3%A9@h": {host: "h", port: 465, user: "a@b.c", password: "p:/@% é", security: implicitTLS},
		"smtp://a@b.c:p@h":                         {host: "h", port: 587, user: "a@b.c", password: "p"},
		"smtp://[::1]:1025?tls=off":                {host: "::1", port: 1025, security: plain},
		"smtp://127.0.0.1?tls=off":                 {host: "127.0.0.1", port: 587, security: plain},
		"smtp://127.8.9.1:1?tls=off":               {host: "127.8.9.1", port: 1, security: plain},
		"smtp://[::ffff:127.0.0.1]:1?tls=off":      {host: "::ffff:127.0.0.1", port: 1, security: plain},
		"smtp://LOCALHOST:1025/?tls=off":           {host: "localhost", port: 1025, security: plain},
		"smtp://u:p@localhost:1025?tls=off":        {host: "localhost", port: 1025, user: "u", password: "p", security: plain},
		"smtp://192.0.2.1":                         {host: "192.0.2.1", port: 587},
	} {
		if got, err := parseURL(raw); err != nil || got != want {
			t.Errorf("%s: %+v, %v, want %+v", raw, got, err, want)
		}
	}
}

func TestURLRefused(t *testing.T) {
	for raw, want := range map[string]urlError{
		"":                                      errScheme,
		"mail.example.com":                      errScheme,
		"mail.example.com:587":                  errScheme,
		"user:secret99@mail.example.com":        errScheme,
		"http://mail.example.com":               errScheme,
		"smtp:mail.example.com":                 errShape,
		"smtp://user:secret%99@mail.example%":   errShape,
		"smtp://user:secret99/x@h":              errShape,
		"smtp://user:secret99#x@h":              errShape,
		"smtp://user:99#secret99@h":             errTrailing,
		"smtp://user:99/secret99@h":             errTrailing,
		"smtp://user:99?secret99@h":             errTrailing,
		"smtp://h/inbox":                        errTrailing,
		"smtp://h?tls=on":                       errTrailing,
		"smtp://127.0.0.1?tls=off&x=y":          errTrailing,
		"smtps://127.0.0.1?tls=off":             errTrailing,
		"smtp://":                               errHost,
		"smtp://:587":                           errHost,
		"smtp://user:secret99@":                 errHost,
		"smtp://bücher.de":                      errHost,
		"smtp://-h.de":                          errHost,
		"smtp://a..b":                           errHost,
		"smtp://h:0":                            errPort,
		"smtp://h:65536":                        errPort,
		"smtp://user@h":                         errUser,
		"smtp://user:@h":                        errUser,
		"smtp://:secret99@h":                    errUser,
		"smtp://us%00er:secret99@h":             errUser,
		"smtp://user:secret99%0d%0a@h":          errUser,
		"smtp://mail.example.com?tls=off":       errLoopback,
		"smtp://localhost.example.com?tls=off":  errLoopback,
		"smtp://u:secret99@192.0.2.1:1?tls=off": errLoopback,
		"smtp://127.1?tls=off":                  errLoopback,
		"smtp://0.0.0.0?tls=off":                errLoopback,
	} {
		_, err := New(Options{URL: raw, From: "crm@acme.com"})
		if !errors.Is(err, want) {
			t.Errorf("%s: %v, want: %v", raw, err, want)
		}
		if err != nil && (strings.Contains(err.Error(), "secret") || !strings.Contains(err.Error(), "smtp")) {
			t.Errorf("%s: %v", raw, err)
		}
	}
}

func FuzzURL(f *testing.F) {
	for _, seed := range []string{"smtp://user:password@mail.example.com:587", "smtps://a%40b:c%2F@h", "smtp://[::1]:1025?tls=off", "smtp://u:p#x@h", "smtp://u:1/2@h", "user:p@h", "smtp://localhost./?tls=off"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		s, err := parseURL(raw)
		if err != nil {
			var known urlError // a constant, so it cannot contain the password
			if !errors.As(err, &known) {
				t.Fatalf("%q: %v", raw, err)
			}
			return
		}
		if s.port < 1 || s.port > 65535 || (s.user == "") != (s.password == "") || strings.ContainsAny(s.user+s.password, "\r\n\x00") {
			t.Fatalf("%q: %+v", raw, s)
		}
		if _, err := netip.ParseAddrPort(s.address()); err != nil && !hostName(s.host) {
			t.Fatalf("%q leads to %q", raw, s.address())
		}
		if s.security == plain && !s.loopback() {
			t.Fatalf("%q speaks plain to %q", raw, s.host)
		}
		if again, err := parseURL(s.spelled()); err != nil || again != s {
			t.Fatalf("%q is %+v, then %+v, %v", raw, s, again, err)
		}
	})
}

// spelled returns a server as a URL.
func (s server) spelled() string {
	u := url.URL{Scheme: "smtp", Host: s.address()}
	switch s.security {
	case implicitTLS:
		u.Scheme = "smtps"
	case plain:
		u.RawQuery = "tls=off"
	}
	if s.user != "" {
		u.User = url.UserPassword(s.user, s.password)
	}
	return u.String()
}
