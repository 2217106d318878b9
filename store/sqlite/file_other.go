//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly)

package sqlite

import "os"

// On these systems nothing keeps a second server off the file, and files have no owner
// that could differ.

func flock(*os.File, lockMode) error { return nil }

func usedBy(string) (process string, err error) { return "", nil }

func writable(string) error { return nil }

func sameOwner(string, *os.File) error { return nil }

const noFollow = 0

func names(os.FileInfo) uint64 { return 1 }

type owner struct{ user, group int }

func ownerOf(string) (owner, error) { return owner{}, nil }
