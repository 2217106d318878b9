//go:build unix

package e2e

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// soakFault is one way to disturb a server.
type soakFault struct {
	name  string
	tool  string // program that makes it
	disk  bool   // needs a disk of its own
	reads bool   // reads must go on meanwhile
	begin func(s *soak) (undo func())
}

// missing names the program or right that the fault needs and this machine lacks, or "".
func (f soakFault) missing(s *soak) string {
	if f.disk && s.disk == nil {
		return "which needs a file system of its own"
	}
	if _, err := exec.LookPath(f.tool); f.tool != "" && err != nil {
		return "which needs " + f.tool
	}
	return ""
}

func soakFaults() []soakFault {
	return []soakFault{
		{name: "nothing", reads: true, begin: func(*soak) func() { return func() {} }},
		{name: "kill", begin: (*soak).kill},
		{name: "stop under load", begin: (*soak).terminate},
		{name: "frozen", begin: (*soak).freeze},
		{name: "sync fails", tool: "strace", reads: true, begin: injected("fsync,fdatasync", "error=EIO")},
		{name: "sync is slow", tool: "strace", reads: true, begin: injected("fsync,fdatasync", "delay_exit=100000")},
		{name: "writing fails", tool: "strace", reads: true, begin: injected("pwrite64", "error=EIO")},
		{name: "some writing fails", tool: "strace", reads: true, begin: injected("pwrite64", "error=ENOSPC:when=7+13")},
		{name: "disk full", disk: true, reads: true, begin: (*soak).full},
		{name: "no file descriptors", tool: "prlimit", begin: (*soak).starve},
		{name: "64 MB of memory", begin: (*soak).squeeze},
		{name: "slow clients", reads: true, begin: (*soak).dawdle},
		{name: "ten times the load", reads: true, begin: (*soak).overload},
		{name: "disk turns read-only", disk: true, reads: true, begin: (*soak).readOnly},
		{name: "power cut", disk: true, begin: (*soak).powerCut},
	}
}

// kill ends the server at once; it starts again.
func (s *soak) kill() func() {
	s.server.signal(syscall.SIGKILL)
	s.server.wait()
	s.start()
	return func() {}
}

// terminate ends the server as an operator does; it must end by itself.
func (s *soak) terminate() func() {
	if code := s.server.stop(); code != 0 {
		s.t.Errorf("exit code %d", code)
	}
	s.start()
	return func() {}
}

func (s *soak) freeze() func() {
	s.server.signal(syscall.SIGSTOP)
	return func() { s.server.signal(syscall.SIGCONT) }
}

// injected makes system calls of the server fail or hang.
func injected(calls, what string) func(*soak) func() {
	return func(s *soak) func() {
		cmd := exec.Command("strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace="+calls, "-e", "inject="+calls+":"+what, "-p", s.pid())
		if err := cmd.Start(); err != nil {
			s.t.Fatal(err)
		}
		traced := func() bool {
			status, err := os.ReadFile("/proc/" + s.pid() + "/status")
			return err == nil && !strings.Contains(string(status), "TracerPid:\t0\n")
		}
		eventually(s.t, patience, traced)
		return func() {
			_ = cmd.Process.Signal(syscall.SIGINT) // strace lets go of the process
			_ = cmd.Wait()
			eventually(s.t, patience, func() bool { return !traced() })
		}
	}
}

// full fills the disk, and checks that a backup then fails and leaves no file.
func (s *soak) full() func() {
	copies := filepath.Join(s.dir, "copies")
	if err := os.MkdirAll(copies, 0o700); err != nil {
		s.t.Error(err)
	}
	free := s.disk.fill(s.t)
	if out, err := command(s.t, "backup", copies, "--keep", "1", "--db", s.file()).CombinedOutput(); err == nil {
		s.t.Errorf("a backup on a full disk: %s", out)
	}
	if left, err := os.ReadDir(copies); err != nil || len(left) > 0 {
		s.t.Errorf("a backup on a full disk left %v, %v", left, err)
	}
	return free
}

// starve limits the file descriptors to those in use, while strangers connect.
func (s *soak) starve() func() {
	open, err := os.ReadDir("/proc/" + s.pid() + "/fd")
	if err != nil {
		s.t.Fatal(err)
	}
	limit := func(n int) {
		if out, err := exec.Command("prlimit", "--pid", s.pid(), "--nofile="+strconv.Itoa(n)+":4096").CombinedOutput(); err != nil {
			s.t.Fatalf("prlimit: %v %s", err, out)
		}
	}
	limit(len(open) + 4)
	var strangers []net.Conn
	for range 50 {
		if conn, err := net.DialTimeout("tcp", s.server.url[len("http://"):], time.Second); err == nil {
			strangers = append(strangers, conn)
		}
	}
	return func() {
		for _, conn := range strangers {
			conn.Close()
		}
		limit(4096)
	}
}

// squeeze gives the server 64 MB of memory, its page cache included.
func (s *soak) squeeze() func() {
	group := "/sys/fs/cgroup/memory/crmkit-soak-" + s.pid()
	give := func(dir, name, value string) error {
		return os.WriteFile(filepath.Join(dir, name), []byte(value), 0o644)
	}
	err := os.Mkdir(group, 0o755)
	if err == nil {
		err = give(group, "memory.limit_in_bytes", "64M")
	}
	if err == nil {
		err = give(group, "cgroup.procs", s.pid())
	}
	if err != nil {
		s.t.Logf("skipped: 64 MB of memory, %v", err)
		return func() {}
	}
	return func() {
		if err := give("/sys/fs/cgroup/memory", "cgroup.procs", s.pid()); err != nil {
			s.t.Error(err)
		}
		_ = os.Remove(group)
	}
}

// dawdle connects clients that send a byte from time to time.
func (s *soak) dawdle() func() {
	ctx, cancel := context.WithCancel(s.t.Context())
	var slow sync.WaitGroup
	for range 200 {
		slow.Go(func() {
			conn, err := net.Dial("tcp", s.server.url[len("http://"):])
			if err != nil {
				return
			}
			defer conn.Close()
			for _, b := range []byte(fmt.Sprintf("POST /contacts HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\nContent-Length: 100\r\n\r\n{", s.token)) {
				if _, err := conn.Write([]byte{b}); err != nil || ctx.Err() != nil {
					return
				}
				time.Sleep(*soakFor / 100)
			}
		})
	}
	return func() { cancel(); slow.Wait() }
}

func (s *soak) overload() func() {
	ctx, cancel := context.WithCancel(s.t.Context())
	var more sync.WaitGroup
	more.Go(func() { s.load(ctx, 10*soakWorkers) })
	return func() { cancel(); more.Wait() }
}

// readOnly makes the file system read-only, as it becomes after errors of its own. Then it
// is repaired and mounted again, and a new server is started.
func (s *soak) readOnly() func() {
	if out, err := exec.Command("mount", "-o", "remount,abort", s.disk.path).CombinedOutput(); err != nil {
		s.t.Fatalf("%v %s", err, out)
	}
	return func() {
		s.server.signal(syscall.SIGKILL)
		s.server.wait()
		s.disk.comeBack(s.t)
		s.start()
	}
}

// powerCut loses everything that was not synced to the disk, and ends the server.
func (s *soak) powerCut() func() {
	s.disk.goDown(s.t)
	time.Sleep(*soakFor / 4)
	s.server.signal(syscall.SIGKILL)
	s.server.wait()
	s.disk.comeBack(s.t)
	s.start()
	return func() {}
}
