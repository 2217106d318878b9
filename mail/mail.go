// Package mail sends messages by SMTP from a bounded queue in memory, with retries. It
// composes no text, knows no records, and never sends a password unencrypted.
//
// The queue is shared fairly: nobody's mails can keep out or delay those of others. Text
// cannot add a header or a recipient to a mail, and no secret reaches the log.
package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	_ "embed" // holds the layout
	"html/template"
	"log/slog"
	netmail "net/mail"
	"sync"
	"time"
)

// Message is a mail to one person. Both parts of the mail, text and HTML, are made of its
// plain text. Each piece of text becomes one line: control characters and line breaks
// become blanks, and marks that turn the direction of writing are dropped.
type Message struct {
	To         string   // one bare address (RFC 5321 section 4.1.2, dot-string form, with RFC 6531 letters), the domain in ASCII
	Subject    string   // cut at 150 characters
	Paragraphs []string // in order; empty ones are left out
	Code       string   // shown on a line of its own after the first paragraph, large in HTML; empty: none

	Urgency  Urgency
	Share    string // who caused the mail: the queue is divided fairly among shares
	Withheld bool   // it passes the queue like any other, and is not sent
}

// Options configure a Sender.
type Options struct {
	// URL names the mail server: smtp://user:password@host:587 with STARTTLS
	// (RFC 3207), smtps://user:password@host:465 with TLS from the start (RFC 8314).
	// User and password are percent-encoded and may be left out, as may the port.
	// smtp://127.0.0.1:1025?tls=off speaks plain, to loopback only.
	URL     string
	From    string          // "Acme CRM <crm@acme.com>", or a bare address, which is shown as crmkit; the envelope has the bare address
	Roots   *x509.CertPool  // certificate authorities of the server; nil: the system's
	Log     *slog.Logger    // nil: nothing is logged
	Timeout time.Duration   // of one try, from dial to QUIT; 0: 10 s
	Retry   []time.Duration // waits before further tries after temporary failures; nil: 5 s, 30 s, 2 min, 5 min
}

const (
	maxQueued      = 256 // places: mails before the end of their first try, and reservations
	maxOfShare     = 64  // places of one share
	workers        = 4   // tries at the same time
	defaultTimeout = 10 * time.Second
)

// Sender sends messages in the background. It is safe for concurrent use; end it
// with Close.
type Sender struct {
	opts   Options
	server server
	from   *netmail.Address
	tls    *tls.Config
	layout *template.Template

	running sync.WaitGroup
	base    context.Context // of every try; canceled when Close gives up
	cancel  context.CancelCauseFunc

	mu       sync.Mutex
	changed  *sync.Cond // there may be a job for a worker, or there will be none
	closed   bool
	ready    *fairQueue
	taken    int            // places in use
	places   map[string]int // places in use, by share
	retries  map[*job]*time.Timer
	deferred map[string]int // retries, by share
	dropped  int64          // lost by Close
	stats    Stats
}

//go:embed layout.html
var layout string

// New checks the options, without using the network, and starts a sender. An error says
// what to write instead and never contains the password.
func New(o Options) (*Sender, error) {
	server, err := parseURL(o.URL)
	if err != nil {
		return nil, err
	}
	from, err := parseFrom(o.From)
	if err != nil {
		return nil, err
	}
	page, err := template.New("layout").Parse(layout)
	if err != nil {
		return nil, err
	}
	s := &Sender{opts: o.withDefaults(), server: server, from: from, layout: page,
		tls:   &tls.Config{ServerName: server.host, RootCAs: o.Roots, MinVersion: tls.VersionTLS12},
		ready: newFairQueue(), places: map[string]int{}, retries: map[*job]*time.Timer{}, deferred: map[string]int{}}
	s.changed = sync.NewCond(&s.mu)
	s.base, s.cancel = context.WithCancelCause(context.Background())
	for range workers {
		s.running.Go(s.work)
	}
	return s, nil
}

// withDefaults returns the options with defaults for what was left out.
func (o Options) withDefaults() Options {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Timeout <= 0 {
		o.Timeout = defaultTimeout
	}
	if o.Retry == nil {
		o.Retry = []time.Duration{5 * time.Second, 30 * time.Second, 2 * time.Minute, 5 * time.Minute}
	}
	return o
}
