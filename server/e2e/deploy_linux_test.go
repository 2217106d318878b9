package e2e

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// unit returns a copy of the systemd unit that starts the binary of the test.
func unit(t *testing.T) string {
	t.Helper()
	text := read(t, source("deploy/crmkit.service"))
	const installed = "/usr/local/bin/crmkit"
	if strings.Count(text, installed) != 1 {
		t.Fatalf("the unit does not start %s", installed)
	}
	path := filepath.Join(t.TempDir(), "crmkit.service")
	if err := os.WriteFile(path, []byte(strings.ReplaceAll(text, installed, binary(t))), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// dropIn puts the settings for PostgreSQL that docs/operations.md adds beside the unit.
func dropIn(t *testing.T, unit string) {
	t.Helper()
	_, shell := operations(t)
	m := regexp.MustCompile(`(?ms)^cat >/etc/systemd/system/(crmkit\.service\.d/\S+) <<'EOT'\n(.*?)^EOT$`).FindStringSubmatch(shell)
	if m == nil {
		t.Fatal("docs/operations.md adds nothing to the unit")
	}
	path := filepath.Join(filepath.Dir(unit), m[1])
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(m[2]), 0o600)); err != nil {
		t.Fatal(err)
	}
}

// TestUnit lets systemd read the unit and rate how exposed the service is.
func TestUnit(t *testing.T) {
	long(t, "left out: programs of the system that deploy/ uses")
	analyze := needs(t, "systemd-analyze")
	path := unit(t)
	dropIn(t, path)
	if out, err := exec.Command(analyze, "verify", path).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
	out, err := exec.Command(analyze, "security", "--offline=true", path).CombinedOutput()
	if err != nil {
		lacks(t, "this systemd-analyze tells no security of a file: %v\n%s", err, out)
	}
	level := regexp.MustCompile(`Overall exposure level for crmkit.service: (\d+\.\d)`).FindSubmatch(out)
	if level == nil {
		t.Fatalf("no level in\n%s", out)
	}
	if exposure, err := strconv.ParseFloat(string(level[1]), 64); err != nil || exposure > 2 {
		t.Errorf("the exposure is %s, want at most 2.0\n%s", level[1], out)
	}
}

// filter returns the system calls of a filter set of systemd, including its nested sets.
func filter(t *testing.T, analyze, set string) (calls []string) {
	t.Helper()
	out, err := exec.Command(analyze, "syscall-filter", "--no-pager", set).Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		switch name := strings.TrimSpace(line); {
		case name == set || name == "" || name[0] == '#':
		case name[0] == '@':
			calls = append(calls, filter(t, analyze, name)...)
		default:
			calls = append(calls, name)
		}
	}
	return calls
}

// TestUnitAllowsTheServer traces the system calls of a server that starts, mails,
// writes and stops. The unit must forbid none of them, and no memory may be writable and
// executable (MemoryDenyWriteExecute).
func TestUnitAllowsTheServer(t *testing.T) {
	long(t, "left out: processes and disks that fail")
	t.Parallel()
	analyze, strace := needs(t, "systemd-analyze"), needs(t, "strace")
	cmd := command(t, onFile()...)
	trace := filepath.Join(t.TempDir(), "trace")
	cmd.Args = append([]string{"strace", "-f", "-o", trace, cmd.Path}, cmd.Args[1:]...)
	cmd.Path = strace
	r := (&relay{}).start(t, "127.0.0.1:0")
	r.serve(t, cmd)
	s := &site{running: start(t, cmd), relay: r}
	jane := s.person(t, "jane@acme.com")
	jane.signIn()
	jane.want(201, "POST /contacts", object("name", "Ann"))
	jane.want(200, "GET /readyz", "")
	traced, err := strconv.Atoi(regexp.MustCompile(`\A\d+`).FindString(read(t, trace)))
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(traced, syscall.SIGTERM); err != nil { // strace passes none on
		t.Fatal(err)
	}
	if code := s.wait(); code != 0 {
		t.Errorf("exit code %d\n%s", code, s.stderr.text())
	}
	may := filter(t, analyze, "@system-service")
	never := slices.Concat(filter(t, analyze, "@privileged"), filter(t, analyze, "@resources"))
	// The Go runtime raises the limit of open files, and goes on where it may not.
	// SQLite gives its log the owner of the file, which only root would try.
	spared := []string{"prlimit64", "setrlimit", "fchown"}
	text := read(t, trace)
	calls := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^\d+ +([a-z0-9_]+)\(`).FindAllStringSubmatch(text, -1) {
		calls[m[1]] = true
	}
	if !calls["fdatasync"] && !calls["fsync"] || !calls["accept4"] {
		t.Fatalf("the trace shows no work: %v", calls)
	}
	for name := range calls {
		if !slices.Contains(spared, name) && (!slices.Contains(may, name) || slices.Contains(never, name)) {
			t.Errorf("the unit forbids %s", name)
		}
	}
	if m := regexp.MustCompile(`.*PROT_WRITE\|PROT_EXEC.*`).FindString(text); m != "" {
		t.Errorf("memory is written and run: %s", m)
	}
}

// image is the result of the last stage of the Dockerfile: a root directory and the command.
type image struct {
	root  string
	env   []string
	user  uint32
	dir   string
	start []string
}

// quoted are the strings of a JSON list in a Dockerfile.
var quoted = regexp.MustCompile(`"([^"]*)"`)

