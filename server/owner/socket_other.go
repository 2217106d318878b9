//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly)

package owner

import "errors"

// withShortName fails: sockets that only one user may open are not known here.
func withShortName(string, func(short string) error) error {
	return errors.New("this system has no sockets for the other processes of a user")
}
