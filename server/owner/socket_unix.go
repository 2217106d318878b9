//go:build darwin || freebsd || netbsd || openbsd || dragonfly

package owner

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
)

// maxSocketName is the most bytes of a socket's name (unix(4)), its final zero left out.
const maxSocketName = 103

// workingFolder is held while the working folder, of which a process has one, is another.
var workingFolder sync.Mutex

// withShortName calls fn with a name of the socket that fits into an address. For a name that
// is too long the process changes its working folder to that of the socket meanwhile, since
// these systems have no /proc. The paths of the database are absolute.
func withShortName(name string, fn func(short string) error) error {
	if len(name) <= maxSocketName {
		return fn(name)
	}
	workingFolder.Lock()
	defer workingFolder.Unlock()
	back, err := os.Getwd()
	if err != nil {
		return err
	}
	if err := os.Chdir(filepath.Dir(name)); err != nil {
		return err
	}
	return errors.Join(fn(filepath.Base(name)), os.Chdir(back))
}
