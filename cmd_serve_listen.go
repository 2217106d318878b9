package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strings"

	"crmkit/server"
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
