package mail

import (
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"unicode"

	"crmkit/crm/norm"
)

// security is how a connection is encrypted.
type security int

const (
	startTLS    security = iota // after a plain greeting, or not at all
	implicitTLS                 // from the first byte
	plain                       // never: to loopback only
)

// server is a parsed mail URL.
type server struct {
	host     string // a name in lower case, or an IP address without brackets
	port     int
	user     string // empty: no AUTH
	password string
	security security
}

// urlError says what is wrong with a mail URL. All of them are constants, so none can
// contain a part of the URL, which has a password.
type urlError string

// Error returns what to write instead.
func (e urlError) Error() string { return string(e) }

const (
	errShape    urlError = "the mail URL cannot be read: write smtp://user:password@host:587, with characters like @ : / ? # % in user and password percent-encoded (@ is %40)"
	errScheme   urlError = "the mail URL begins with neither smtp:// nor smtps://: write smtp://user:password@host:587 for STARTTLS, or smtps://user:password@host:465 for TLS from the start"
	errHost     urlError = "the mail URL names no host: write a host name in ASCII or an IP address, like smtp://mail.example.com:587 or smtp://[::1]:587"
	errPort     urlError = "the port of the mail URL is invalid: write a number from 1 to 65535, like smtp://mail.example.com:587, or leave it out"
	errUser     urlError = "the mail URL has half a sign-in: write user and password, like smtp://user:password@host:587, or leave out both, without control characters"
	errTrailing urlError = "the mail URL has something behind the host: end it there, and percent-encode / ? # in user and password (/ is %2F, ? is %3F, # is %23); only ?tls=off may follow smtp://"
	errLoopback urlError = "tls=off is for a mail server on this machine, named localhost, 127.0.0.1 or [::1]: leave it out to use STARTTLS, or write smtps://"
)

// parseURL parses a mail URL in the form of Options.URL.
func parseURL(raw string) (server, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return server{}, errShape
	}
	s := server{host: strings.ToLower(u.Hostname())}
	if s.security, err = s.securityOf(u); err != nil {
		return server{}, err
	}
	if !s.loopback() && s.security == plain {
		return server{}, errLoopback
	}
	if _, err := netip.ParseAddr(s.host); err != nil && !hostName(s.host) {
		return server{}, errHost
	}
	if s.port, err = portOf(u, s.security); err != nil {
		return server{}, err
	}
	s.user, s.password, err = signIn(u.User)
	return s, err
}

// securityOf returns how the scheme and the query say to encrypt.
func (s server) securityOf(u *url.URL) (security, error) {
	off := u.RawQuery == "tls=off"
	switch {
	case u.Scheme != "smtp" && u.Scheme != "smtps":
		return 0, errScheme
	case u.Opaque != "":
		return 0, errShape
	case strings.Trim(u.Path, "/") != "" || u.Fragment != "" || u.RawQuery != "" && !off || off && u.Scheme == "smtps":
		return 0, errTrailing
	case u.Scheme == "smtps":
		return implicitTLS, nil
	case off:
		return plain, nil
	}
	return startTLS, nil
}

// portOf returns the port of the URL, or the default of its scheme.
func portOf(u *url.URL, kind security) (int, error) {
	if u.Port() == "" {
		if kind == implicitTLS {
			return 465, nil
		}
		return 587, nil
	}
	port, err := strconv.ParseUint(u.Port(), 10, 16)
	if err != nil || port == 0 {
		return 0, errPort
	}
	return int(port), nil
}

// signIn returns the user and password. Control characters are refused, because NUL
// separates the fields of AUTH PLAIN (RFC 4616).
func signIn(info *url.Userinfo) (user, password string, err error) {
	if info == nil {
		return "", "", nil
	}
	user = info.Username()
	password, _ = info.Password()
	if user == "" || password == "" || strings.ContainsFunc(user+password, unicode.IsControl) {
		return "", "", errUser
	}
	return user, password, nil
}

// loopback reports whether the host names this machine.
func (s server) loopback() bool {
	return norm.IsLoopback(s.host)
}

func (s server) address() string {
	return net.JoinHostPort(s.host, strconv.Itoa(s.port))
}
