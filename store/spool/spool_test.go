package spool

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"crmkit/crm"
)

// TestFilesArePrivate checks that only the user of the process may read a file.
func TestFilesArePrivate(t *testing.T) {
	all := Beside(filepath.Join(t.TempDir(), "crm.db"))
	sp, err := all.Create()
	if err != nil {
		t.Fatal(err)
	}
	defer all.Close()
	if info, err := sp.file.Stat(); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

// TestSpoolOnAFullDisk checks that the error of a full disk is one for the client.
func TestSpoolOnAFullDisk(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_RDWR, 0)
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("CI must not skip this:", err)
		}
		t.Skip("left out: the system has no /dev/full")
	}
	sp := &File{file: full}
	defer full.Close()
	_, err = io.WriteString(sp, "x")
	var known *crm.Error
	if !errors.As(err, &known) || known.Code != crm.NotReady || !strings.Contains(known.Hint, "disk is full") {
		t.Errorf("%v", err)
	}
}
