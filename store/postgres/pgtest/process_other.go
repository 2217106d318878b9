//go:build !unix

package pgtest

import (
	"errors"
	"os"
	"syscall"
)

// errPlatform says why nothing starts here. No test gets this far: Need finds no PostgreSQL
// where it is searched for.
var errPlatform = errors.New("the test kit for PostgreSQL runs on Unix only")

func ownSession() *syscall.SysProcAttr          { return nil }
func serverUser() (*syscall.SysProcAttr, error) { return nil, errPlatform }
func giveAway(path string) error                { return errPlatform }
func killFamily(pid int) error                  { return errPlatform }
func freeze(pid int) error                      { return errPlatform }

// The signals that PostgreSQL stops at on Unix.
var (
	stopFast      = os.Interrupt
	stopImmediate = os.Kill
)
