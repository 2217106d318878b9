package e2e

import (
	"os"
	"syscall"
	"unsafe"
)

// shutDown cuts an ext4 file system off without flushing its log: the ioctl
// EXT4_IOC_SHUTDOWN with EXT4_GOING_FLAGS_NOLOGFLUSH.
func shutDown(dir *os.File) error {
	const shutdown = 0x8004587d
	flags := uint32(2)
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, dir.Fd(), shutdown, uintptr(unsafe.Pointer(&flags))); errno != 0 {
		return errno
	}
	return nil
}
