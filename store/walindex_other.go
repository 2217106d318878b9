//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly)

package store

// walIndex cannot be looked at here: the database is asked each time.
type walIndex struct{}

type walHead struct{}

func openWalIndex(string) *walIndex { return nil }

func (*walIndex) head() (head walHead, ok bool) { return head, false }

func (*walIndex) close() error { return nil }