// build executes the last stage of the Dockerfile. The files that it copies from the first stage
// are in made, by their path there; an empty string is a directory.
func build(t *testing.T, made map[string]string) image {
	t.Helper()
	text := read(t, source("deploy/Dockerfile"))
	_, stage, found := strings.Cut(text, "\nFROM scratch\n")
	if !found {
		t.Fatal("the image is not from scratch")
	}
	img := image{root: t.TempDir()}
	if err := os.Chmod(img.root, 0o755); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(stage) {
		words := strings.Fields(line)
		if len(words) == 0 || words[0] == "#" {
			continue
		}
		switch words[0] {
		case "COPY":
			img.copy(t, words[1:], made)
		case "ENV":
			img.env = append(img.env, words[1:]...)
		case "USER":
			id, err := strconv.ParseUint(strings.Split(words[1], ":")[0], 10, 32)
			if img.user = uint32(id); err != nil || id == 0 {
				t.Errorf("USER %s: want the number of somebody who is not root", words[1])
			}
		case "WORKDIR":
			img.dir = words[1]
		case "ENTRYPOINT", "CMD":
			for _, m := range quoted.FindAllStringSubmatch(line, -1) {
				img.start = append(img.start, m[1])
			}
		case "VOLUME", "EXPOSE":
		default:
			t.Errorf("the test does not know how to follow %q", line)
		}
	}
	return img
}

func (img image) copy(t *testing.T, words []string, made map[string]string) {
	t.Helper()
	from, to := words[len(words)-2], filepath.Join(img.root, words[len(words)-1])
	source, known := made[from]
	if !known || words[0] != "--from=build" {
		t.Errorf("the test does not know what %v copies", words)
		return
	}
	if source == "" {
		if err := os.MkdirAll(to, 0o700); err != nil {
			t.Fatal(err)
		}
	} else {
		data := read(t, source)
		if err := errors.Join(os.MkdirAll(filepath.Dir(to), 0o755), os.WriteFile(to, []byte(data), 0o755)); err != nil {
			t.Fatal(err)
		}
	}
	for _, word := range words {
		if owner, found := strings.CutPrefix(word, "--chown="); found {
			var user, group int
			if _, err := fmt.Sscanf(owner, "%d:%d", &user, &group); err != nil {
				t.Error(err)
			}
			if err := os.Chown(to, user, group); err != nil {
				lacks(t, "the files of the image belong to others, which takes root: %v", err)
			}
		}
	}
}

