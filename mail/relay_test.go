package mail

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"math/big"
	"net"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

const (
	user     = "crm@acme.com"
	password = "p@ss/w:rd \"#1%\\é\""
)

// identity is a self-signed certificate.
type identity struct {
	cert  tls.Certificate
	roots *x509.CertPool
}

// newIdentity makes a certificate for 127.0.0.1, or for the names given.
func newIdentity(t *testing.T, names ...string) identity {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	form := x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, DNSNames: names}
	if len(names) == 0 {
		form.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}
	}
	der, err := x509.CreateCertificate(rand.Reader, &form, &form, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	return identity{cert: tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, roots: roots}
}

// relay is a real SMTP server that stores the mails it accepts.
type relay struct {
	mechs      []string                        // mechanisms of AUTH; if there are any, a sign-in is required
	rcpt, data func(n int, to string) error    // answers to the nth RCPT and DATA; nil: all are accepted
	refuse     error                           // answer to any sign-in; nil: user and password decide
	prepare    func(*smtp.Server)              // before it starts; may be nil
	listen     func(net.Listener) net.Listener // may be nil

	addr string

	mu     sync.Mutex
	mails  []received
	signed []string // mechanisms tried
	rcpts  int
	datas  int
}

// received is a mail and its envelope.
type received struct {
	from      string
	to        []string
	data      []byte
	helo      string
	utf8      bool
	encrypted bool
}

// start serves on a free port of loopback until the test ends.
func (r *relay) start(t *testing.T, at string) *relay {
	t.Helper()
	l, err := net.Listen("tcp", at)
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("CI must not skip this: no loopback at %s: %v", at, err)
		}
		t.Skipf("no loopback at %s: %v", at, err)
	}
	r.addr = l.Addr().String()
	if r.listen != nil {
		l = r.listen(l)
	}
	server := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) { return &session{relay: r, conn: c}, nil }))
	server.Domain, server.ErrorLog = "relay.test", log.New(io.Discard, "", 0)
	if r.prepare != nil {
		r.prepare(server)
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	t.Cleanup(func() {
		_ = server.Close()
		_ = l.Close() // a server that does not serve yet would not close it
		<-served
	})
	return r
}

// withSTARTTLS starts the relay like a server on port 587.
func (r *relay) withSTARTTLS(t *testing.T, id identity) *relay {
	t.Helper()
	r.prepare = func(s *smtp.Server) { s.TLSConfig = &tls.Config{Certificates: []tls.Certificate{id.cert}} }
	return r.start(t, "127.0.0.1:0")
}

// withTLS starts the relay like a server on port 465.
func (r *relay) withTLS(t *testing.T, id identity) *relay {
	t.Helper()
	r.listen = func(l net.Listener) net.Listener {
		return tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{id.cert}})
	}
	return r.start(t, "127.0.0.1:0")
}

// plain starts the relay without TLS but with AUTH.
func (r *relay) plain(t *testing.T) *relay {
	t.Helper()
	r.prepare = func(s *smtp.Server) { s.AllowInsecureAuth = true }
	return r.start(t, "127.0.0.1:0")
}

// taken returns the mails so far.
func (r *relay) taken() []received {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]received(nil), r.mails...)
}

// signIns returns the mechanisms tried so far.
func (r *relay) signIns() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string(nil), r.signed...)
}

// count increments and returns a counter of the relay.
func (r *relay) count(n *int) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	*n++
	return *n
}

// session is one client of a relay.
type session struct {
	relay  *relay
	conn   *smtp.Conn
	signed bool
	mail   received
}

func (s *session) AuthMechanisms() []string { return s.relay.mechs }

func (s *session) Auth(mech string) (sasl.Server, error) {
	s.relay.mu.Lock()
	s.relay.signed = append(s.relay.signed, mech)
	s.relay.mu.Unlock()
	switch mech {
	case sasl.Plain:
		return sasl.NewPlainServer(func(_, u, p string) error { return s.check(u == user && p == password) }), nil
	case sasl.Login:
		return &loginServer{check: s.check}, nil
	case "CRAM-MD5":
		return &cramServer{check: s.check}, nil
	}
	return nil, smtp.ErrAuthUnknownMechanism
}

// check answers a sign-in.
func (s *session) check(right bool) error {
	if s.relay.refuse != nil {
		return s.relay.refuse
	}
	if !right {
		return smtp.ErrAuthFailed
	}
	s.signed = true
	return nil
}

func (s *session) Mail(from string, opts *smtp.MailOptions) error {
	if len(s.relay.mechs) > 0 && !s.signed {
		return smtp.ErrAuthRequired
	}
	_, encrypted := s.conn.TLSConnectionState()
	s.mail = received{from: from, helo: s.conn.Hostname(), utf8: opts.UTF8, encrypted: encrypted}
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.mail.to = append(s.mail.to, to)
	n := s.relay.count(&s.relay.rcpts)
	if s.relay.rcpt == nil {
		return nil
	}
	return s.relay.rcpt(n, to)
}

func (s *session) Data(r io.Reader) error {
	var b bytes.Buffer
	if _, err := b.ReadFrom(r); err != nil {
		return err
	}
	n := s.relay.count(&s.relay.datas)
	if s.relay.data != nil {
		if err := s.relay.data(n, s.mail.to[0]); err != nil {
			return err
		}
	}
	s.mail.data = b.Bytes()
	s.relay.mu.Lock()
	defer s.relay.mu.Unlock()
	s.relay.mails = append(s.relay.mails, s.mail)
	return nil
}

func (s *session) Reset() { s.mail = received{} }

func (s *session) Logout() error { return nil }

// reply is an SMTP error without an enhanced code.
func reply(code int, text string) error {
	return &smtp.SMTPError{Code: code, EnhancedCode: smtp.NoEnhancedCode, Message: text}
}
