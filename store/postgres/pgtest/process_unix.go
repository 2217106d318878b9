//go:build unix

package pgtest

import (
	"bytes"
	"fmt"
	"os"
	"os/user"
	"strconv"
	"strings"
	"syscall"
	"time"
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

// killFamily kills a process and its children. The process is stopped first, so that it neither starts
// others nor notices that they end.
func killFamily(pid int) error {
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		return err
	}
	for range 1000 {
		if state, _, known := status(pid); !known || state == 'T' {
			break
		}
		time.Sleep(time.Millisecond)
	}
	family := children(pid)
	for _, member := range append(family, pid) {
		if err := syscall.Kill(member, syscall.SIGKILL); err != nil && err != syscall.ESRCH {
			return err
		}
	}
	for _, member := range family {
		if err := waitEnd(member); err != nil {
			return err
		}
	}
	return nil
}

// freeze stops a process, which goes on to exist.
func freeze(pid int) error { return syscall.Kill(pid, syscall.SIGSTOP) }

// waitEnd waits until a process has given back what it had, such as shared memory.
func waitEnd(pid int) error {
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if state, _, known := status(pid); !known || state == 'Z' {
			return nil
		}
	}
	return fmt.Errorf("process %d lives on %v after it was killed", pid, patience)
}

// children returns the children of a process, none if the system has no /proc.
func children(parent int) (list []int) {
	entries, _ := os.ReadDir("/proc")
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		if _, its, known := status(pid); known && its == parent {
			list = append(list, pid)
		}
	}
	return list
}

// status returns the state of a process, as the letter that Linux has for it, and its parent.
func status(pid int) (state byte, parent int, known bool) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, 0, false
	}
	// The name in parentheses may have spaces and parentheses of its own.
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if len(fields) < 2 {
		return 0, 0, false
	}
	parent, err = strconv.Atoi(fields[1])
	return fields[0][0], parent, err == nil
}
