//go:build unix && !linux

package e2e

import (
	"errors"
	"os"
)

func shutDown(*os.File) error { return errors.ErrUnsupported }
