package e2e

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"io"
	"log"
	"maps"
	"math/big"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

const (
	relayUser     = "crm@acme.com"
	relayPassword = `p@ss/w:rd "#1%é`
)

func relaySignIn() *url.Userinfo { return url.UserPassword(relayUser, relayPassword) }

// relay is an SMTP server on loopback that stores the mails it accepts. It has STARTTLS and
// AUTH, like servers on port 587, and neither for tls=off.
type relay struct {
	answer func(n int64) error // to the nth DATA, from 1 on; nil: taken
	refuse error               // answer to any sign-in; nil: user and password decide
	mails  chan letter         // those taken, in order; nil: start makes it

	addr  string
	cert  tls.Certificate
	roots string // file of the certificate, for those who are to trust it
	close func()
	datas atomic.Int64
}

// start serves at the address until the test ends or the relay is closed. A closed relay
// can start again.
func (r *relay) start(t *testing.T, at string) *relay {
	t.Helper()
	listener, err := net.Listen("tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	r.addr = listener.Addr().String()
	if r.mails == nil {
		r.mails = make(chan letter, 64)
	}
	if r.roots == "" {
		r.certify(t)
	}
	server := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) { return &delivery{t: t, relay: r, conn: c}, nil }))
	server.Domain, server.ErrorLog, server.AllowInsecureAuth = "relay.test", log.New(io.Discard, "", 0), true
	server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{r.cert}}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	r.close = func() {
		_ = server.Close() // it may be closed already, or not serve yet
		_ = listener.Close()
		served <- <-served
	}
	t.Cleanup(r.close)
	return r
}

// selfSigned returns a self-signed certificate for 127.0.0.1, valid for an hour, and its
// key, in PEM.
func selfSigned(t *testing.T) (cert, secret []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	form := x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, &form, &form, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: plain})
}

// certify gives the relay a certificate that is also the root for its clients.
func (r *relay) certify(t *testing.T) {
	t.Helper()
	cert, key := selfSigned(t)
	r.roots = filepath.Join(t.TempDir(), "roots.pem")
	err := os.WriteFile(r.roots, cert, 0o600)
	if err == nil {
		r.cert, err = tls.X509KeyPair(cert, key)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// plainURL is the mail URL for tests that are not about TLS and AUTH.
func (r *relay) plainURL() string { return "smtp://" + r.addr + "?tls=off" }

// serve lets the command send its mails to the relay, with STARTTLS and AUTH.
func (r *relay) serve(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if runtime.GOOS == "darwin" || runtime.GOOS == "windows" {
		t.Skip("crypto/x509 reads no SSL_CERT_FILE on this system")
	}
	at := "smtp://" + relaySignIn().String() + "@" + r.addr
	cmd.Env = append(cmd.Env, "SSL_CERT_FILE="+r.roots, "CRMKIT_SMTP_URL="+at, "CRMKIT_MAIL_FROM=Acme CRM <crm@acme.com>")
}

// secrets returns the password in both forms that are sent: plain and as in AUTH PLAIN.
func (r *relay) secrets() []string {
	encode := base64.StdEncoding.EncodeToString
	return []string{relayPassword, encode([]byte(relayPassword)), encode([]byte("\x00" + relayUser + "\x00" + relayPassword))}
}

// next returns the next mail.
func (r *relay) next(t *testing.T) letter {
	t.Helper()
	select {
	case l := <-r.mails:
		return l
	case <-time.After(patience):
		t.Fatal("no mail came")
		return letter{}
	}
}

// delivery is one connection to a relay.
type delivery struct {
	t      *testing.T
	relay  *relay
	conn   *smtp.Conn
	signed bool
	letter letter
}

// AuthMechanisms and the following methods are called by go-smtp.
func (d *delivery) AuthMechanisms() []string { return []string{sasl.Plain} }

func (d *delivery) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if d.relay.refuse != nil {
			return d.relay.refuse
		}
		if d.signed = user == relayUser && password == relayPassword; !d.signed {
			return smtp.ErrAuthFailed
		}
		return nil
	}), nil
}

func (d *delivery) Mail(from string, _ *smtp.MailOptions) error {
	_, encrypted := d.conn.TLSConnectionState()
	if encrypted && !d.signed {
		return smtp.ErrAuthRequired
	}
	d.letter = letter{via: d.relay.addr, from: from, encrypted: encrypted}
	return nil
}

func (d *delivery) Rcpt(to string, _ *smtp.RcptOptions) error {
	d.letter.to = append(d.letter.to, to)
	return nil
}

func (d *delivery) Data(r io.Reader) error {
	data, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	n := d.relay.datas.Add(1)
	if d.relay.answer != nil {
		if err := d.relay.answer(n); err != nil {
			return err
		}
	}
	d.letter.parse(d.t, data)
	d.relay.mails <- d.letter
	return nil
}

func (d *delivery) Reset() { d.letter = letter{} }

func (d *delivery) Logout() error { return nil }

// letter is a parsed mail and its envelope.
type letter struct {
	via       string // address of the relay
	from      string
	to        []string
	encrypted bool

	header     mail.Header
	text, html string
}

// parse parses a mail and checks that it has each expected header once, no others, and two
// parts.
func (l *letter) parse(t *testing.T, data []byte) {
	msg, err := mail.ReadMessage(bytes.NewReader(data))
	if err != nil {
		t.Errorf("%v in\n%s", err, data)
		return
	}
	l.header = msg.Header
	names := slices.Sorted(maps.Keys(msg.Header))
	once := !slices.ContainsFunc(names, func(name string) bool { return len(msg.Header[name]) != 1 })
	if want := []string{"Auto-Submitted", "Content-Type", "Date", "From", "Message-Id", "Mime-Version", "Subject", "To"}; !once || !slices.Equal(names, want) {
		t.Errorf("the headers are %v in\n%s", names, data)
	}
	_, params, err := mime.ParseMediaType(msg.Header.Get("Content-Type"))
	if err != nil {
		t.Errorf("%v in\n%s", err, data)
		return
	}
	parts := multipart.NewReader(msg.Body, params["boundary"])
	l.text = part(t, parts, "text/plain; charset=UTF-8")
	l.html = part(t, parts, "text/html; charset=UTF-8")
	if _, err := parts.NextRawPart(); err != io.EOF {
		t.Errorf("behind two parts: %v in\n%s", err, data)
	}
}

func part(t *testing.T, parts *multipart.Reader, kind string) string {
	raw, err := parts.NextRawPart()
	if err != nil || raw.Header.Get("Content-Type") != kind {
		t.Errorf("no part %s: %v", kind, err)
		return ""
	}
	body, err := io.ReadAll(quotedprintable.NewReader(raw))
	if err != nil {
		t.Error(err)
	}
	return strings.ReplaceAll(string(body), "\r\n", "\n")
}
