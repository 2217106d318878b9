//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly)

package sqlite

import "os"

// On these systems files have no owner that could differ, folders cannot be locked, and it is
// not known which process has a file open.

func lockFolder(*os.File) error { return nil }

func usedBy(string) (process string, err error) { return "", nil }

func writable(string) error { return nil }

func sameOwner(string, *os.File) error { return nil }

const noFollow = 0

func names(os.FileInfo) uint64 { return 1 }

func userOf(os.FileInfo) int { return os.Geteuid() }

type owner struct{ user, group int }

func ownerOf(string) (owner, error) { return owner{}, nil }
