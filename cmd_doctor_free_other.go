//go:build !linux && !darwin

package main

import "errors"

// freeBytes returns an error, which doctor shows as a warning.
func freeBytes(string) (int64, error) {
	return 0, errors.New("the free space is not known on this system")
}
