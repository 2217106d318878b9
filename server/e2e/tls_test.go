package e2e

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// secured is a server that gets its certificate from a CA of the test.
type secured struct {
	*running
	ca    *authority
	plain string // address of plain HTTP
	https *http.Client
}

// secure starts one for crm.test. Its client connects to it for any name.
func secure(t *testing.T) *secured {
	t.Helper()
	s := &secured{plain: freePort(t)}
	s.ca = newAuthority(t, s.plain)
	s.running = start(t, command(t, s.args(onFile())...))
	address := strings.TrimPrefix(s.url, "https://")
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: s.ca.roots()}, ForceAttemptHTTP2: true,
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, address)
		}}
	t.Cleanup(transport.CloseIdleConnections)
	s.https = &http.Client{Transport: transport}
	eventually(t, patience, func() bool { return strings.Contains(s.stderr.text(), `msg="certificate ready"`) })
	return s
}

func (s *secured) args(args []string) []string {
	return append(args, "--tls-domain=crm.test", "--http-listen="+s.plain, "--acme-directory="+s.ca.url+"/directory",
		"--smtp-url=smtp://127.0.0.1:1?tls=off", "--mail-from=crm@crm.test")
}

// ask sends a request and returns the answer, without following redirects.
func ask(t *testing.T, client *http.Client, method, url, body string, header ...string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	still := *client
	still.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	res, err := still.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(data)
}

// TestCertificateByACME lets a server get a certificate. It then speaks TLS to clients that
// trust the CA, and uses the same certificate after a restart.
func TestCertificateByACME(t *testing.T) {
	t.Parallel()
	s := secure(t)
	res, text := ask(t, s.https, "GET", "https://crm.test/", "")
	if res.StatusCode != 200 || res.TLS.Version != tls.VersionTLS13 || res.Proto != "HTTP/2.0" || res.Header.Get("Strict-Transport-Security") == "" {
		t.Errorf("%d by %s, TLS %x, %v", res.StatusCode, res.Proto, res.TLS.Version, res.Header)
	}
	holds(t, text, "https://crm.test")
	address := strings.TrimPrefix(s.url, "https://")
	for _, name := range []string{"evil.test", "www.crm.test", ""} {
		if conn, err := tls.Dial("tcp", address, &tls.Config{ServerName: name, InsecureSkipVerify: true}); err == nil {
			conn.Close()
			t.Errorf("there is a certificate for the name %q", name)
		}
	}
	for version, refused := range map[uint16]bool{tls.VersionTLS11: true, tls.VersionTLS12: false} {
		conn, err := tls.Dial("tcp", address, &tls.Config{ServerName: "crm.test", RootCAs: s.ca.roots(), MinVersion: tls.VersionTLS10, MaxVersion: version})
		if err == nil {
			conn.Close()
		}
		if (err != nil) != refused {
			t.Errorf("TLS %x: %v", version, err)
		}
	}
	if names := s.ca.names(); len(names) != 1 || names[0] != "crm.test" {
		t.Errorf("certificates were ordered for %q", names)
	}
	s.isStored(t)
}

// isStored checks that the certificate is stored where nobody else can read it, and used again.
func (s *secured) isStored(t *testing.T) {
	t.Helper()
	dir := filepath.Join(s.cmd.Dir, "certs")
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("%v, %v", info, err)
	}
	list := names(t, dir)
	if len(list) < 2 {
		t.Errorf("in %s there are only %v", dir, list)
	}
	for _, name := range list {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%v, %v", info, err)
		}
	}
	s.stop()
	again := command(t, s.args(onFile("--listen="+strings.TrimPrefix(s.url, "https://")))...)
	again.Dir = s.cmd.Dir
	start(t, again)
	if res, text := ask(t, s.https, "GET", "https://crm.test/healthz", ""); res.StatusCode != 200 {
		t.Errorf("after a restart: %d %s", res.StatusCode, text)
	}
	if names := s.ca.names(); len(names) != 1 {
		t.Errorf("after a restart certificates were ordered for %q", names)
	}
}