// TestImage runs the binary in the image of the Dockerfile, as its user: it sends mail over
// TLS with the certificates of the image, knows time zones, and writes to /data alone.
func TestImage(t *testing.T) {
	long(t, "left out: programs of the system that deploy/ uses")
	t.Parallel()
	r := (&relay{}).start(t, "127.0.0.1:0")
	img := build(t, map[string]string{"/etc/ssl/certs/ca-certificates.crt": r.roots, "/out/crmkit": binary(t), "/out/data": ""})
	cmd := command(t)
	r.serve(t, cmd)
	cmd.Env = slices.DeleteFunc(cmd.Env, func(entry string) bool { return !strings.HasPrefix(entry, "CRMKIT_") }) // nothing around it helps
	cmd.Env = append(append(cmd.Env, img.env...), "CRMKIT_LISTEN=127.0.0.1:0")
	cmd.Path, cmd.Args, cmd.Dir = img.start[0], img.start, img.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: img.root, Credential: &syscall.Credential{Uid: img.user, Gid: img.user}}
	p, err := launch(t, cmd)
	if errors.Is(err, syscall.EPERM) {
		lacks(t, "no chroot, which takes root: %v", err)
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, p.stderr.text())
	}
	jane := (&site{running: p, relay: r}).person(t, "jane@acme.com")
	jane.want(200, "GET /healthz", "")
	jane.want(200, "GET /readyz", "")
	jane.signIn()
	holds(t, jane.want(200, "PATCH "+jane.workspace(), object("time_zone", "Europe/Berlin")), "time_zone UTC -> Europe/Berlin")
	if code := p.stop(); code != 0 {
		t.Errorf("exit code %d\n%s", code, p.stderr.text())
	}
	if left := names(t, filepath.Join(img.root, "data")); !slices.Equal(left, []string{"crmkit.db", "crmkit.db.lock"}) {
		t.Errorf("/data has %v", left)
	}
	if top := names(t, img.root); !slices.Equal(top, []string{"crmkit", "data", "etc"}) {
		t.Errorf("the root has %v", top)
	}
}

// TestCaddy runs the proxy of deploy/Caddyfile in front of a server with the
// settings that the file names. The addresses are those of the test, and plain HTTP
// replaces https, as no CA certifies the name.
func TestCaddy(t *testing.T) {
	long(t, "left out: programs of the system that deploy/ uses")
	t.Parallel()
	caddy := needs(t, "caddy")
	text := read(t, source("deploy/Caddyfile"))
	if out, err := exec.Command(caddy, "validate", "--adapter", "caddyfile", "--config", source("deploy/Caddyfile")).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	cmd := command(t, append(mailing(), "--listen=127.0.0.1:0")...)
	for _, m := range regexp.MustCompile(`(?m)^#   (CRMKIT_(?:BASE_URL|TRUST_PROXY)=\S+)$`).FindAllStringSubmatch(text, -1) {
		cmd.Env = append(cmd.Env, m[1])
	}
	s := &site{running: start(t, cmd)}
	front := freePort(t)
	config := filepath.Join(t.TempDir(), "Caddyfile")
	text = strings.NewReplacer("crm.example.com {", "http://"+front+" {", "127.0.0.1:8080\n}", strings.TrimPrefix(s.url, "http://")+"\n}").Replace(text)
	if err := os.WriteFile(config, []byte("{\n\tadmin off\n}\n"+text), 0o600); err != nil {
		t.Fatal(err)
	}
	proxy := exec.CommandContext(t.Context(), caddy, "run", "--adapter", "caddyfile", "--config", config)
	proxy.Env = append(os.Environ(), "HOME="+t.TempDir(), "XDG_DATA_HOME="+t.TempDir(), "XDG_CONFIG_HOME="+t.TempDir())
	if err := proxy.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = proxy.Process.Kill(); _ = proxy.Wait() })
	jane := s.person(t, "jane@example.com")
	jane.token = s.mint(t, jane.address)
	s.url = "http://" + front
	eventually(t, patience, func() bool {
		res, err := http.Get(s.url + "/healthz")
		if err == nil {
			res.Body.Close()
		}
		return err == nil && res.StatusCode == 200
	})
	// The client has an address that is not the proxy's, and claims another one.
	transport := &http.Transport{DialContext: (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}).DialContext}
	defer transport.CloseIdleConnections()
	res, text := ask(t, &http.Client{Transport: transport}, "POST", s.url+"/contacts", object("name", "Ann"), "Authorization", "Bearer "+jane.token, "X-Forwarded-For", "203.0.113.9")
	if res.StatusCode != 201 {
		t.Errorf("through the proxy: %d %s", res.StatusCode, text)
	}
	if addr := field(t, jane.want(200, "GET /audit?action=create", ""), "addr"); addr != "127.0.0.2" {
		t.Errorf("the audit has the address %s", addr)
	}
	holds(t, jane.want(200, "GET /", ""), "https://crm.example.com")
}
