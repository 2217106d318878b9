package e2e

import (
	"os"
	"os/exec"
	"testing"
)

// The name of a file says what its tests need beyond Go:
//
//	npm_*      clients from npm (testdata/clients/install)
//	browser_*  Chromium
//	faults_*   processes and disks that fail: strace, root to mount disks
//	soak*      the same, for as long as the flags say
//	deploy_*   programs that deploy/ is for: systemd, Caddy, nginx
//	postgres*  PostgreSQL, which package pgtest starts
//
// The short run leaves these tests out (long), and a machine that lacks a program skips
// them (needs, lacks). In CI nothing is left out: what is missing there is a failure.

// repository is the root of the source, from the directory of this package.
const repository = "../.."

// source returns the path of a file of the repository.
func source(name string) string { return repository + "/" + name }

// long leaves a test out of the short run and says why. The Makefile finds the reasons by
// their text in the source, so each call has its reason as a literal.
func long(t *testing.T, why string) {
	t.Helper()
	if testing.Short() {
		t.Skip(why)
	}
}

// needs returns the path of a program that the test runs. If it is missing the test is
// skipped, and in CI it fails.
func needs(t *testing.T, program string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err == nil {
		return path
	}
	lacks(t, "no %s here", program)
	return ""
}

// lacks skips a test that this machine cannot run and says why. In CI it fails.
func lacks(t *testing.T, why string, args ...any) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatalf("CI must not skip this: "+why, args...)
	}
	t.Skipf(why, args...)
}
