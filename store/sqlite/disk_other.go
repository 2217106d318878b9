//go:build !linux

package sqlite

// diskOf does not detect network file systems on this system.
func diskOf(string) (network string, unsure bool, err error) { return "", false, nil }
