package main

import "syscall"

// unsynchronised is TIME_ERROR of adjtimex(2).
const unsynchronised = 5

// clockSynchronised reports whether the kernel knows its clock to be kept right by NTP or
// the like. Where it may not be asked, as in some containers, it is taken to be.
func clockSynchronised() bool {
	var t syscall.Timex
	state, err := syscall.Adjtimex(&t)
	return err != nil || state != unsynchronised
}
