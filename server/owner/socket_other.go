//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly)

package owner

import "errors"

// withShortName fails: on this system no socket is known that only one user may open.
func withShortName(string, func(short string) error) error {
	return errors.New("this system has no sockets that only one user may open")
}
