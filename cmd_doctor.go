package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"crmkit/crm/norm"
	"crmkit/store"
	"crmkit/store/postgres"
)

// doctorCommand finds what keeps a server from working, in the words of an operator. It takes
// the settings of serve, so that it checks the same server with the same defaults. It is safe
// beside a running server: it sends no mail and changes no data. To see whether it may write,
// it makes temporary files in the folders of the database and of the backups, and removes them.
//
// A new check is a method of doctorRun and an entry in the list of Run. It belongs here if a
// server starts without it and fails later; conditions for the start belong in check.
type doctorCommand struct {
	serveCommand
}

// doctorRun is the input of the checks: the settings, and the state of the file, which is
// read once because several checks need it.
type doctorRun struct {
	doctorCommand
	health store.Health       // of the file, if there is one
	server store.ServerHealth // of a PostgreSQL database
	fault  error              // what is wrong with it
}

// severity says how bad a result is. Only fail makes the exit status 1, so that doctor can
// be used in a script on a server that works with warnings.
type severity string

const (
	ok   severity = "ok"
	warn severity = "warn" // it works, but not as it should
	fail severity = "fail" // it does not work
)

// checkResult is the result of a check. The zero value means that the check does not apply.
type checkResult struct {
	severity severity
	check    string // name of the check, the first word of the line
	found    string
	remedy   string // what to do; empty if the severity is ok
}

// String returns the result as one line.
func (f checkResult) String() string {
	line := fmt.Sprintf("%-4s %s: %s", f.severity, f.check, f.found)
	if f.remedy != "" {
		line += "; " + f.remedy
	}
	return norm.OneLine(line)
}

// Run prints a line for each check that applies, in the order in which problems should be
// solved: settings and files first, the network after them. It returns an error if one of
// them failed.
func (c doctorCommand) Run(ctx context.Context, con console, root *cli) error {
	c.serveCommand = c.withDefaults()
	e := doctorRun{doctorCommand: c}
	e.look(ctx)
	// Every check runs, even after one that failed: an operator who repairs a server wants to
	// see all problems at once.
	failed := 0
	for _, check := range slices.Concat([]func(context.Context) checkResult{e.settings, root.configFile}, e.ofDatabase(),
		[]func(context.Context) checkResult{e.clock, e.certificate, e.smtp, e.baseURL, e.proxy, e.signUp, e.backup}) {
		f := check(ctx)
		if f.check == "" {
			continue // it does not apply
		}
		if f.severity == fail {
			failed++
		}
		if _, err := fmt.Fprintln(con.out, f); err != nil {
			return err
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d of the checks failed", failed)
	}
	return nil
}

// ofDatabase returns the checks for the kind of the database.
func (c doctorRun) ofDatabase() []func(context.Context) checkResult {
	if postgres.IsAddress(c.DB) {
		return []func(context.Context) checkResult{c.password, c.serverDatabase, c.role, c.connections, c.pooler, c.durability, c.standbys, c.search, c.timeouts, c.serverClock, c.temporary}
	}
	return []func(context.Context) checkResult{c.database, c.permissions, c.space}
}

// settings reports the error with which serve would refuse to start.
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
