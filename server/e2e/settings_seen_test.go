package e2e

import (
	"net"
	"os/exec"
	"strconv"
	"testing"
)

// How the tests see which value of a setting a server uses, for the rows of layers that
// need mails, a client behind a proxy, or many requests.

// mailServers gives each place a mail server of its own; the value in use is the server that
// gets the mail.
func mailServers(t *testing.T, l *layered) {
	mails := make(chan letter, 1)
	var urls [3]string
	for i := range urls {
		urls[i] = (&relay{mails: mails}).start(t, "127.0.0.1:0").plainURL()
	}
	l.file, l.env, l.flag = urls[0], urls[1], urls[2]
	l.seen = func(t *testing.T, cmd *exec.Cmd) string {
		start(t, cmd).do("POST", "/auth/request", object("email", "jane@example.com"))
		taker := (&relay{mails: mails}).next(t).via
		return (&relay{addr: taker}).plainURL()
	}
}

func sender(t *testing.T, cmd *exec.Cmd) string {
	r := (&relay{}).start(t, "127.0.0.1:0")
	cmd.Args = append(cmd.Args, "--smtp-url="+r.plainURL())
	start(t, cmd).do("POST", "/auth/request", object("email", "jane@example.com"))
	return r.next(t).header.Get("From")
}

// signup returns whether a stranger can sign in.
func signup(t *testing.T, cmd *exec.Cmd) string {
	s := openBy(t, (&relay{}).start(t, "127.0.0.1:0"), cmd)
	eve, jane := s.person(t, "eve@else.org"), s.person(t, "jane@acme.com")
	eve.ask()
	s.mint(t, jane.address) // meanwhile the mail for eve is sent, if there is one
	jane.ask()
	if s.relay.next(t).to[0] == jane.address {
		return "invite" // strangers get no mail
	}
	s.relay.next(t) // jane's
	return "open"
}

// burst returns the rate per second: a quarter of the requests that pass at once.
func burst(t *testing.T, cmd *exec.Cmd) string {
	p := start(t, cmd)
	for n := range 100 {
		if status, _ := p.do("GET", "/healthz", ""); status == 429 {
			return strconv.Itoa(n / 4)
		}
	}
	return "no limit"
}

// trusted returns the setting that explains the address in the audit log: each value takes
// another one of the addresses that the proxies forward.
func trusted(t *testing.T, cmd *exec.Cmd) string {
	jane := (&site{running: start(t, cmd)}).person(t, "jane@example.com")
	jane.token = jane.mint(t, jane.address)
	jane.header.Set("X-Forwarded-For", "192.0.2.1, 198.51.100.1")
	jane.want(201, "POST /contacts", object("name", "Ann"))
	by := map[string]string{"198.51.100.1": "127.0.0.1", "127.0.0.1": "10.0.0.0/8", "192.0.2.1": "127.0.0.0/8,198.51.100.1"}
	return by[field(t, jane.want(200, "GET /audit?action=create", ""), "addr")]
}

// scraped returns the token that GET /metrics accepts.
func scraped(t *testing.T, cmd *exec.Cmd) string {
	p := start(t, cmd)
	for _, token := range []string{"from-file", "from-env", "from-flag"} {
		if status, _ := p.as(token, "GET", "/metrics", ""); status == 200 {
			return token
		}
	}
	return "none"
}

// metricsPorts gives each place an address of its own; the value in use is the one that
// serves metrics.
func metricsPorts(t *testing.T, l *layered) {
	for _, to := range []*string{&l.file, &l.env, &l.flag} {
		*to = freePort(t)
	}
	places := []string{l.file, l.env, l.flag}
	l.seen = func(t *testing.T, cmd *exec.Cmd) string {
		p := start(t, cmd)
		for _, at := range places {
			p.url = "http://" + at
			if conn, err := net.Dial("tcp", at); err == nil {
				conn.Close()
				_, text := p.as("", "GET", "/metrics", "")
				holds(t, text, "crmkit_writes_waiting 0")
				p.stop() // the next place may have the port
				return at
			}
		}
		return "none"
	}
}

// freePort returns an address of this machine that was free when the test asked.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func printed(t *testing.T, cmd *exec.Cmd) string {
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}
