package crm

import "strings"

// RunHeader names the run to which the changes of a request belong.
const RunHeader = "Crmkit-Run"

// MaxRun is the most characters of the name of a run.
const MaxRun = 100

// CheckRun returns the error of a name that a run cannot have, or nil.
func CheckRun(name string) *Error {
	visible := !strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r > '~' })
	if name == "" || len(name) > MaxRun || !visible {
		return Errorf(InvalidValue, "the name of a run has 1 to %d visible ASCII characters and no blanks, like enrich-1128.", MaxRun)
	}
	return nil
}
