//go:build unix

package e2e

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// The soak: clients record every request and its outcome in a journal, while the server is
// made to fail in one way after the other. After each fault the server is compared with the
// journal (soak_check_test.go).

var (
	soakFor    = flag.Duration("soak", 600*time.Millisecond, "how long a fault of the soak lasts")
	soakRounds = flag.Int("soak-rounds", 1, "how often the soak goes through all faults")
	soakSeed   = flag.Uint64("soak-seed", uint64(time.Now().UnixNano()), "what the soak draws from")
)

const soakWorkers = 8

// soak is a server under faults and the journal of its client. With PostgreSQL there are several
// servers (soak_postgres_test.go).
type soak struct {
	*journals
	*instance
	t      *testing.T
	dir    string      // where the database is
	disk   *disk       // of the database; nil: the machine's own
	others []*instance // further servers on the same database
	token  string
	random *rand.Rand
}

// instance is a server that clients use.
type instance struct {
	server *running
	url    atomic.Value // it changes under the clients
}

func newSoak(t *testing.T) *soak {
	t.Helper()
	t.Logf("-soak-seed=%d", *soakSeed)
	return &soak{journals: newJournals(), instance: &instance{}, t: t, random: rand.New(rand.NewPCG(*soakSeed, 1))}
}

// instances returns all servers.
func (s *soak) instances() []*instance { return append([]*instance{s.instance}, s.others...) }

// start starts the server on the file of the soak.
func (s *soak) start(extra ...string) {
	s.t.Helper()
	cmd := command(s.t, append([]string{"serve", "--local", "--listen", "127.0.0.1:0", "--db", s.file()}, extra...)...)
	s.server = start(s.t, cmd)
	s.url.Store(s.server.url)
	if s.server.token != "" {
		s.token = s.server.token
	}
}

func (s *soak) file() string { return filepath.Join(s.dir, "crmkit.db") }

// pid returns the process id of the server, for the tools that disturb it.
func (s *soak) pid() string { return fmt.Sprint(s.server.cmd.Process.Pid) }

// load lets clients work until the context ends.
func (s *soak) load(ctx context.Context, clients int) {
	var working sync.WaitGroup
	for n := range clients {
		w := s.worker(n)
		working.Go(func() { w.work(ctx) })
	}
	working.Wait()
}

// TestSoak takes the server through every fault that this machine can make.
func TestSoak(t *testing.T) {
	long(t, "left out: processes and disks that fail")
	s := newSoak(t)
	s.disk = newDisk(t)
	s.dir = t.TempDir()
	if s.disk != nil {
		s.dir = s.disk.path
	}
	s.start("--token-for", "soak@example.com")
	s.baseline()
	for range *soakRounds {
		s.sufferAll(soakFaults())
	}
	s.stop()
	if s.disk == nil && os.Getenv("CI") != "" {
		t.Error("CI must not skip the faults of a disk of its own")
	}
	t.Logf("%s", s.summary())
}

// sufferAll takes the servers through faults, and ends the test after the first that shows a mistake.
func (s *soak) sufferAll(faults []soakFault) {
	s.t.Helper()
	for _, f := range faults {
		if why := f.missing(s); why != "" {
			if os.Getenv("CI") != "" {
				s.t.Errorf("CI must not skip %s: %s", f.name, why)
			}
			s.t.Logf("skipped: %s, %s", f.name, why)
			continue
		}
		s.suffer(f)
		if s.t.Failed() {
			for _, at := range s.instances() {
				s.t.Logf("after %s, a server said\n%s", f.name, tail(at.server.stderr.text()))
			}
			s.t.FailNow()
		}
	}
}

// stop ends the servers as an operator does.
func (s *soak) stop() {
	s.t.Helper()
	for _, at := range s.instances() {
		if code := at.server.stop(); code != 0 {
			s.t.Errorf("exit code %d\n%s", code, tail(at.server.stderr.text()))
		}
	}
}

// tail returns the end of a log.
func tail(text string) string { return text[max(0, len(text)-4000):] }

// suffer causes one fault under load, and then checks everything.
func (s *soak) suffer(f soakFault) {
	s.t.Helper()
	before := s.counts()
	var good, bad int
	s.underLoad(func() {
		time.Sleep(*soakFor / 4)
		s.reads.reset()
		undo := f.begin(s)
		time.Sleep(*soakFor)
		good, bad = s.reads.seen()
		undo()
		s.recovered()
		time.Sleep(*soakFor / 4)
	})
	for _, at := range s.instances() {
		if _, first, found := strings.Cut(at.server.stderr.text(), "internal error"); found {
			s.t.Errorf("%s: an answer says that the server is at fault, where the machine was: %.300s", f.name, first)
		}
	}
	if f.reads && (good == 0 || bad > 0) {
		s.t.Errorf("%s: %d reads went on and %d did not", f.name, good, bad)
	}
	s.check()
	s.t.Logf("%-24s %s", f.name, s.counts().since(before))
}

// underLoad does something while the clients work.
func (s *soak) underLoad(do func()) {
	ctx, cancel := context.WithCancel(s.t.Context())
	var loaded sync.WaitGroup
	loaded.Go(func() { s.load(ctx, soakWorkers) })
	do()
	cancel()
	loaded.Wait()
}

// recovered waits until each server accepts writes again.
func (s *soak) recovered() {
	s.t.Helper()
	for n := range s.instances() {
		w := s.worker(n)
		eventually(s.t, patience, func() bool { return w.write(w.create("deal")) == acknowledged })
		w.http.CloseIdleConnections()
	}
}

// disk is a file system for one test, which can be filled and shut down.
type disk struct {
	path, image string
}

