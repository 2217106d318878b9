package e2e

import (
	"os"
	"os/exec"
	"testing"
)

// repository is the root of the source, from the directory of this package.
const repository = "../.."

// source returns the path of a file of the repository.
func source(name string) string { return repository + "/" + name }

// long skips a test in the short run of a developer and says why. The Makefile lists
// these lines by searching for their text, so each call spells its reason.
func long(t *testing.T, why string) {
	t.Helper()
	if testing.Short() {
		t.Skip(why)
	}
}

// needs returns the path of a program the test cannot do without. Where it is
// missing the test is skipped, but never in CI.
func needs(t *testing.T, program string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err == nil {
		return path
	}
	lacks(t, "no %s here", program)
	return ""
}

// lacks skips a test that the machine cannot make and says why. CI must be able to
// make every one.
func lacks(t *testing.T, why string, args ...any) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatalf("CI must not skip this: "+why, args...)
	}
	t.Skipf(why, args...)
}
