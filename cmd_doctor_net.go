package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"
	"time"

	"crmkit/crm/norm"
	"crmkit/mail"
	"crmkit/server/client"
)

// The checks of doctor on the mail server, the proxy, and the address of the server.

// smtp signs in to the mail server and sends nothing.
func (c doctorRun) smtp(ctx context.Context) checkResult {
	if c.Local {
		return checkResult{ok, "mail", "local mode sends none", ""}
	}
	if c.SMTPURL == "" {
		return checkResult{fail, "mail", "--smtp-url is not set", "nobody can sign in without mail: set --smtp-url and --mail-from, or --local for agents on this machine"}
	}
	sender, err := mail.New(mail.Options{URL: c.SMTPURL, From: c.MailFrom})
	if err != nil {
		return checkResult{fail, "mail", err.Error(), "set --smtp-url and --mail-from"}
	}
	defer sender.Close(ctx)
	if err := sender.Check(ctx); err != nil {
		return checkResult{fail, "mail", err.Error(), "nobody can sign in without mail: look at --smtp-url, and whether this network lets mail out"}
	}
	return checkResult{ok, "mail", "the mail server takes mails from " + c.MailFrom, ""}
}

// nearExpiry is the remaining life of a certificate below which doctor warns. A certificate
// of 90 days is renewed 30 days before its end, so renewals have then failed for two weeks.
const nearExpiry = 14 * 24 * time.Hour

// baseURL sends a request to the address that clients use, through DNS and any proxy. An
// address without TLS is refused without a request, unless it is on this machine.
func (c doctorRun) baseURL(ctx context.Context) checkResult {
	if c.Local {
		return checkResult{}
	}
	const name = "base URL"
	switch {
	case c.BaseURL == "":
		return checkResult{warn, name, "mails and the manual name the address of --listen", "set --base-url to the address that clients use"}
	case strings.HasPrefix(c.BaseURL, "http://") && !loopbackURL(c.BaseURL):
		return checkResult{fail, name, c.BaseURL + " is not https: tokens cross the network in the clear", "set --tls-domain, or put a proxy in front, and name https"}
	}
	r, err := client.Health(ctx, c.BaseURL)
	left := time.Until(r.Expires).Round(time.Hour)
	switch {
	case err != nil:
		return unreached(name, err)
	case !r.Ready:
		return checkResult{fail, name, c.BaseURL + " answers " + r.Answer, "see the log of the server"}
	case r.HidesClients:
		return checkResult{warn, name, c.BaseURL + " answers, but its proxy sends no X-Forwarded-For: all clients share one limit", "have the proxy send it, for nginx: proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for"}
	case r.Expires.IsZero():
		return checkResult{ok, name, c.BaseURL + " answers and is ready", ""}
	case left < nearExpiry:
		return checkResult{warn, name, fmt.Sprintf("%s answers, but its certificate, issued by %s, expires in %s", c.BaseURL, r.Issuer, left), "see why it is not renewed"}
	}
	return checkResult{ok, name, fmt.Sprintf("%s answers and is ready; its certificate, issued by %s, is good until %s", c.BaseURL, r.Issuer, stamp(r.Expires)), ""}
}

// unreached returns the result for an address where no server answers. Its remedy depends on
// the kind of the error: DNS, certificate, port, network or something else.
func unreached(name string, err error) checkResult {
	found := fmt.Sprintf("no server answers: %v", err)
	var lookup *net.DNSError
	var certificate *tls.CertificateVerificationError
	var network net.Error
	switch {
	case errors.As(err, &lookup):
		return checkResult{fail, name, found, "the name leads nowhere from this machine: look at its DNS records"}
	case errors.As(err, &certificate):
		return checkResult{fail, name, found, "clients refuse the certificate: it must be for this name, not expired, and sent with its chain"}
	case errors.Is(err, syscall.ECONNREFUSED):
		return checkResult{fail, name, found, "nothing listens there: start the server, or the proxy in front of it"}
	case errors.As(err, &network) && network.Timeout():
		return checkResult{fail, name, found, "packets get lost on the way: look at the firewall and the address of the name"}
	}
	return checkResult{fail, name, found, "something else listens there, or a proxy leads elsewhere: look at its settings"}
}

// loopbackURL reports whether an http:// origin is on this machine.
func loopbackURL(origin string) bool { return norm.IsLoopback(strings.TrimPrefix(origin, "http://")) }

// proxy checks that a server behind a proxy trusts it to name the clients. Otherwise limits
// on requests and codes take all clients for one.
func (c doctorRun) proxy(context.Context) checkResult {
	behind := !c.Local && !c.secure() && strings.HasPrefix(c.BaseURL, "https://")
	switch {
	case behind && c.TrustProxy == "":
		return checkResult{warn, "proxy", "all clients seem to have the address of the proxy, and share one limit", "name it in --trust-proxy, like 127.0.0.1"}
	case behind:
		return checkResult{ok, "proxy", "X-Forwarded-For of " + c.TrustProxy + " is believed", ""}
	}
	return checkResult{}
}

// signUp warns if everybody may sign up, which the operator may not mean, and if nobody can,
// because a server by invite only has no user yet.
func (c doctorRun) signUp(context.Context) checkResult {
	if c.Local {
		return checkResult{}
	}
	if c.Signup == "open" {
		return checkResult{warn, "sign-up", "anybody with a mailbox can sign up and make workspaces here", "if that is not meant: --signup invite"}
	}
	if c.fault == nil && c.health.Users == 0 {
		return checkResult{warn, "sign-up", "by invite only, and there is nobody to invite others", "once there is a database: crmkit token --email you@example.com --db " + databaseName(c.DB)}
	}
	return checkResult{ok, "sign-up", "by invite only", ""}
}
