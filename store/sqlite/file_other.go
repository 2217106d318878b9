//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly)

package sqlite

import "os"

// Where the system has no such locks nothing holds a second server off.

func Flock(*os.File, bool) error { return nil }

func UsedBy(string) (who string, err error) { return "", nil }

func Writable(string) error { return nil }

func SameOwner(string, *os.File) error { return nil }

const noFollow = 0

func names(os.FileInfo) uint64 { return 1 }

type Owner struct{ User, Group int }

func OwnerOf(string) (Owner, error) { return Owner{}, nil }
