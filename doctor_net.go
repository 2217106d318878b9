package main

import (
	"context"
	"fmt"
	"net"
	"strings"
	"time"

	"crmkit/mail"
	"crmkit/server"
)

// The checks of doctor that look at what is around the server.

// smtp signs in to the mail server, and sends nothing.
func (c exam) smtp(ctx context.Context) finding {
	if c.Local {
		return finding{ok, "mail", "local mode sends none", ""}
	}
	sender, err := mail.New(mail.Options{URL: c.SMTPURL, From: c.MailFrom})
	if err != nil {
		return finding{fail, "mail", err.Error(), "set --smtp-url and --mail-from"}
	}
	defer sender.Close(ctx)
	if err := sender.Check(ctx); err != nil {
		return finding{fail, "mail", err.Error(), "nobody can sign in without mail: look at --smtp-url, and whether this network lets mail out"}
	}
	return finding{ok, "mail", "the mail server takes mails from " + c.MailFrom, ""}
}

const nearExpiry = 14 * 24 * time.Hour

// baseURL asks the server as its clients do.
func (c exam) baseURL(ctx context.Context) finding {
	if c.Local {
		return finding{}
	}
	const what = "base URL"
	switch {
	case c.BaseURL == "":
		return finding{warn, what, "mails and the manual name the address of --listen", "set --base-url to the address that clients use"}
	case strings.HasPrefix(c.BaseURL, "http://") && !loopbackURL(c.BaseURL):
		return finding{fail, what, c.BaseURL + " is not https: tokens cross the network in the clear", "set --tls-domain, or put a proxy in front, and name https"}
	}
	r, err := server.Reach(ctx, c.BaseURL)
	left := time.Until(r.Expires).Round(time.Hour)
	switch {
	case err != nil:
		return finding{warn, what, fmt.Sprintf("no server answers: %v", err), "start it; if it runs, look at the name, the proxy and the firewall"}
	case !r.Ready:
		return finding{fail, what, c.BaseURL + " answers " + r.Answer, "see the log of the server"}
	case !r.Expires.IsZero() && left < nearExpiry:
		return finding{warn, what, fmt.Sprintf("%s answers, but its certificate expires in %s", c.BaseURL, left), "see why it is not renewed"}
	}
	return finding{ok, what, c.BaseURL + " answers and is ready", ""}
}

func loopbackURL(origin string) bool {
	host := strings.TrimPrefix(origin, "http://")
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// proxy checks that clients behind a proxy are told apart.
func (c exam) proxy(context.Context) finding {
	behind := !c.Local && !c.secure() && strings.HasPrefix(c.BaseURL, "https://")
	switch {
	case behind && c.TrustProxy == "":
		return finding{warn, "proxy", "all clients seem to have the address of the proxy, and share one limit", "name it in --trust-proxy, like 127.0.0.1"}
	case behind:
		return finding{ok, "proxy", "X-Forwarded-For of " + c.TrustProxy + " is believed", ""}
	}
	return finding{}
}

// signUp checks that who should get in can, and who should not cannot.
func (c exam) signUp(context.Context) finding {
	if c.Local {
		return finding{}
	}
	if c.Signup == "open" {
		return finding{warn, "sign-up", "anybody with a mailbox can sign up and make workspaces here", "if that is not meant: --signup invite"}
	}
	if c.fault == nil && c.health.Users == 0 {
		return finding{warn, "sign-up", "by invite only, and there is nobody to invite others", "once there is a database: crmkit token --email you@example.com --db " + c.DB}
	}
	return finding{ok, "sign-up", "by invite only", ""}
}
