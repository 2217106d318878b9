package pgtest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"testing"
)

// oldest is the oldest major version of PostgreSQL that crmkit runs on.
const oldest = 15

// binVariable names the environment variable with the folder of PostgreSQL's programs, for an
// installation that is neither in PATH nor where Debian puts it.
const binVariable = "CRMKIT_POSTGRES_BIN"

// installed is the installation that this process uses.
var installed = sync.OnceValues(findPostgres)

// Need skips the test if a program that it uses is not installed, "postgres" or "pgbouncer". If
// the environment variable CI is set, the test fails instead.
func Need(t testing.TB, program string) {
	t.Helper()
	var err error
	switch program {
	case "postgres":
		_, err = installed()
	case "pgbouncer":
		_, err = findPooler()
	default:
		t.Fatalf(`pgtest.Need knows "postgres" and "pgbouncer", not %q`, program)
	}
	lack(t, err)
}

// lack skips the test if there is an error, and says which. In CI the test fails.
func lack(t testing.TB, err error) {
	t.Helper()
	switch {
	case err == nil:
	case os.Getenv("CI") != "":
		t.Fatalf("CI must not skip this: %v", err)
	default:
		t.Skipf("skipped: %v", err)
	}
}

// installation is where the programs of one version of PostgreSQL are.
type installation struct {
	dir     string
	version int // major
}

// findPostgres returns the first installation that is new enough: that of the environment variable,
// that of PATH, then the newest of Debian's.
func findPostgres() (installation, error) {
	missing := fmt.Errorf("PostgreSQL %d or newer is not installed (apt-get install postgresql pgbouncer)", oldest)
	if dir := os.Getenv(binVariable); dir != "" {
		found, err := inspect(dir)
		if err != nil {
			return installation{}, fmt.Errorf("%s=%s: %w", binVariable, dir, err)
		}
		return found, nil
	}
	if path, err := exec.LookPath("postgres"); err == nil {
		// A link in PATH may lead to a folder with programs that PATH lacks.
		if path, err = filepath.EvalSymlinks(path); err == nil {
			if found, err := inspect(filepath.Dir(path)); err == nil {
				return found, nil
			}
		}
	}
	dirs, _ := filepath.Glob("/usr/lib/postgresql/*/bin") // the pattern is well formed
	var list []installation
	for _, dir := range dirs {
		if found, err := inspect(dir); err == nil {
			list = append(list, found)
		}
	}
	if len(list) == 0 {
		return installation{}, missing
	}
	return slices.MaxFunc(list, func(a, b installation) int { return a.version - b.version }), nil
}

// versionText matches the answer of postgres --version, as in "postgres (PostgreSQL) 15.14 (Debian …)".
var versionText = regexp.MustCompile(`\(PostgreSQL\) (\d+)`)

// inspect checks that a folder has the programs that the kit runs, new enough.
func inspect(dir string) (installation, error) {
	for _, name := range []string{"postgres", "initdb", "pg_basebackup"} {
		if _, err := exec.LookPath(filepath.Join(dir, name)); err != nil {
			return installation{}, err
		}
	}
	out, err := exec.Command(filepath.Join(dir, "postgres"), "--version").Output()
	if err != nil {
		return installation{}, err
	}
	m := versionText.FindSubmatch(out)
	if m == nil {
		return installation{}, fmt.Errorf("postgres --version says %q", out)
	}
	version, err := strconv.Atoi(string(m[1]))
	if err != nil || version < oldest {
		return installation{}, fmt.Errorf("PostgreSQL %s is older than %d", m[1], oldest)
	}
	return installation{dir, version}, nil
}

// findPooler returns the path of PgBouncer, which Debian installs where only root has its PATH.
func findPooler() (string, error) {
	for _, name := range []string{"pgbouncer", "/usr/sbin/pgbouncer"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("PgBouncer is not installed (apt-get install pgbouncer)")
}
