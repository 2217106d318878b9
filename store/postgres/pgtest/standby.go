package pgtest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Standby starts a copy of the cluster that follows it, until the end of the test. From now on a commit
// waits until a standby has it on its disk (synchronous_commit and synchronous_standby_names): while
// all standbys are stopped, nothing commits. A standby only answers reads until it is promoted.
func (c *Cluster) Standby(t testing.TB) *Cluster {
	t.Helper()
	c.private(t)
	s := &Cluster{folder: c.folder, bin: c.bin, name: fmt.Sprintf("cluster%d", clusters.Add(1))}
	s.data = filepath.Join(filepath.Dir(c.data), s.name)
	if err := c.copyTo(s); err != nil {
		t.Fatal(err)
	}
	if err := s.launchAnywhere(); err != nil {
		t.Fatal(err)
	}
	c.standbys = append(c.standbys, s.name)
	t.Cleanup(func() {
		// Without its standby the primary would keep the commits waiting with which other parts of
		// the test end.
		if c.running() {
			if err := c.exec("ALTER SYSTEM RESET synchronous_standby_names", "SELECT pg_reload_conf()"); err != nil {
				t.Log(err)
			}
		}
		s.destroy(t)
	})
	if err := c.awaitStandbys(); err != nil {
		t.Fatal(err)
	}
	return s
}

// copyTo copies the files of the running cluster. The primary keeps the log that the standby has not
// read yet (a replication slot), also while the standby is stopped.
func (c *Cluster) copyTo(s *Cluster) error {
	primary := fmt.Sprintf("host=127.0.0.1 port=%d user=%s password=%s sslmode=disable application_name=%s", c.port, Admin, Password, s.name)
	err := c.folder.run(s.name, c.program("pg_basebackup"), "-D", s.data, "-d", primary, "--checkpoint=fast", "--no-sync",
		"--wal-method=stream", "--write-recovery-conf", "--create-slot", "--slot="+s.name)
	if err != nil {
		return err
	}
	// The copy has the settings of the primary. Once promoted, it has no standby to wait for.
	file, err := os.OpenFile(filepath.Join(s.data, "postgresql.auto.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = file.WriteString("synchronous_standby_names = ''\n")
	return errors.Join(err, file.Close())
}

// awaitStandbys makes commits wait for a standby, once all of them follow.
func (c *Cluster) awaitStandbys() error {
	names := "FIRST 1 (" + strings.Join(c.standbys, ", ") + ")"
	if err := c.exec("ALTER SYSTEM SET synchronous_standby_names = '"+names+"'", "SELECT pg_reload_conf()"); err != nil {
		return err
	}
	following := 0
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		err := c.ask(&following, "SELECT count(*) FROM pg_stat_replication WHERE application_name = ANY ($1) AND sync_state IN ('sync', 'potential')", c.standbys)
		if err != nil {
			return err
		}
		if following == len(c.standbys) {
			return nil
		}
	}
	return fmt.Errorf("%d of the standbys %v follow after %v", following, c.standbys, patience)
}

// Promote makes a standby a primary. It no longer follows the old one, which is not stopped by this.
func (c *Cluster) Promote(t testing.TB) {
	t.Helper()
	promoted := false
	if err := c.ask(&promoted, "SELECT pg_promote(wait => true)"); err != nil || !promoted {
		t.Fatalf("the standby is not promoted: %v", err)
	}
}
