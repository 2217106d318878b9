package main

import (
	"context"
	"errors"
	"fmt"
	"net"

	"crmkit/server"
)

// doors are the ports a server listens on.
type doors struct {
	api     net.Listener
	plain   net.Listener // beside TLS; nil: none
	metrics net.Listener // nil: none
}

// listen opens them all or none.
func (c serveCommand) listen() (d doors, err error) {
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
		if *door.to, err = net.Listen("tcp", door.at); err != nil {
			d.close()
			return doors{}, fmt.Errorf("%w; choose another address with %s, port 0 picks a free one", err, door.flag)
		}
	}
	return d, nil
}

func (d doors) close() {
	for _, l := range []net.Listener{d.api, d.plain, d.metrics} {
		if l != nil {
			_ = l.Close() // a server that served closed it already
		}
	}
}

// serve answers on all of them until the context ends, or one fails.
func (d doors) serve(ctx context.Context, srv *server.Server) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error)
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
		cancel() // none goes on without the others
	}
	return errors.Join(errs...)
}
