//go:build linux || darwin

package main

import "syscall"

// freeBytes returns how much of a disk others than root may still fill.
func freeBytes(dir string) (int64, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return 0, err
	}
	return int64(s.Bavail) * int64(s.Bsize), nil
}
