package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"crmkit/crm/norm"
	"crmkit/store"
)

// doctorCommand takes the settings of serve, so that it looks at the same server.
type doctorCommand struct {
	serveCommand
}

// doctorRun is what the checks look at.
type doctorRun struct {
	doctorCommand
	health store.Health // of the file, if there is one
	fault  error        // what is wrong with it
}

// severity is how bad a finding is.
type severity string

const (
	ok   severity = "ok"
	warn severity = "warn" // it works, but not as it should
	fail severity = "fail" // it does not work
)

// checkResult is what a check found. Where it is not ok, todo says what to do.
type checkResult struct {
	grade  severity
	what   string // the check
	found  string
	remedy string
}

// String spells a finding as one line.
func (f checkResult) String() string {
	line := fmt.Sprintf("%-4s %s: %s", f.grade, f.what, f.found)
	if f.remedy != "" {
		line += "; " + f.remedy
	}
	return norm.OneLine(line)
}

// Run prints a line for each check. It is an error when one fails.
func (c doctorCommand) Run(ctx context.Context, io console, root *cli) error {
	c.serveCommand = c.withDefaults()
	e := doctorRun{doctorCommand: c}
	if _, err := os.Stat(c.DB); err == nil && c.DB != store.Memory {
		e.health, e.fault = store.Check(ctx, c.DB)
	}
	failed := 0
	for _, look := range []func(context.Context) checkResult{
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
func (c doctorRun) settings(context.Context) checkResult {
	if err := c.check(); err != nil {
		return checkResult{fail, "settings", strings.TrimSuffix(err.Error(), "."), "crmkit serve would not start"}
	}
	if _, err := c.plans(); err != nil {
		return checkResult{fail, "settings", err.Error(), "crmkit serve would not start"}
	}
	if c.Local {
		return checkResult{ok, "settings", "local mode, on " + c.Listen, ""}
	}
	return checkResult{ok, "settings", "complete, on " + c.Listen, ""}
}
