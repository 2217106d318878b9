package main

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"

	"crmkit/auth"
	"crmkit/crm/norm"
	"crmkit/server/edge"
	"crmkit/store/maintenance"
)

// check returns an error for settings with which a server would not work as meant. It runs
// before any port or file is opened, and the message says what to set. Doctor uses it too.
func (c serveCommand) check() error {
	host, err := c.listenHost()
	if err != nil {
		return err
	}
	if err := c.checkMode(host); err != nil {
		return err
	}
	for flag, at := range map[string]string{"--metrics-listen": c.MetricsListen, "--http-listen": c.HTTPListen} {
		if _, _, err := net.SplitHostPort(at); at != "" && err != nil {
			return fmt.Errorf("%s %s: write HOST:PORT, like 127.0.0.1:9090", flag, at)
		}
	}
	if err := c.checkTLS(); err != nil {
		return err
	}
	if err := c.checkNumbers(); err != nil {
		return err
	}
	if _, err := auth.ParseAddress(c.TokenFor); c.TokenFor != "" && err != nil {
		return fmt.Errorf("--token-for %s is not one bare e-mail address; write it like you@example.com", c.TokenFor)
	}
	if err := c.checkBackups(); err != nil {
		return err
	}
	if _, err := edge.ParseProxies(c.TrustProxy); err != nil {
		return fmt.Errorf("--trust-proxy: %w", err)
	}
	return c.checkBaseURL()
}

// checkNumbers refuses sizes and rates out of range.
func (c serveCommand) checkNumbers() error {
	switch {
	case c.SearchMemory < 0 || c.SearchMemory > maxMemory:
		return fmt.Errorf("--search-memory %d: write how many megabytes, 1 to %d, or 0 for none", c.SearchMemory, maxMemory)
	case c.RecordMemory < 0 || c.RecordMemory > maxMemory:
		return fmt.Errorf("--record-memory %d: write how many megabytes, 1 to %d, or 0 for none", c.RecordMemory, maxMemory)
	case c.ImportMax < 1 || c.ImportMax > maxMemory:
		return fmt.Errorf("--import-max %d: write how many megabytes a file to import may have, 1 to %d", c.ImportMax, maxMemory)
	case c.Rate < 0:
		return fmt.Errorf("--rate %d: write how many requests a second one client may make, or 0 for no limit", c.Rate)
	}
	return c.retentionFlags.check()
}

// checkBaseURL refuses a base URL that is not an origin. Paths are appended to it in mails and
// in the manual, so a path, a query or a password in it would be repeated everywhere.
func (c serveCommand) checkBaseURL() error {
	if c.BaseURL == "" {
		return nil
	}
	u, err := url.Parse(c.BaseURL)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" || u.Path != "" || strings.ContainsAny(c.BaseURL, "?#") || u.User != nil {
		return fmt.Errorf("--base-url %s: write an origin without path, like https://crm.example.com", c.BaseURL)
	}
	return nil
}

// listenHost returns the host of --listen. For a Unix socket it is localhost, because only
// this machine reaches it; the base URL is then required outside of local mode, since mails
// cannot name a socket.
func (c serveCommand) listenHost() (string, error) {
	if path, unix := strings.CutPrefix(c.Listen, unixPrefix); unix {
		// A proxy on this machine is the only client of a socket, and has the TLS.
		switch {
		case path == "":
			return "", errors.New("--listen unix: names no socket; write a path, like unix:/run/crmkit/crmkit.sock")
		case c.secure():
			return "", errors.New("--listen unix:… is for a proxy on this machine, which speaks TLS itself: leave out --tls-domain and --tls-cert")
		case !c.Local && c.BaseURL == "":
			return "", errors.New("--listen unix:… has no address that clients could use: set --base-url to that of the proxy, like https://crm.example.com")
		}
		return "localhost", nil
	}
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return "", fmt.Errorf("--listen %s: write HOST:PORT, like 127.0.0.1:8080, or unix:PATH", c.Listen)
	}
	return host, nil
}

// checkMode checks that the settings are of one of the two modes. In local mode codes are in
// the answers, so it must not be reachable from other machines; in the other mode they are
// mailed, so it needs a mail server.
func (c serveCommand) checkMode(host string) error {
	switch {
	case c.Local && !norm.IsLoopback(host):
		return fmt.Errorf("--listen %s: local mode gives sign-in codes to everybody who asks, so it listens on loopback only, like 127.0.0.1:8080", c.Listen)
	case c.Local && (c.SMTPURL != "" || c.MailFrom != ""):
		return errors.New("local mode sends no mail: leave out --smtp-url and --mail-from, or --local")
	case c.Local:
		return nil
	case c.TokenFor != "":
		return errors.New("--token-for is for local mode; for a token of a running server: crmkit token --email " + c.TokenFor + " --db " + databaseName(c.DB))
	case c.SMTPURL == "":
		return errors.New("people sign in by mail: set --smtp-url and --mail-from, or start with --local, for agents on this machine")
	case c.MailFrom == "":
		return errors.New("mails need a sender: set --mail-from, like crm@example.com")
	}
	return nil
}

// maxMemory is the largest number of megabytes that a setting may have. It only keeps the
// number of bytes within an int64.
const maxMemory = 1 << 30

// retentionFlags say for how long old data is kept.
type retentionFlags struct {
	LogDays   int `help:"Days to keep entries of the change log, at least 30; 0 for ever (default ${default})." default:"0" placeholder:"DAYS"`
	TrashDays int `help:"Days for which deleted records can be restored, at most --log-days; 0 for ever (default ${default})." default:"30" placeholder:"DAYS"`
}

// check refuses a change log that is too short to look up a deleted record, or shorter than the trash.
func (f retentionFlags) check() error { return maintenance.CheckRetention(f.LogDays, f.TrashDays) }
