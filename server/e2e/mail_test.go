package e2e

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// TestMailStory signs in two people by mail. They work in one workspace until it is
// deleted.
func TestMailStory(t *testing.T) {
	t.Parallel()
	s := open(t, (&relay{}).start(t, "127.0.0.1:0"), "--base-url=https://crm.acme.com")
	jane, bob := s.person(t, "jane@acme.com"), s.person(t, "bob@acme.com")
	firstSignIn(t, jane)
	acme := jane.workspace()
	jane.want(200, "PATCH "+acme, object("name", "Acme Sales"))

	holds(t, jane.want(201, "POST "+acme+"/invites", object("email", bob.address)), "they get a mail")
	invite := bob.mailed()
	holds(t, invite.text, "jane@acme.com invites you to the workspace “Acme Sales”", "role member", "Open https://crm.acme.com, read it, and sign me in as bob@acme.com")
	if sixDigitsIn(invite.text) {
		t.Errorf("an invite has a code:\n%s", invite.text)
	}
	holds(t, bob.signIn(), `name="Acme Sales" role=member`)
	holds(t, jane.want(200, "GET "+acme+"/members", ""), "email=bob@acme.com role=member status=active")

	promote(t, jane, acme, bob)
	remove(t, jane, acme)
	bob.want(401, "GET /whoami", "") // it acted in the team
	bob.signIn()
	holds(t, bob.want(200, "GET /workspaces", ""), "# 1 of 1 workspace\n")
	jane.want(401, "GET /whoami", "")
}

// firstSignIn signs a new address in, and checks that the code is in the mail alone.
func firstSignIn(t *testing.T, jane *person) {
	t.Helper()
	answer := jane.ask()
	mail := jane.mailed()
	code := jane.code(mail)
	if want := "otp_sent email=jane@acme.com\n"; !strings.HasPrefix(answer, want) || strings.Contains(answer, code) || strings.Contains(answer, "local") {
		t.Errorf("asking for %s is answered with\n%s", code, answer)
	}
	if mail.from != "crm@acme.com" || mail.header.Get("From") != `"Acme CRM" <crm@acme.com>` || !mail.encrypted {
		t.Errorf("envelope from %s, header from %s, encrypted %t", mail.from, mail.header.Get("From"), mail.encrypted)
	}
	for _, part := range []string{mail.text, mail.html} {
		holds(t, part, "sign in to crmkit", "127.0.0.1", "https://crm.acme.com")
	}
	wrong := "000000"
	if code == wrong {
		wrong = "000001"
	}
	holds(t, jane.want(401, "POST /auth/verify", object("email", jane.address, "code", wrong)), "ERROR invalid_code")
	jane.verify(code)
	holds(t, jane.want(401, "POST /auth/verify", object("email", jane.address, "code", code)), "ERROR invalid_code")
}

// promote makes an admin, with a mailed code in a header.
func promote(t *testing.T, jane *person, acme string, bob *person) {
	t.Helper()
	line, body := "POST "+acme+"/members/"+strings.TrimPrefix(handle(t, bob), "user/")+"/role", object("role", "admin")
	refusal := jane.want(403, line, body)
	mail := jane.mailed()
	code := jane.code(mail)
	holds(t, refusal, "ERROR escalation_required", "mailed to jane@acme.com")
	if strings.Contains(refusal, code) {
		t.Errorf("the answer has the code:\n%s", refusal)
	}
	holds(t, mail.text, "The agent “Claude”, signed in as you, wants to make bob@acme.com an admin of the workspace “Acme Sales”")
	holds(t, jane.want(403, "DELETE "+acme, ""), "ERROR escalation_required")
	other := jane.code(jane.mailed())
	jane.header.Set("X-Escalation-Code", other)
	holds(t, jane.want(403, line, body), "ERROR invalid_code")
	jane.header.Set("X-Escalation-Code", code)
	holds(t, jane.want(200, line, body), "# updated: role member -> admin")
	jane.header.Del("X-Escalation-Code")
}

// remove deletes a workspace, with a mailed code in the path.
func remove(t *testing.T, jane *person, acme string) {
	t.Helper()
	holds(t, jane.want(403, "DELETE "+acme, ""), "ERROR escalation_required")
	mail := jane.mailed()
	holds(t, mail.text, "wants to delete the workspace “Acme Sales” with all its records, members and tokens")
	holds(t, jane.want(200, "DELETE "+acme+"?code="+jane.code(mail), ""), "deleted workspace/")
}

func handle(t *testing.T, p *person) string {
	t.Helper()
	who, _, _ := strings.Cut(p.want(200, "GET /whoami", ""), " ")
	return who
}

func sixDigitsIn(text string) bool { return regexp.MustCompile(`\b\d{6}\b`).MatchString(text) }

// TestUnknownAddress checks that on a server with sign-up by invite the answer to a request
// for a code does not depend on the address, and that unknown addresses get no mail.
func TestUnknownAddress(t *testing.T) {
	t.Parallel()
	s := open(t, (&relay{}).start(t, "127.0.0.1:0"), "--signup=invite")
	s.mint(t, "jane@acme.com")
	jane, eve := s.person(t, "jane@acme.com"), s.person(t, "evey@else.org") // of the same length
	var answers []string
	for _, p := range []*person{eve, jane} {
		res, text := p.send("POST /auth/request", object("email", p.address))
		for _, own := range []string{"X-Request-Id", "Date"} {
			res.Header.Del(own)
		}
		answers = append(answers, anonymous(p, res.Status+text+headers(res.Header)))
	}
	if answers[0] != answers[1] || !strings.Contains(answers[0], "otp_sent") {
		t.Errorf("a known and an unknown address get different answers:\n%q\n%q", answers[0], answers[1])
	}
	jane.verify(jane.code(jane.mailed())) // the first mail is hers
}

