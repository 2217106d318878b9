package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"runtime"

	"crmkit/store/postgres"
)

// password checks that nobody else can read the password of the database. A file of passwords that others
// may read is used by crmkit, and ignored by PostgreSQL's own programs, so that backups fail.
func (c doctorRun) password(context.Context) checkResult {
	if typedPassword(c.DB) {
		return checkResult{warn, "password", "that of the database is on the command line, where every user of this machine can read it", "put it into PGPASSWORD, ~/.pgpass or CRMKIT_DB"}
	}
	name := passwordFile(c.DB)
	info, err := os.Stat(name)
	if name == "" || err != nil || runtime.GOOS == "windows" || info.Mode().Perm()&0o077 == 0 {
		return checkResult{}
	}
	return checkResult{warn, "password", fmt.Sprintf("%s, with the mode %04o, is for others too, so PostgreSQL's own programs (pg_dump) do not read it", name, info.Mode().Perm()), "chmod 600 " + shellWord(name)}
}

// passwordFile returns the name of the file that has the password of a database; empty: the password is
// elsewhere.
func passwordFile(address string) string {
	if os.Getenv("PGPASSWORD") != "" || postgres.HasPassword(address) {
		return ""
	}
	if name := cmp.Or(postgres.PasswordFile(address), os.Getenv("PGPASSFILE")); name != "" {
		return name
	}
	self, err := user.Current()
	if err != nil {
		return ""
	}
	return filepath.Join(self.HomeDir, ".pgpass")
}
