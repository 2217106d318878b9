//go:build !linux

package sqlite

// DiskOf knows no network file systems here.
func DiskOf(string) (network string, unsure bool, err error) { return "", false, nil }