// anonymous removes from an answer what must differ between two people, and the time.
func anonymous(p *person, text string) string {
	for _, own := range append([]string{p.address}, p.secrets...) {
		text = strings.ReplaceAll(text, own, "*")
	}
	return regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d`).ReplaceAllString(text, "*")
}

func headers(h http.Header) string {
	var b strings.Builder
	_ = h.Write(&b) // a Builder takes all
	return b.String()
}

// mint returns a token of the owner's command.
func (s *site) mint(t *testing.T, address string) string {
	t.Helper()
	cmd := command(t, "token", "--email", address, "--db=crmkit.db")
	cmd.Dir = s.cmd.Dir
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("crmkit token: %v", err)
	}
	token := strings.TrimSpace(string(out))
	s.secrets = append(s.secrets, token)
	return token
}

// hostileNames are names that try to add text or markup to a mail. There are many short ones,
// since long ones are cut.
var hostileNames = []string{
	"Acme\r\nBcc: mallory@evil.example\r\n\r\nhttps://evil.example/login\n.\nQUIT",
	`<a href="https://evil.example">open</a><img src=//evil.example/x><script>`,
	"www.evil.example evil\u3002example \u202eelpmaxe.live\u202c http:\\\\evil.example",
	"=?utf-8?q?a=0D=0ABcc:_x@evil.example?= {{.Code}} &lt;b&gt; evil\u2024example",
}

// TestHostileNames checks that a name somebody else chose adds no link and no recipient to a
// mail.
func TestHostileNames(t *testing.T) {
	t.Parallel()
	s := open(t, (&relay{}).start(t, "127.0.0.1:0"), "--base-url=https://crm.acme.com")
	eve, bob := s.person(t, "eve@else.org"), s.person(t, "bob@acme.com")
	eve.signIn()
	home := eve.workspace()
	eve.want(201, "POST "+home+"/invites", object("email", bob.address))
	friendly := bob.mailed()
	for _, name := range hostileNames {
		eve.want(200, "PATCH "+home, object("name", name))
		eve.want(200, "POST "+home+"/invites", object("email", bob.address))
		harmless(t, bob.mailed(), friendly)
	}
	eve.want(403, "DELETE "+home, "")
	calm := eve.mailed()
	eve.code(calm)
	eve.agent = hostileNames[1]
	eve.signIn()
	eve.want(403, "DELETE "+home, "")
	stepUp := eve.mailed()
	eve.code(stepUp)
	harmless(t, stepUp, calm)
}

// TestHostileAddress checks that mails do not show as a link an address that mail programs
// take for a web page: neither when its owner invites somebody, nor when an agent wants to
// invite it.
func TestHostileAddress(t *testing.T) {
	t.Parallel()
	s := open(t, (&relay{}).start(t, "127.0.0.1:0"), "--base-url=https://crm.acme.com")
	const hostile = "www.evil.example/login?x=1@else.org"
	eve, bob := s.person(t, hostile), s.person(t, "bob@acme.com")
	eve.signIn()
	bob.signIn() // before the invite: the invited begin in the team
	eve.want(201, "POST "+eve.workspace()+"/invites", object("email", bob.address))
	invite := bob.mailed()
	harmless(t, invite, invite)
	bob.signIn()
	bob.want(403, "POST "+bob.workspace()+"/invites", object("email", hostile, "role", "admin"))
	stepUp := bob.mailed()
	bob.code(stepUp)
	harmless(t, stepUp, stepUp)
}

// harmless checks that a mail has as many paragraphs as another, and no link except the
// server's own.
func harmless(t *testing.T, l, other letter) {
	t.Helper()
	if strings.Count(l.text, "\n") != strings.Count(other.text, "\n") || strings.Count(l.html, "<p") != strings.Count(other.html, "<p") {
		t.Errorf("the mail should have as many paragraphs as\n%s\nbut is\n%s", other.text, l.text)
	}
	for _, part := range []string{l.header.Get("Subject"), l.text, l.html} {
		shown := strings.NewReplacer("https://crm.acme.com", "", "<body", "").Replace(part)
		nevers := []string{"//", "\\\\", "evil.", "evil\u3002", "evil\u2024", "www.", "\u202e", "=?"}
		if part == l.html { // in plain text a name is shown as it is; here it must be escaped
			nevers = append(nevers, "<a", "<b", "<img", "<script", "<svg", "<style", "<form", "&amp;amp;")
		} else if part != l.text {
			nevers = append(nevers, "<", "{{", "&lt;") // a subject holds no name
		}
		for _, never := range nevers {
			if strings.Contains(shown, never) {
				t.Errorf("the mail shows %q:\n%s", never, part)
			}
		}
	}
}

// TestMailNamesTheAddress checks that a mail names the network address of the request: behind a
// trusted proxy the one it forwards, otherwise that of the peer, whatever the peer claims.
func TestMailNamesTheAddress(t *testing.T) {
	t.Parallel()
	for trusted, want := range map[string]string{"127.0.0.1": "203.0.113.7", "10.0.0.0/8": "127.0.0.1", "": "127.0.0.1"} {
		s := open(t, (&relay{}).start(t, "127.0.0.1:0"), "--trust-proxy="+trusted)
		jane := s.person(t, "jane@acme.com")
		jane.header.Set("X-Forwarded-For", "198.51.100.9, 203.0.113.7")
		jane.ask()
		mail := jane.mailed()
		jane.code(mail)
		holds(t, mail.text, "the network address "+want+" at ")
		holds(t, mail.html, "the network address "+want+" at ")
	}
}
