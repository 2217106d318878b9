//go:build unix

package server_test

import (
	"syscall"
	"testing"
)

// processorTime returns the microseconds that this process has taken of the processors.
func processorTime(b *testing.B) float64 {
	b.Helper()
	var use syscall.Rusage
	check(b, syscall.Getrusage(syscall.RUSAGE_SELF, &use))
	return float64(use.Utime.Nano()+use.Stime.Nano()) / 1000
}
