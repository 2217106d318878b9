package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"crmkit/crm"
	"crmkit/store"
)

// doctorCommand takes the settings of serve, so that it looks at the same server.
type doctorCommand struct {
	serveCommand
}

// exam is what the checks look at.
type exam struct {
	doctorCommand
	health store.Health // of the file, if there is one
	fault  error        // what is wrong with it
}

// grade is how bad a finding is.
type grade string

const (
	ok   grade = "ok"
	warn grade = "warn" // it works, but not as it should
	fail grade = "fail" // it does not work
)

// finding is what a check found. Where it is not ok, todo says what to do.
type finding struct {
	grade grade
	what  string // the check
	found string
	todo  string
}

// String spells a finding as one line.
func (f finding) String() string {
	line := fmt.Sprintf("%-4s %s: %s", f.grade, f.what, f.found)
	if f.todo != "" {
		line += "; " + f.todo
	}
	return crm.OneLine(line)
}

// Run prints a line for each check. It is an error when one fails.
func (c doctorCommand) Run(ctx context.Context, io console, root *cli) error {
	c.serveCommand = c.filled()
	e := exam{doctorCommand: c}
	if _, err := os.Stat(c.DB); err == nil && c.DB != store.Memory {
		e.health, e.fault = store.Check(ctx, c.DB)
	}
	failed := 0
	for _, look := range []func(context.Context) finding{
		e.settings, root.configFile, e.database, e.permissions, e.space, e.clock, e.certificate, e.smtp, e.baseURL, e.proxy, e.signUp, e.backup,
	} {
		f := look(ctx)
		if f.what == "" {
			continue // it does not apply
		}
		if f.grade == fail {
			failed++
		}
		if _, err := fmt.Fprintln(io.out, f); err != nil {
			return err
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d of the checks failed", failed)
	}
	return nil
}

// settings checks what serve would refuse at its start.
func (c exam) settings(context.Context) finding {
	if err := c.check(); err != nil {
		return finding{fail, "settings", strings.TrimSuffix(err.Error(), "."), "crmkit serve would not start"}
	}
	if _, err := c.plans(); err != nil {
		return finding{fail, "settings", err.Error(), "crmkit serve would not start"}
	}
	if c.Local {
		return finding{ok, "settings", "local mode, on " + c.Listen, ""}
	}
	return finding{ok, "settings", "complete, on " + c.Listen, ""}
}
