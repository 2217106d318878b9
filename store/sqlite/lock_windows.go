package sqlite

import (
	"errors"
	"os"
	"syscall"
	"unsafe"
)

// lockedByte is the byte of the lock file that is locked. It is far after the text of the file,
// because other processes cannot read a locked byte.
const lockedByte = 1 << 30

// flock locks a file for this handle, or fails with errHeld.
func flock(file *os.File) error {
	const (
		failImmediately = 1
		exclusive       = 2
		lockViolation   = syscall.Errno(33)
		ioPending       = syscall.Errno(997)
	)
	at := syscall.Overlapped{Offset: lockedByte}
	done, _, err := syscall.NewLazyDLL("kernel32.dll").NewProc("LockFileEx").Call(
		file.Fd(), failImmediately|exclusive, 0, 1, 0, uintptr(unsafe.Pointer(&at)))
	if done != 0 {
		return nil
	}
	if errors.Is(err, lockViolation) || errors.Is(err, ioPending) {
		return errHeld
	}
	return err
}
