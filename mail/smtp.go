package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"net"

	gomail "github.com/wneessen/go-mail"
)

// try sends a mail over a connection of its own, within the timeout.
func (s *Sender) try(j *job) error {
	ctx, cancel := context.WithTimeout(s.base, s.opts.Timeout)
	defer cancel()
	msg, err := s.compose(j)
	if err != nil {
		return err
	}
	client, err := gomail.NewClient(s.server.host, append(s.policy(j), s.common(ctx)...)...)
	if err != nil {
		return err
	}
	err = client.DialAndSendWithContext(ctx, msg)
	if msg.IsDelivered() {
		return nil // the server has it: after an error at QUIT it must not be sent again
	}
	return err
}

// common are the options of every try. NOOP and RSET are left out: an error there would
// hide the server's own reply, or that it accepted the mail.
func (s *Sender) common(ctx context.Context) []gomail.Option {
	return []gomail.Option{
		gomail.WithPort(s.server.port), gomail.WithTimeout(s.opts.Timeout), gomail.WithTLSConfig(s.tls),
		gomail.WithHELO(domain(s.from.Address)), gomail.WithDialContextFunc(s.dialer(ctx)),
		gomail.WithoutNoop(), gomail.WithoutRset(),
	}
}

// policy are the options that say how to encrypt and how to sign in.
func (s *Sender) policy(j *job) []gomail.Option {
	opts := []gomail.Option{gomail.WithTLSPolicy(gomail.TLSMandatory)}
	switch s.server.security {
	case implicitTLS:
		opts = []gomail.Option{gomail.WithSSL()}
	case plain:
		opts = []gomail.Option{gomail.WithTLSPolicy(gomail.NoTLS)}
	}
	if ascii(s.from.Address) && ascii(j.To) {
		// Otherwise a relay could bounce the mail if the next server lacks SMTPUTF8.
		opts = append(opts, gomail.WithoutSMTPUTF8())
	}
	if s.server.user == "" {
		return opts
	}
	return append(opts, gomail.WithOpportunisticSMTPAuth(s.mechanisms()...),
		gomail.WithUsername(s.server.user), gomail.WithPassword(s.server.password))
}

// mechanisms are the AUTH mechanisms to choose from, best first. go-mail's own choice
// prefers NTLM, which needs a domain, and refuses PLAIN over a TLS connection that it did
// not dial itself.
func (s *Sender) mechanisms() []gomail.SMTPAuthType {
	list := []gomail.SMTPAuthType{gomail.SMTPAuthSCRAMSHA256, gomail.SMTPAuthSCRAMSHA1, gomail.SMTPAuthCramMD5}
	if s.server.security == plain { // which is allowed on loopback only
		return append(list, gomail.SMTPAuthPlainNoEnc, gomail.SMTPAuthLoginNoEnc)
	}
	return append(list, gomail.SMTPAuthPlain, gomail.SMTPAuthLogin)
}

// dialer returns the function by which a try connects. It closes the connection when the
// context of the try ends: go-mail renews its own deadline at each step, and leaves a
// connection open if the greeting fails.
func (s *Sender) dialer(ctx context.Context) gomail.DialContextFunc {
	return func(dialing context.Context, network, _ string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(dialing, network, s.server.address())
		if err != nil {
			return nil, err
		}
		context.AfterFunc(ctx, func() { _ = conn.Close() })
		return s.secure(dialing, &bounded{Conn: conn, left: maxReplies})
	}
}

var errNotLocal = errors.New("the name of the mail server leads to another machine, and tls=off is for loopback only")

// secure encrypts a new connection if TLS comes first, and refuses an unencrypted one that
// leaves this machine, whatever the name resolved to.
func (s *Sender) secure(ctx context.Context, conn net.Conn) (net.Conn, error) {
	switch s.server.security {
	case implicitTLS:
		encrypted := tls.Client(conn, s.tls)
		return encrypted, encrypted.HandshakeContext(ctx)
	case plain:
		if at, ok := conn.RemoteAddr().(*net.TCPAddr); !ok || !at.IP.IsLoopback() {
			return nil, errNotLocal
		}
	}
	return conn, nil
}

// maxReplies is how many bytes a mail server may send in one try. Without it a reply
// without end would fill the memory.
const maxReplies = 256 << 10

var errTooMuch = errors.New("the mail server says more than any answer takes")

// bounded is a connection from which a limited number of bytes is read.
type bounded struct {
	net.Conn
	left int
}

// Read reads at most what is left.
func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errTooMuch
	}
	n, err := b.Conn.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}
