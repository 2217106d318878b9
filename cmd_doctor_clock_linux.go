package main

import "syscall"

// unsynchronised is TIME_ERROR of adjtimex(2).
const unsynchronised = 5

// clockSynchronised reports whether a time service, such as NTP, keeps the kernel's clock
// right. If the system call is not allowed, as in some containers, it reports true: the host
// keeps the clock there.
func clockSynchronised() bool {
	var t syscall.Timex
	state, err := syscall.Adjtimex(&t)
	return err != nil || state != unsynchronised
}
