//go:build !unix

package server_test

import "testing"

// processorTime returns 0, since this platform has no getrusage.
func processorTime(*testing.B) float64 { return 0 }
