package e2e

import (
	"encoding/json"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// site is a server that mails codes, and its mail server.
type site struct {
	*running
	relay   *relay
	secrets []string
	ended   bool
}

// open starts a server with a database file. When the test ends the server is stopped, and
// its output and files are searched for secrets.
func open(t *testing.T, r *relay, args ...string) *site {
	t.Helper()
	return openBy(t, r, command(t, onFile(args...)...))
}

// openBy starts the server of a command.
func openBy(t *testing.T, r *relay, cmd *exec.Cmd) *site {
	t.Helper()
	r.serve(t, cmd)
	cmd.Env = append(cmd.Env, "TMPDIR="+cmd.Dir)
	s := &site{running: start(t, cmd), relay: r, secrets: append(r.secrets(), relaySignIn().String())}
	t.Cleanup(func() { s.close(t) })
	return s
}

// end stops the server.
func (s *site) end(t *testing.T) {
	t.Helper()
	s.ended = true
	if code := s.stop(); code != 0 {
		t.Errorf("exit code %d\n%s", code, s.stderr.text())
	}
}

// close ends the test of a site. The server sends all its mails before it stops, so a mail that
// the test did not read is an error.
func (s *site) close(t *testing.T) {
	t.Helper()
	if !s.ended {
		s.end(t)
	}
	s.silent(t)
	select {
	case l := <-s.relay.mails:
		t.Errorf("one more mail, to %v:\n%s", l.to, l.text)
	default:
	}
}

// silent checks that no secret is in the output of the server or in a file name, and no
// lasting secret in a file.
func (s *site) silent(t *testing.T) {
	t.Helper()
	// A request id could hold six digits by chance.
	printed := regexp.MustCompile(`request_id=\S+`).ReplaceAllString(s.stderr.text(), "")
	places := map[string]string{"stdout": s.stdout.text(), "stderr": printed}
	err := filepath.WalkDir(s.cmd.Dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		places["files"] += path + "\n"
		places["what files hold"] += string(data)
		return err
	})
	if err != nil || len(places) != 4 || places["stderr"] == "" {
		t.Fatalf("there is no log or no file: %v", err)
	}
	for _, secret := range s.secrets {
		for place, text := range places {
			// Six digits in a file may be something else.
			if strings.Contains(text, secret) && (place != "what files hold" || !sixDigits.MatchString(secret)) {
				t.Errorf("%s: there is the secret %q", place, secret)
			}
		}
	}
}

var sixDigits = regexp.MustCompile(`\A[0-9]{6}\z`)

// person is a user of a site, through the agent that has the token.
type person struct {
	*site
	t       *testing.T
	address string
	token   string
	agent   string      // name of the token
	header  http.Header // of every request
}

func (s *site) person(t *testing.T, address string) *person {
	return &person{site: s, t: t, address: address, agent: "Claude", header: http.Header{}}
}

// send makes a request; line is like "GET /contacts".
func (p *person) send(line, body string) (*http.Response, string) {
	p.t.Helper()
	method, path, _ := strings.Cut(line, " ")
	req, err := http.NewRequest(method, p.url+path, strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	maps.Copy(req.Header, p.header)
	if p.token != "" {
		req.Header.Set("Authorization", "Bearer "+p.token)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return res, string(data)
}

// want makes a request, checks the status of the answer, and returns the answer.
func (p *person) want(status int, line, body string) string {
	p.t.Helper()
	res, text := p.send(line, body)
	if res.StatusCode != status {
		p.t.Fatalf("%s %s: %d, want %d\n%s", line, body, res.StatusCode, status, text)
	}
	return text
}

// ask asks for a sign-in code and returns the answer.
func (p *person) ask() string {
	p.t.Helper()
	return p.want(200, "POST /auth/request", object("email", p.address))
}

// mailed returns the next mail of the site and checks that it goes to this person alone.
func (p *person) mailed() letter {
	p.t.Helper()
	l := p.relay.next(p.t)
	if len(l.to) != 1 || l.to[0] != p.address || l.header.Get("To") != "<"+p.address+">" {
		p.t.Fatalf("the mail goes to %v, its header says %s; want %s", l.to, l.header.Get("To"), p.address)
	}
	return l
}

// code returns the code of a mail and checks that both parts show it.
func (p *person) code(l letter) string {
	p.t.Helper()
	found := regexp.MustCompile(`(?m)^\d{6}$`).FindAllString(l.text, -1)
	if len(found) != 1 || !strings.Contains(l.html, ">"+found[0]+"<") {
		p.t.Fatalf("codes %v in\n%s\n%s", found, l.text, l.html)
	}
	p.secrets = append(p.secrets, found[0])
	return found[0]
}

// verify signs in by a code and returns the answer.
func (p *person) verify(code string) string {
	p.t.Helper()
	text := p.want(200, "POST /auth/verify", object("email", p.address, "code", code, "token_name", p.agent))
	p.token = field(p.t, text, "token")
	p.secrets = append(p.secrets, p.token)
	return text
}

// signIn signs in by mail and returns the answer.
func (p *person) signIn() string {
	p.t.Helper()
	p.ask()
	return p.verify(p.code(p.mailed()))
}

// workspace returns the path of the workspace the token acts in.
func (p *person) workspace() string {
	p.t.Helper()
	return "/workspaces/" + field(p.t, p.want(200, "GET /whoami", ""), "workspace_id")
}

// object returns names and values as a JSON object.
func object(pairs ...string) string {
	fields := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		fields[pairs[i]] = pairs[i+1]
	}
	data, _ := json.Marshal(fields) // strings always can be
	return string(data)
}

// field returns the first unquoted value of the name in an answer.
func field(t *testing.T, text, name string) string {
	t.Helper()
	found := regexp.MustCompile(`(?:^|\s)` + name + `=(\S+)`).FindStringSubmatch(text)
	if found == nil {
		t.Fatalf("no %s in\n%s", name, text)
	}
	return found[1]
}

// holds reports every want that is not in the text.
func holds(t *testing.T, text string, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}

// eventually waits until the condition is true. It is for the log of a server and for other
// processes, which give no signal to wait for.
func eventually(t *testing.T, within time.Duration, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(within); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("it did not come in %s", within)
		}
	}
}
