//go:build unix

package pgtest

import (
	"fmt"
	"os"
	"os/user"
	"strconv"
	"syscall"
)

// ownSession starts a program in a session of its own, which signals from the terminal do not reach.
func ownSession() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }

// serverUser makes a program run as a user who is not root, since PostgreSQL and PgBouncer refuse to
// run as root.
func serverUser() (*syscall.SysProcAttr, error) {
	attributes := ownSession()
	uid, gid, err := serverIDs()
	if os.Geteuid() == 0 {
		attributes.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	}
	return attributes, err
}

// serverIDs returns the numbers of the user and group that servers run as: this user, and for root
// that of Debian's PostgreSQL, or any user without rights.
func serverIDs() (uid, gid int, err error) {
	if os.Geteuid() != 0 {
		return os.Geteuid(), os.Getegid(), nil
	}
	found, err := user.Lookup("postgres")
	if err != nil {
		if found, err = user.Lookup("nobody"); err != nil {
			return 0, 0, fmt.Errorf("PostgreSQL does not run as root, and there is no user postgres or nobody: %w", err)
		}
	}
	if uid, err = strconv.Atoi(found.Uid); err == nil {
		gid, err = strconv.Atoi(found.Gid)
	}
	return uid, gid, err
}

// giveAway makes a file belong to the user of the servers.
func giveAway(path string) error {
	uid, gid, err := serverIDs()
	if err != nil {
		return err
	}
	return os.Chown(path, uid, gid)
}

// The signals that PostgreSQL stops at.
const (
	stopFast      = syscall.SIGINT  // disconnects clients, writes a checkpoint
	stopImmediate = syscall.SIGQUIT // leaves recovery to the next start
)