// TestPlainHTTPSendsReadersToTLS checks that plain HTTP redirects to https, does nothing else, and
// puts no secret into the redirect.
func TestPlainHTTPSendsReadersToTLS(t *testing.T) {
	t.Parallel()
	s := secure(t)
	for path, want := range map[string]string{"/": "/", "/help?format=json": "/help?format=json", "/a%2Fb": "/a%2Fb", "//evil.test/x": "/evil.test/x", "/.well-known/agent.md": "/.well-known/agent.md"} {
		for _, method := range []string{"GET", "HEAD"} {
			res, _ := ask(t, http.DefaultClient, method, "http://"+s.plain+path, "")
			if to := res.Header.Get("Location"); res.StatusCode != 308 || to != "https://crm.test"+want {
				t.Errorf("%s %s: %d to %q", method, path, res.StatusCode, to)
			}
		}
	}
	for _, c := range [][]string{{"POST", "/contacts"}, {"PATCH", "/contacts/c_1"}, {"DELETE", "/x"}, {"GET", "/whoami", "Authorization", "Bearer ck_x"}, {"OPTIONS", "/"}} {
		res, text := ask(t, http.DefaultClient, c[0], "http://"+s.plain+c[1], "", c[2:]...)
		if res.StatusCode != 403 || res.Header.Get("Location") != "" {
			t.Errorf("%v: %d to %q", c, res.StatusCode, res.Header.Get("Location"))
		}
		holds(t, text, "ERROR https_required", "https://crm.test", "DELETE /tokens/{id}")
	}
	if _, text := ask(t, http.DefaultClient, "POST", "http://"+s.plain+"/contacts", "{}", "Accept", "application/json"); !strings.Contains(text, `"https_required"`) {
		t.Errorf("the error in JSON is %s", text)
	}
	for _, target := range []string{"x:.evil.test/", "http://evil.test/y", "*"} {
		if answer := raw(t, s.plain, "GET "+target+" HTTP/1.1\r\nHost: evil.test\r\nConnection: close\r\n\r\n"); strings.Contains(answer, "Location") && !strings.Contains(answer, "Location: https://crm.test/") {
			t.Errorf("GET %s leads elsewhere:\n%s", target, answer)
		}
	}
	holds(t, raw(t, strings.TrimPrefix(s.url, "https://"), "GET / HTTP/1.1\r\nHost: crm.test\r\n\r\n"), "400 Bad Request")
}

// raw sends bytes and returns the whole answer.
func raw(t *testing.T, address, text string) string {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, text)
	answer, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	return string(answer)
}

// TestNoCertificate checks that a server runs although the CA does not answer, and that the
// log says what to check.
func TestNoCertificate(t *testing.T) {
	t.Parallel()
	p := start(t, command(t, append(mailing(), "--tls-domain=crm.test", "--http-listen=127.0.0.1:0", "--acme-directory=http://127.0.0.1:1/directory")...))
	eventually(t, patience, func() bool { return strings.Contains(p.stderr.text(), "no certificate; ") })
	holds(t, p.stderr.text(), "domain=crm.test", "port 80", "refused")
	if code := p.stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// TestOwnCertificate serves with certificate files, replaces them by a broken and then a good
// pair, and checks that the good pair is used and the broken one is not.
func TestOwnCertificate(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first, second := pair(t, dir), pair(t, dir)
	p := start(t, command(t, append(mailing(), "--tls-cert="+filepath.Join(dir, "cert.pem"), "--tls-key="+filepath.Join(dir, "key.pem"))...))
	served := func() string {
		conn, err := tls.Dial("tcp", strings.TrimPrefix(p.url, "https://"), &tls.Config{InsecureSkipVerify: true})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		return string(conn.ConnectionState().PeerCertificates[0].Raw)
	}
	first.write(t, dir)
	eventually(t, patience, func() bool { return served() == first.der() })
	if err := os.WriteFile(filepath.Join(dir, "cert.pem"), second.cert, 0o600); err != nil {
		t.Fatal(err)
	}
	eventually(t, patience, func() bool {
		return served() == first.der() && strings.Contains(p.stderr.text(), "the last one stays in use")
	})
	second.write(t, dir)
	eventually(t, patience, func() bool { return served() == second.der() })
}

// files of a certificate and its key, in PEM.
type pemPair struct{ cert, key []byte }

func (p pemPair) der() string {
	block, _ := pem.Decode(p.cert)
	return string(block.Bytes)
}

func (p pemPair) write(t *testing.T, dir string) {
	t.Helper()
	for name, data := range map[string][]byte{"key.pem": p.key, "cert.pem": p.cert} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// pair makes a self-signed certificate and writes it.
func pair(t *testing.T, dir string) pemPair {
	t.Helper()
	r := &relay{}
	r.certify(t)
	der, err := x509.MarshalPKCS8PrivateKey(r.cert.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	p := pemPair{pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: r.cert.Certificate[0]}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})}
	p.write(t, dir)
	return p
}

// TestCertificatesOfOthers checks that a directory for keys is refused if others can read it.
func TestCertificatesOfOthers(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o750); err != nil {
		t.Fatal(err)
	}
	holds(t, refusal(t, command(t, append(mailing(), "--tls-domain=crm.test", "--http-listen=127.0.0.1:0", "--tls-dir="+dir)...)), "--tls-dir", "mode 0750", "chmod 700")
}

// keyFiles sets the arguments for tls-key: a certificate that exists. The keys do not, so the
// error names the one in use.
func keyFiles(t *testing.T, l *layered) {
	dir := t.TempDir()
	pair(t, dir)
	l.args = append(mailing(), "--tls-cert="+filepath.Join(dir, "cert.pem"))
	l.seen = refusal
}
