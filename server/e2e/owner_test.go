//go:build unix

package e2e

import (
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// ownerOf returns the command and the process that hold a file, as its lock names them.
func ownerOf(t *testing.T, db string) (command string, pid int) {
	t.Helper()
	text, err := os.ReadFile(db + ".lock")
	if err != nil {
		return "", 0
	}
	m := regexp.MustCompile(`^(.+), process (\d+)\n$`).FindStringSubmatch(string(text))
	if m == nil {
		return "", 0
	}
	pid, _ = strconv.Atoi(m[2])
	return m[1], pid
}

// unlocked reports whether nobody holds the lock of a file.
func unlocked(t *testing.T, db string) bool {
	t.Helper()
	file, err := os.Open(db + ".lock")
	if err != nil {
		return true
	}
	defer file.Close()
	return syscall.Flock(int(file.Fd()), syscall.LOCK_SH|syscall.LOCK_NB) == nil
}

// call sends one request through a pipe and returns the text of the answer.
func (p *pipe) call(method, path, body string) string {
	p.t.Helper()
	p.send(request(1, method, path, body))
	return fmt.Sprint(p.next())
}

func (p *pipe) close() {
	p.t.Helper()
	p.in.Close()
	p.ends(0)
}

// TestFiveClientsAtOnce starts five commands at once on a file that does not exist. One creates
// and owns it, and all see the writes of each.
func TestFiveClientsAtOnce(t *testing.T) {
	db := filepath.Join(t.TempDir(), "crmkit.db")
	var pipes []*pipe
	for range 5 {
		pipes = append(pipes, mcp(t, "--db", db))
	}
	for n, p := range pipes {
		p.send(request(n, "POST", "/contacts", fmt.Sprintf(`{"name":"Contact %d"}`, n)))
	}
	for _, p := range pipes {
		holds(t, fmt.Sprint(p.next()), "# created")
	}
	for _, p := range pipes {
		holds(t, p.call("GET", "/contacts?total=exact", ""), "# 5 of 5 contacts")
	}
	if command, _ := ownerOf(t, db); command != "crmkit mcp" {
		t.Errorf("the owner is %q", command)
	}
	if info, err := os.Lstat(db + ".sock"); err != nil || info.Mode() != fs.ModeSocket|0o600 {
		t.Errorf("the socket: %v, %v", info.Mode(), err)
	}
	for _, p := range pipes {
		p.close()
	}
	if left := strings.Join(names(t, filepath.Dir(db)), " "); left != "crmkit.db crmkit.db.lock" {
		t.Errorf("they left %s", left)
	}
}

// ownedBy returns the pipe that owns the file, and the others.
func ownedBy(t *testing.T, db string, pipes []*pipe) (owner *pipe, others []*pipe) {
	t.Helper()
	_, pid := ownerOf(t, db)
	for _, p := range pipes {
		if p.cmd.Process.Pid == pid {
			owner = p
		} else {
			others = append(others, p)
		}
	}
	if owner == nil {
		t.Fatalf("process %d owns the file", pid)
	}
	return owner, others
}

// TestTakeOver kills the owner again and again. Another command takes over within a second, although
// it gets no request; on a busy machine not each time.
func TestTakeOver(t *testing.T) {
	db := filepath.Join(t.TempDir(), "crmkit.db")
	pipes := []*pipe{}
	for range 6 {
		p := mcp(t, "--db", db)
		p.call("GET", "/whoami", "")
		pipes = append(pipes, p)
	}
	quickest := time.Hour
	for len(pipes) > 1 {
		owner, others := ownedBy(t, db, pipes)
		if err := owner.cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		killed := time.Now()
		eventually(t, patience, func() bool {
			_, pid := ownerOf(t, db)
			return pid != owner.cmd.Process.Pid && !unlocked(t, db)
		})
		quickest, pipes = min(quickest, time.Since(killed)), others
		for _, p := range pipes {
			holds(t, p.call("GET", "/whoami", ""), "email=me@crmkit.local")
		}
	}
	if quickest > time.Second {
		t.Errorf("the quickest took over after %s", quickest)
	}
}

// TestServerTakesOverFromClients starts a server beside commands, one of which owns the file. It
// hands over and works through the server; when the server ends, one of the commands takes over.
func TestServerTakesOverFromClients(t *testing.T) {
	db := filepath.Join(t.TempDir(), "crmkit.db")
	pipes := []*pipe{mcp(t, "--db", db), mcp(t, "--db", db), mcp(t, "--db", db)}
	for _, p := range pipes {
		holds(t, p.call("POST", "/contacts", `{"name":"Before"}`), "# created")
	}
	srv := serve(t, "--db", db, "--token-for", "me@crmkit.local")
	if command, pid := ownerOf(t, db); command != "crmkit serve" || pid != srv.cmd.Process.Pid {
		t.Errorf("process %d, %s, is the owner", pid, command)
	}
	for _, p := range pipes {
		holds(t, p.call("POST", "/contacts", `{"name":"During"}`), "# created")
	}
	if _, list := srv.do("GET", "/contacts?total=exact", ""); !strings.Contains(list, "of 6 contacts") {
		t.Errorf("the server sees\n%s", list)
	}
	second, err := launch(t, served(t, "--db", db))
	if err == nil || !strings.Contains(second.stderr.text(), "in use by crmkit serve, process ") {
		t.Errorf("a second server: %v\n%s", err, second.stderr.text())
	}
	if code := srv.stop(); code != 0 {
		t.Errorf("the server ended with %d\n%s", code, srv.stderr.text())
	}
	for _, p := range pipes {
		holds(t, p.call("GET", "/contacts?total=exact", ""), "of 6 contacts")
	}
	if command, _ := ownerOf(t, db); command != "crmkit mcp" {
		t.Errorf("after the server %q is the owner", command)
	}
	for _, p := range pipes {
		p.close()
	}
}

// TestCommandsBesideAnOwner runs each command beside a server, beside an MCP client, and
// without either.
func TestCommandsBesideAnOwner(t *testing.T) {
	for name, owner := range map[string]func(t *testing.T, db string){
		"server":  func(t *testing.T, db string) { serve(t, "--db", db) },
		"client":  func(t *testing.T, db string) { mcp(t, "--db", db).call("GET", "/whoami", "") },
		"nothing": func(*testing.T, string) {},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			db := filepath.Join(dir, "crmkit.db")
			serve(t, "--db", db, "--token-for", "me@crmkit.local").stop()
			owner(t, db)
			_, before := ownerOf(t, db)
			done(t, "ck_", "token", "--email", "me@crmkit.local", "--db", db)
			rows := filepath.Join(dir, "contacts.csv")
			if err := os.WriteFile(rows, []byte("name,email\nJane,jane@acme.com\nJoe,joe@acme.com\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			done(t, "# imported: 2 created", "import", rows, "--db", db)
			done(t, "# imported: 0 created, 0 updated, 2 unchanged", "import", rows, "--db", db)
			done(t, "jane@acme.com", "export", "contacts", "--db", db)
			done(t, "plan=free", "plan", "set", "me@crmkit.local", "free", "--db", db)
			done(t, "email=me@crmkit.local plan=free", "user", "list", "--db", db)
			done(t, "refused: there is no user bob@example.com", "user", "show", "bob@example.com", "--db", db)
			done(t, "contacts=2", "backup", filepath.Join(dir, "copy.db"), "--db", db)
			done(t, "contacts=2", "verify", filepath.Join(dir, "copy.db"))
			if _, after := ownerOf(t, db); name != "nothing" && after != before {
				t.Errorf("process %d took the file from process %d", after, before)
			}
		})
	}
}

// TestSocketOfALongPath works in a folder whose path is longer than the address of a socket.
func TestSocketOfALongPath(t *testing.T) {
	dir := filepath.Join(t.TempDir(), strings.Repeat("long/", 50))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	db := filepath.Join(dir, "crmkit.db")
	one, two := mcp(t, "--db", db), mcp(t, "--db", db)
	holds(t, one.call("POST", "/deals", `{"title":"one"}`), "# created")
	holds(t, two.call("GET", "/deals", ""), "title=one")
	one.close()
	two.close()
}

// TestOneOwnerOfALink checks that a file known by two names has one owner.
func TestOneOwnerOfALink(t *testing.T) {
	dir := t.TempDir()
	db, link := filepath.Join(dir, "crmkit.db"), filepath.Join(t.TempDir(), "link.db")
	one := mcp(t, "--db", db)
	holds(t, one.call("POST", "/deals", `{"title":"one"}`), "# created")
	if err := os.Symlink(db, link); err != nil {
		t.Fatal(err)
	}
	two := mcp(t, "--db", link)
	holds(t, two.call("POST", "/deals", `{"title":"two"}`), "# created")
	holds(t, one.call("GET", "/deals", ""), "title=one", "title=two")
	if left := names(t, filepath.Dir(link)); len(left) != 1 {
		t.Errorf("beside the link: %v", left)
	}
}

// TestPortHasNoLocalEndpoints sends requests that an owner answers on its socket to the port of a
// server, which must not have them.
func TestPortHasNoLocalEndpoints(t *testing.T) {
	p := serve(t, "--db", filepath.Join(t.TempDir(), "crmkit.db"), "--token-for", "you@example.com")
	for _, endpoint := range []string{"ping", "watch", "hand-over", "sign-in", "token", "set-plan", "list-users", "remove-user"} {
		req, err := http.NewRequest("POST", p.url+"/local/"+endpoint, strings.NewReader(`{"Email":"you@example.com","Name":"x"}`))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Crmkit-Again", "1")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if res.Body.Close(); res.StatusCode != 404 {
			t.Errorf("/local/%s: %d", endpoint, res.StatusCode)
		}
	}
}

