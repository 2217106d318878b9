//go:build !linux

package sqlite

// diskOf knows no network file systems here.
func diskOf(string) (network string, unsure bool, err error) { return "", false, nil }
