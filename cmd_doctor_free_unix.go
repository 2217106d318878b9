//go:build linux || darwin

package main

import "syscall"

// freeBytes returns the free bytes of the disk that has the directory. It leaves out the
// reserve of root, which a server does not run as.
func freeBytes(dir string) (int64, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return 0, err
	}
	return int64(s.Bavail) * int64(s.Bsize), nil
}
