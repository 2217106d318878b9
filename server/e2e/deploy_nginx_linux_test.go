package e2e

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestNginx runs the proxy of deploy/nginx.conf in front of a server on a Unix socket,
// with plain HTTP in place of https: an import larger than nginx takes by default, an
// export, and the addresses of clients come through.
func TestNginx(t *testing.T) {
	long(t, "left out: programs of the system that deploy/ uses")
	t.Parallel()
	nginx := needs(t, "nginx")
	dir, err := os.MkdirTemp("", "crmkit-") // the path of a socket must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	text := read(t, source("deploy/nginx.conf"))
	cmd := command(t, append(mailing(), "--db=crmkit.db", "--listen=unix:"+filepath.Join(dir, "crmkit.sock"))...)
	for _, m := range regexp.MustCompile(`(?m)^#   (CRMKIT_(?:BASE_URL|TRUST_PROXY)=\S+)$`).FindAllStringSubmatch(text, -1) {
		cmd.Env = append(cmd.Env, m[1])
	}
	s := &site{running: start(t, cmd)}
	front := freePort(t)
	log := startNginx(t, nginx, nginxConfig(text, dir, front), dir)
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
	transport := &http.Transport{DialContext: (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}).DialContext}
	defer transport.CloseIdleConnections()
	rows := manyRows()
	res, answer := ask(t, &http.Client{Transport: transport}, "POST", s.url+"/import/contacts", rows, "Authorization", "Bearer "+jane.token, "X-Forwarded-For", "203.0.113.9")
	if res.StatusCode != 200 || !strings.Contains(answer, "3000 created") {
		t.Errorf("an import of %d bytes: %d, %.300s\n%s", len(rows), res.StatusCode, answer, log.text())
	}
	if addr := field(t, jane.want(200, "GET /audit?action=create&limit=1", ""), "addr"); addr != "127.0.0.2" {
		t.Errorf("the audit has the address %s", addr)
	}
	if export := jane.want(200, "GET /export/contacts?format=csv", ""); strings.Count(export, "\n") != 3001 {
		t.Errorf("the export has %d lines", strings.Count(export, "\n"))
	}
}

// nginxConfig returns deploy/nginx.conf as the configuration of an nginx of its own in a
// directory, which listens without TLS at front and passes requests to the socket there.
func nginxConfig(text, dir, front string) string {
	text = regexp.MustCompile(`(?m)^\tssl_certificate.*\n`).ReplaceAllString(text, "")
	text = strings.NewReplacer("listen [::]:443 ssl;", "", "listen 443 ssl;", "listen "+front+";", "server 127.0.0.1:8080;", "",
		"# server unix:/run/crmkit/crmkit.sock;", "server unix:"+filepath.Join(dir, "crmkit.sock")+";").Replace(text)
	return fmt.Sprintf("daemon off;\nuser root;\npid %[1]s/pid;\nerror_log stderr;\nevents {}\nhttp {\naccess_log off;\nclient_body_temp_path %[1]s/body;\nproxy_temp_path %[1]s/proxy;\nfastcgi_temp_path %[1]s/f;\nuwsgi_temp_path %[1]s/u;\nscgi_temp_path %[1]s/s;\n%[2]s}\n", dir, text)
}

// startNginx runs nginx with a configuration until the test ends, and returns its log.
func startNginx(t *testing.T, nginx, config, dir string) *lines {
	t.Helper()
	path := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	log := newLines()
	// Not with the context of the test: that would kill the master alone, and its workers
	// would go on.
	proxy := exec.Command(nginx, "-p", dir, "-c", path)
	proxy.Stderr, proxy.WaitDelay = log, patience
	if err := proxy.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = proxy.Process.Signal(os.Interrupt); _ = proxy.Wait() })
	return log
}

// manyRows returns 2 MB of contacts as CSV.
func manyRows() string {
	var rows strings.Builder
	rows.WriteString("name,notes\n")
	for i := range 3000 {
		fmt.Fprintf(&rows, "Contact %d,%s\n", i, strings.Repeat("x", 700))
	}
	return rows.String()
}