// TestAKilledOwnerLeavesItsSocket checks that a socket without a listener is replaced.
func TestAKilledOwnerLeavesItsSocket(t *testing.T) {
	db := filepath.Join(t.TempDir(), "crmkit.db")
	p := serve(t, "--db", db)
	p.signal(syscall.SIGKILL)
	p.wait()
	if _, err := os.Lstat(db + ".sock"); err != nil {
		t.Fatal(err)
	}
	done(t, "ck_", "token", "--email", "you@example.com", "--db", db)
	one := mcp(t, "--db", db)
	holds(t, one.call("GET", "/whoami", ""), "email=you@example.com")
	one.close()
	if _, err := os.Lstat(db + ".sock"); err == nil {
		t.Error("the socket is still there")
	}
}

// TestImportSaysThatTheOwnerEnded kills the owner during an import, which reports it. When it is
// run again, it creates nothing twice.
func TestImportSaysThatTheOwnerEnded(t *testing.T) {
	db := filepath.Join(t.TempDir(), "crmkit.db")
	p := serve(t, "--db", db, "--token-for", "you@example.com")
	var rows strings.Builder
	rows.WriteString("name,email\n")
	for n := range 5000 {
		fmt.Fprintf(&rows, "Contact %d,c%d@acme.com\n", n, n)
	}
	file := filepath.Join(t.TempDir(), "contacts.csv")
	if err := os.WriteFile(file, []byte(rows.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := command(t, "import", file, "--db", db)
	out, log := newLines(), newLines()
	cmd.Stdout, cmd.Stderr = out, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait(); out.end() }()
	out.wait(200)
	p.signal(syscall.SIGKILL)
	if err := <-ended; err == nil || !strings.Contains(log.text(), "broke off") {
		t.Errorf("%v: %s", err, log.text())
	}
	done(t, " 0 failed", "import", file, "--db", db)
	keeps(t, db, p.token, 5000)
}

// ask is call for a process that may be killed meanwhile.
func (p *pipe) ask(line string) (answer string, err error) {
	if _, err := fmt.Fprintln(p.in, line); err != nil {
		return "", err
	}
	if !p.out.Scan() {
		return "", exec.ErrWaitDelay
	}
	return p.out.Text(), nil
}
