//go:build darwin || freebsd || netbsd || openbsd || dragonfly

package owner

import (
	"errors"
	"os"
	"path/filepath"
)

// maxSocketName is the most bytes of a socket's name (unix(4)), its final zero left out.
const maxSocketName = 103

// withShortName gives fn a name of the socket that its address has room for. A name that is
// too long becomes one in the working folder, which is that of the socket meanwhile. A process
// makes or looks for a socket only while it opens the file, and works with no other then.
func withShortName(name string, fn func(short string) error) error {
	if len(name) <= maxSocketName {
		return fn(name)
	}
	back, err := os.Getwd()
	if err != nil {
		return err
	}
	if err := os.Chdir(filepath.Dir(name)); err != nil {
		return err
	}
	return errors.Join(fn(filepath.Base(name)), os.Chdir(back))
}
