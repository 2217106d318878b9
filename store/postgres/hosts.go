package postgres

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// hosts chooses the host of an address that names several. With target_session_attrs each connection
// finds out by itself whether its host is the right one, so the host that last was is asked first: a host
// that is down for long costs each new connection nothing, even if it answers nothing and refuses
// nothing.
type hosts struct {
	last atomic.Pointer[string] // that took a connection, with its port; nil: none yet
}

// dial opens a connection to the first host that takes it. It calls moved if that is another one than
// before: what is connected to the former host is not connected to the primary any more.
func (h *hosts) dial(ctx context.Context, config *pgx.ConnConfig, moved func()) (*pgx.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, config.ConnectTimeout*time.Duration(1+len(config.Fallbacks)))
	defer cancel()
	last := h.last.Load()
	var failures []error
	for _, one := range inOrder(config, last) {
		conn, err := pgx.ConnectConfig(ctx, one)
		if err == nil {
			h.note(last, one, moved)
			return conn, nil
		}
		failures = append(failures, err)
		if isFinal(err) {
			break
		}
	}
	return nil, &lostError{&dialError{errors.Join(failures...), attempts(failures)}}
}

// note notes the host that took a connection, unless another connection has noted one meanwhile.
func (h *hosts) note(last *string, took *pgx.ConnConfig, moved func()) {
	now := hostName(took)
	if last != nil && *last == now {
		return
	}
	if h.last.CompareAndSwap(last, &now) && last != nil {
		moved()
	}
}

// inOrder returns settings for each host alone, in the order in which they are asked: last is first. The
// settings of a host have it twice if it is asked with TLS and then without.
func inOrder(config *pgx.ConnConfig, last *string) (list []*pgx.ConnConfig) {
	if config.ValidateConnect == nil { // any host is the right one: the order of the address counts
		return []*pgx.ConnConfig{config}
	}
	all := append([]*pgconn.FallbackConfig{{Host: config.Host, Port: config.Port, TLSConfig: config.TLSConfig}}, config.Fallbacks...)
	for _, entry := range all {
		if n := len(list) - 1; n >= 0 && list[n].Host == entry.Host && list[n].Port == entry.Port {
			list[n].Fallbacks = append(list[n].Fallbacks, entry)
			continue
		}
		one := config.Copy()
		one.Host, one.Port, one.TLSConfig, one.Fallbacks = entry.Host, entry.Port, entry.TLSConfig, nil
		list = append(list, one)
	}
	if at := slices.IndexFunc(list, func(one *pgx.ConnConfig) bool { return last != nil && hostName(one) == *last }); at > 0 {
		first := list[at]
		list = slices.Insert(slices.Delete(list, at, at+1), 0, first)
	}
	return list
}

func hostName(config *pgx.ConnConfig) string {
	return net.JoinHostPort(config.Host, fmt.Sprint(config.Port))
}

// isFinal reports whether the other hosts would answer the same: the password is wrong, the database is
// missing, or the role may not connect. The driver stops there too.
func isFinal(err error) bool {
	var known *pgconn.PgError
	return errors.As(err, &known) && slices.Contains([]string{"28P01", "3D000", "42501"}, known.Code)
}

// refusedTLS is the end of the error of an attempt with TLS, after which the same host is asked
// without, unless the address requires TLS.
const refusedTLS = "server refused TLS connection"

// attempts returns what the hosts answered, each answer once, without the settings that pgx adds.
func attempts(failures []error) string {
	var list []string
	for _, err := range failures {
		text := err.Error()
		if refused := (*pgconn.ConnectError)(nil); errors.As(err, &refused) {
			text = errors.Unwrap(refused).Error()
		}
		for line := range strings.Lines(text) {
			if line = strings.Join(strings.Fields(line), " "); line != "" && !slices.Contains(list, line) {
				list = append(list, line)
			}
		}
	}
	others := slices.DeleteFunc(slices.Clone(list), func(line string) bool { return strings.HasSuffix(line, refusedTLS) })
	if len(others) > 0 {
		list = others
	}
	return strings.Join(list, "; ")
}