// diskMegabytes returns the size of a disk on which all rounds have room: an answered write takes about two
// kilobytes, its kept answer included, and some hundreds are answered in a second.
func diskMegabytes() int { return 192 + 25*int(soakFor.Seconds())**soakRounds }

// newDisk makes a small ext4 file system, or returns nil if this machine cannot.
func newDisk(t *testing.T) *disk {
	t.Helper()
	return newDiskAt(t, filepath.Join(t.TempDir(), "disk"))
}

// newDiskAt is newDisk with the path of the file system.
func newDiskAt(t *testing.T, path string) *disk {
	t.Helper()
	d := &disk{path: path, image: filepath.Join(t.TempDir(), "image")}
	for _, command := range [][]string{{"mkdir", d.path}, {"truncate", "-s", fmt.Sprintf("%dM", diskMegabytes()), d.image}, {"mkfs.ext4", "-q", d.image}, {"mount", "-o", "loop", d.image, d.path}} {
		if out, err := exec.Command(command[0], command[1:]...).CombinedOutput(); err != nil {
			t.Logf("skipped: faults of a disk, %v: %v %s", command, err, strings.TrimSpace(string(out)))
			return nil
		}
	}
	t.Cleanup(func() { _ = exec.Command("umount", "-l", d.path).Run() })
	return d
}

// fill uses up the free space and returns the function that frees it.
func (d *disk) fill(t *testing.T) (free func()) {
	t.Helper()
	name := filepath.Join(d.path, "filler")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	block := make([]byte, 1<<20)
	for size := len(block); size >= 1; {
		if _, err := f.Write(block[:size]); err != nil {
			size /= 2
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := os.Remove(name); err != nil {
			t.Error(err)
		}
	}
}

// goDown shuts the file system down like a power cut: everything that was not synced is
// lost (EXT4_IOC_SHUTDOWN without flushing the log).
func (d *disk) goDown(t *testing.T) {
	t.Helper()
	dir, err := os.Open(d.path)
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	if err := shutDown(dir); err != nil {
		t.Fatal(err)
	}
}

// comeBack mounts the file system again, as it is on the disk.
func (d *disk) comeBack(t *testing.T) {
	t.Helper()
	for _, command := range [][]string{{"umount", d.path}, {"e2fsck", "-p", d.image}, {"mount", "-o", "loop", d.image, d.path}} {
		out, err := exec.Command(command[0], command[1:]...).CombinedOutput()
		if mended := command[0] == "e2fsck" && err != nil && err.(*exec.ExitError).ExitCode() == 1; err != nil && !mended {
			t.Fatalf("%v: %v %s", command, err, out)
		}
	}
}

// TestUpgradeOnAFullDisk checks that an upgrade without room for its copy leaves the
// file as it was, and goes through once there is room.
func TestUpgradeOnAFullDisk(t *testing.T) {
	long(t, "left out: processes and disks that fail")
	d := newDisk(t)
	if d == nil {
		lacks(t, "no file system of its own")
	}
	old, err := os.ReadFile(oldFile(t, "0001"))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(d.path, "crmkit.db")
	if err := os.WriteFile(file, old, 0o600); err != nil {
		t.Fatal(err)
	}
	free := d.fill(t)
	if out, err := command(t, "upgrade", "--db", file).CombinedOutput(); err == nil {
		t.Errorf("an upgrade on a full disk: %s", out)
	}
	if now, err := os.ReadFile(file); err != nil || !bytes.Equal(now, old) {
		t.Errorf("the file is not as it was: %v", err)
	}
	free()
	if out, err := command(t, "upgrade", "--db", file).CombinedOutput(); err != nil {
		t.Errorf("with room again: %v %s", err, out)
	}
}

// TestSoakNoticesLoss takes a server that does not wait for the disk through a power cut: the
// soak must find that answered writes are lost. If it found nothing here, its silence
// elsewhere would prove nothing.
func TestSoakNoticesLoss(t *testing.T) {
	long(t, "left out: processes and disks that fail")
	s := newSoak(t)
	if s.disk = newDisk(t); s.disk == nil {
		lacks(t, "no file system of its own")
	}
	careless := filepath.Join(t.TempDir(), "careless")
	if out, err := exec.Command("go", "build", "-ldflags", "-X crmkit/store/sqlite.synchronous=OFF", "-o", careless, repository).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	s.dir = s.disk.path
	cmd := command(t, "serve", "--local", "--listen", "127.0.0.1:0", "--db", s.file(), "--token-for", "soak@example.com")
	cmd.Path = careless
	s.server = start(t, cmd)
	s.url.Store(s.server.url)
	s.token = s.server.token
	s.baseline()
	ctx, cancel := context.WithTimeout(t.Context(), *soakFor)
	defer cancel()
	s.load(ctx, soakWorkers)
	if s.counts().acknowledged == 0 {
		t.Fatal("no write was answered")
	}
	s.disk.goDown(t)
	s.server.signal(syscall.SIGKILL)
	s.server.wait()
	s.disk.comeBack(t)
	if p, err := launch(t, command(t, "serve", "--local", "--listen", "127.0.0.1:0", "--db", s.file())); err != nil {
		t.Logf("nothing is left that a server could start with: %v", err)
		return
	} else {
		s.server = p
		s.url.Store(p.url)
	}
	lost, err := s.faults()
	if err == nil && len(lost) == 0 {
		t.Errorf("of %d answered writes none is missing, without a single sync: the soak would notice no loss", s.counts().acknowledged)
	}
	t.Logf("noticed: %v, %d faults, first %q", err, len(lost), slices.Concat(lost, []string{""})[0])
}
