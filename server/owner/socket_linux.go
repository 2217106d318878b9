package owner

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// maxSocketName is the most bytes of a socket's name (unix(7)), its final zero left out.
const maxSocketName = 107

// withShortName calls fn with a name of the socket that fits into an address. A name that is
// too long is replaced by one below /proc/self/fd, through the folder that this process has open.
func withShortName(name string, fn func(short string) error) error {
	if len(name) <= maxSocketName {
		return fn(name)
	}
	folder, err := os.OpenFile(filepath.Dir(name), syscall.O_DIRECTORY|syscall.O_NOFOLLOW|oPath, 0)
	if err != nil {
		return err
	}
	defer folder.Close()
	return fn(fmt.Sprintf("/proc/self/fd/%d/%s", folder.Fd(), filepath.Base(name)))
}

// oPath is O_PATH (open(2)): the descriptor names the folder, and needs no right to read it.
const oPath = 0x200000
