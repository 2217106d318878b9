package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"crmkit/server"
	"crmkit/server/edge"
	"crmkit/store"
	"crmkit/store/postgres"
)

// listeners are the ports of a server.
type listeners struct {
	api     net.Listener
	plain   net.Listener // HTTP that redirects to https; nil: none
	metrics net.Listener // nil: none
}

// unixPrefix precedes the path of a Unix socket in --listen.
const unixPrefix = "unix:"

// listenUnix makes a Unix socket that the user and the group of the server may use: a proxy
// runs as another user of the same group. It replaces a socket on which nobody answers, which
// a killed process left, but never another kind of file.
func listenUnix(path string) (net.Listener, error) {
	if conn, err := net.Dial("unix", path); err == nil {
		return nil, errors.Join(fmt.Errorf("another process listens on %s; stop it, or name another socket with --listen", path), conn.Close())
	}
	if info, err := os.Lstat(path); err == nil && info.Mode().Type() == fs.ModeSocket {
		if err := os.Remove(path); err != nil {
			return nil, err
		}
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("%w; name a path in a folder of the server with --listen, of at most about 100 characters", err)
	}
	if err := os.Chmod(path, 0o660); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// listen opens all ports of the settings, or none if one of them fails.
func (c serveCommand) listen() (d listeners, err error) {
	for _, door := range []struct {
		at, flag string
		to       *net.Listener
	}{
		{c.Listen, "--listen", &d.api},
		{c.HTTPListen, "--http-listen", &d.plain},
		{c.MetricsListen, "--metrics-listen", &d.metrics},
	} {
		if door.at == "" {
			continue
		}
		if path, unix := strings.CutPrefix(door.at, unixPrefix); unix {
			*door.to, err = listenUnix(path)
		} else if *door.to, err = net.Listen("tcp", door.at); err != nil {
			err = fmt.Errorf("%w; choose another address with %s, port 0 picks a free one", err, door.flag)
		}
		if err != nil {
			d.close()
			return listeners{}, err
		}
	}
	return d, nil
}

// close closes the ports. It may be called after serve.
func (d listeners) close() {
	for _, l := range []net.Listener{d.api, d.plain, d.metrics} {
		if l != nil {
			_ = l.Close() // a server that served closed it already
		}
	}
}

// serve answers on all ports until the context ends or one of them fails, and returns when
// all of them have finished their requests.
func (d listeners) serve(ctx context.Context, srv *server.Server) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error) // one error or nil from each port
	n := 0
	answer := func(l net.Listener, serve func(context.Context, net.Listener) error) {
		if l != nil {
			n++
			go func() { ended <- serve(ctx, l) }()
		}
	}
	answer(d.api, srv.Serve)
	answer(d.plain, srv.ServeRedirect)
	answer(d.metrics, srv.ServeMetrics)
	var errs []error
	for range n {
		errs = append(errs, <-ended)
		cancel() // a server without one of its ports is not healthy; end the others
	}
	return errors.Join(errs...)
}

// tlsFlags are the settings of a server that speaks TLS itself: with certificates that it gets
// by ACME, or with one in files. Both are for servers without a proxy. ACME proves a name over
// plain HTTP or in the TLS handshake (RFC 8555, RFC 8737), never by DNS records, so port 80 or
// 443 must be reachable from the internet, and there are no wildcard certificates.
type tlsFlags struct {
	TLSDomain     string `name:"tls-domain" help:"Host names of the server; it gets certificates for them by ACME. Setting this accepts the terms of the certificate authority." placeholder:"NAME,…"`
	TLSDir        string `name:"tls-dir" help:"Folder of the keys and certificates of --tls-domain, which nobody else may read (default: certs beside the database file; with PostgreSQL in the working directory)." placeholder:"DIR"`
	TLSCert       string `name:"tls-cert" help:"Your own certificate with its chain, in PEM; read again when it changes." placeholder:"FILE"`
	TLSKey        string `name:"tls-key" help:"Key of --tls-cert." placeholder:"FILE"`
	HTTPListen    string `name:"http-listen" help:"With TLS: address for plain HTTP, which answers the certificate authority and redirects to https (default :80 with --tls-domain)." placeholder:"HOST:PORT"`
	ACMEDirectory string `name:"acme-directory" help:"URL of the ACME directory of the certificate authority (default: Let's Encrypt)." placeholder:"URL"`
}

