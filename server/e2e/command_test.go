package e2e

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

// run runs a command to its end. The error of one that fails is what it says on standard
// error, without its name.
func run(t *testing.T, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	cmd := command(t, args...)
	var out, log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &log
	if err = cmd.Run(); err != nil {
		err = errors.New(strings.TrimPrefix(log.String(), "crmkit: "))
	}
	return out.String(), log.String(), err
}

// TestVersion checks that the binary names its version: that of a build without one.
func TestVersion(t *testing.T) {
	if out, err := command(t, "version").Output(); err != nil || string(out) != "crmkit dev\n" {
		t.Errorf("version of the binary: %q, %v", out, err)
	}
}

// TestExitCode checks that a command that fails says so in a line and by its exit code.
func TestExitCode(t *testing.T) {
	cmd := command(t, "serv")
	out, err := cmd.CombinedOutput()
	if err == nil || cmd.ProcessState.ExitCode() != 1 || !strings.HasPrefix(string(out), "crmkit: ") {
		t.Errorf("exit code %d, want 1 and a line that starts with crmkit:\n%s", cmd.ProcessState.ExitCode(), out)
	}
}
