package owner

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"sync"

	"crmkit/store/sqlite"
)

// socketName returns the path of the socket of a database file.
func socketName(path string) string { return sqlite.Resolve(path) + ".sock" }

// maxConnections bounds the connections of other processes, and so the file descriptors of
// the owner. Each process has one that watches, and one for each request under way.
const maxConnections = 1000

// listen makes the socket of a file whose lock this process holds, and replaces an existing
// one. It is made in a folder that only its owner may enter, and moved out of it when it has
// its mode, so that another user can connect at no time.
func listen(path string) (*listener, error) {
	name := socketName(path)
	folder := name + ".new"
	inside := filepath.Join(folder, "s")
	if err := errors.Join(removeIfExists(inside), removeIfExists(folder)); err != nil {
		return nil, err
	}
	if err := os.Mkdir(folder, 0o700); err != nil {
		return nil, err
	}
	l, err := bind(inside)
	if err != nil {
		return nil, errors.Join(err, removeIfExists(folder))
	}
	err = errors.Join(os.Chmod(inside, 0o600), sqlite.GiveName(inside, path))
	if err == nil {
		err = os.Rename(inside, name)
	}
	if err != nil {
		return nil, errors.Join(err, l.Close(), removeIfExists(inside), removeIfExists(folder))
	}
	_ = removeIfExists(folder) // the next owner removes it otherwise
	return &listener{UnixListener: l, name: name, places: make(chan struct{}, maxConnections)}, nil
}

// bind listens on a new socket, which stays when the listener is closed: its name may be
// that of a later one by then.
func bind(name string) (l *net.UnixListener, err error) {
	err = withShortName(name, func(short string) (err error) {
		l, err = net.ListenUnix("unix", &net.UnixAddr{Name: short, Net: "unix"})
		return err
	})
	if err == nil {
		l.SetUnlinkOnClose(false)
	}
	return l, err
}

// dial connects to the socket of a file. It trusts no socket of another user.
func dial(ctx context.Context, path string) (conn net.Conn, err error) {
	if err := sqlite.CheckOwner(path, socketName(path)); err != nil {
		return nil, &net.OpError{Op: "dial", Net: "unix", Err: err} // nothing was sent
	}
	err = withShortName(socketName(path), func(short string) (err error) {
		conn, err = (&net.Dialer{}).DialContext(ctx, "unix", short)
		return err
	})
	return conn, err
}

func removeIfExists(name string) error {
	if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// listener is a socket that accepts at most cap(places) connections at once. Further ones
// wait in the queue of the kernel.
type listener struct {
	*net.UnixListener
	name   string // of the socket, to remove it: the name of the database may lead to another file by then
	places chan struct{}
}

// Accept waits for a place and for a connection.
func (l *listener) Accept() (net.Conn, error) {
	l.places <- struct{}{}
	conn, err := l.UnixListener.Accept()
	if err != nil {
		<-l.places
		return nil, err
	}
	return &connection{Conn: conn, leave: sync.OnceFunc(func() { <-l.places })}, nil
}

// connection gives its place back when it is closed.
type connection struct {
	net.Conn
	leave func()
}

// Close closes the connection, also for a second time.
func (c *connection) Close() error {
	c.leave()
	return c.Conn.Close()
}