// secure reports whether the server speaks TLS by itself.
func (f tlsFlags) secure() bool { return f.TLSDomain != "" || f.TLSCert != "" }

// withDefaults returns the settings with the defaults that depend on other settings. With
// --tls-domain nothing else is needed: ports, folder and base URL follow from it.
func (c serveCommand) withDefaults() serveCommand {
	if c.Listen == "" {
		c.Listen = "127.0.0.1:8080"
		if c.secure() {
			c.Listen = ":443"
		}
	}
	if c.TLSDomain == "" {
		return c
	}
	if c.HTTPListen == "" {
		c.HTTPListen = ":80"
	}
	switch {
	case c.TLSDir != "" || c.DB == store.Memory:
	case postgres.IsAddress(c.DB):
		c.TLSDir = "certs"
	default:
		c.TLSDir = filepath.Join(filepath.Dir(c.DB), "certs")
	}
	if domains, err := edge.ParseDomains(c.TLSDomain); err == nil && c.BaseURL == "" {
		c.BaseURL = "https://" + domains[0]
	}
	return c
}

// checkTLS refuses settings of TLS that contradict each other, or that have no effect without
// another one.
func (c serveCommand) checkTLS() error {
	switch {
	case c.Local && c.secure():
		return errors.New("local mode is for this machine alone and speaks no TLS: leave out --tls-domain and --tls-cert, or --local")
	case c.TLSDomain != "" && (c.TLSCert != "" || c.TLSKey != ""):
		return errors.New("--tls-domain gets certificates, --tls-cert and --tls-key name one of your own: set one or the other")
	case (c.TLSCert == "") != (c.TLSKey == ""):
		return errors.New("--tls-cert and --tls-key go together: set both")
	case c.TLSDomain == "" && (c.TLSDir != "" || c.ACMEDirectory != ""):
		return errors.New("--tls-dir and --acme-directory are for --tls-domain: set that to the name of the server, like crm.example.com")
	case c.HTTPListen != "" && !c.secure():
		return errors.New("--http-listen sends readers to https: set --tls-domain, or --tls-cert and --tls-key")
	case c.TLSDomain == "":
		return nil
	case c.TLSDir == "":
		return errors.New("--db :memory: leaves nothing behind, but certificates must stay: set --tls-dir")
	}
	if _, err := edge.ParseDomains(c.TLSDomain); err != nil {
		return fmt.Errorf("--tls-domain: %w", err)
	}
	if u, err := url.Parse(c.ACMEDirectory); c.ACMEDirectory != "" && (err != nil || u.Host == "") {
		return fmt.Errorf("--acme-directory %s: write a URL, like https://acme-staging-v02.api.letsencrypt.org/directory", c.ACMEDirectory)
	}
	return nil
}

// certificates returns the source of certificates, from files or by ACME, or nil if the
// server speaks plain HTTP. It makes the folder of ACME's keys.
func (c serveCommand) certificates(log *slog.Logger) (*edge.Certificates, error) {
	if c.TLSCert != "" {
		certificates, err := edge.FromFiles(c.TLSCert, c.TLSKey, log)
		if err != nil {
			return nil, fmt.Errorf("--tls-cert and --tls-key: %w", err)
		}
		return certificates, nil
	}
	if c.TLSDomain == "" {
		return nil, nil
	}
	domains, err := edge.ParseDomains(c.TLSDomain)
	if err != nil {
		return nil, err
	}
	if err := makePrivateDir(c.TLSDir); err != nil {
		return nil, fmt.Errorf("--tls-dir: %w", err)
	}
	return edge.ByACME(edge.ACME{Domains: domains, Dir: c.TLSDir, Directory: c.ACMEDirectory}), nil
}

// makePrivateDir makes a directory that other users cannot read. It does not change the mode
// of an existing one, which may be shared on purpose, but returns an error for it.
func makePrivateDir(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	// MkdirAll leaves an existing folder as it is.
	if info.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("%s holds private keys, and its mode %04o lets others in; chmod 700 it, or name another", dir, info.Mode().Perm())
	}
	return nil
}

// origin returns an address as the ready line and the log name it: with the scheme, so that
// it can be opened, and with the real port if the setting was port 0.
func (c serveCommand) origin(addr net.Addr) string {
	if addr.Network() == "unix" {
		return unixPrefix + addr.String()
	}
	if c.secure() {
		return "https://" + addr.String()
	}
	return "http://" + addr.String()
}
