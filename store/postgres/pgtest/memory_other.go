//go:build !linux

package pgtest

import "os"

// quickPlace returns the folder for files that need not be on a disk.
func quickPlace() string { return os.TempDir() }
