package pgtest

import (
	"os"
	"syscall"
)

// memoryPlace is where Linux keeps files in memory.
const memoryPlace = "/dev/shm"

// memoryRoom is how much room must be free there: that of a container is often 64 MB.
const memoryRoom = 4 << 30

// tmpfs is the number of the file system that keeps files in memory.
const tmpfs = 0x01021994

// quickPlace returns the folder for files that need not be on a disk. In memory a database is created
// five to twenty times as fast as on a disk. TMPDIR, if set, says where temporary files may be.
func quickPlace() string {
	var s syscall.Statfs_t
	if os.Getenv("TMPDIR") == "" && syscall.Statfs(memoryPlace, &s) == nil && s.Type == tmpfs && s.Bavail*uint64(s.Bsize) >= memoryRoom {
		return memoryPlace
	}
	return os.TempDir()
}
