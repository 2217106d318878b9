package e2e

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// visitor is a person at the sign-in page of a connector.
type visitor struct {
	*person
	client *http.Client
	page   string // the last one
	at     *url.URL
}

// visit opens the page for a client that registers for it.
func (p *person) visit() *visitor {
	p.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		p.t.Fatal(err)
	}
	v := &visitor{person: p, client: &http.Client{Jar: jar, CheckRedirect: func(req *http.Request, _ []*http.Request) error {
		if req.URL.Host == "claude.ai" {
			return http.ErrUseLastResponse
		}
		return nil
	}}}
	var made struct {
		ID string `json:"client_id"`
	}
	if err := json.Unmarshal([]byte(p.want(201, "POST /register", `{"client_name":"Claude <https://evil.example>","redirect_uris":["https://claude.ai/cb"]}`)), &made); err != nil {
		p.t.Fatal(err)
	}
	v.open(http.NewRequest("GET", p.url+"/authorize?"+url.Values{"response_type": {"code"}, "client_id": {made.ID}, "code_challenge_method": {"S256"},
		"code_challenge": {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}}.Encode(), nil)) // RFC 7636 appendix B
	return v
}

func (v *visitor) open(req *http.Request, err error) {
	v.t.Helper()
	if err != nil {
		v.t.Fatal(err)
	}
	res, err := v.client.Do(req)
	if err != nil {
		v.t.Fatal(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	v.page = string(data)
	if v.at, err = res.Location(); err != nil {
		v.at = res.Request.URL
	}
}

// fill sends the form of the page.
func (v *visitor) fill(pairs ...string) {
	v.t.Helper()
	form := url.Values{"request": {regexp.MustCompile(`name="request" value="(\w+)"`).FindStringSubmatch(v.page)[1]}, "do": {"next"}}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	req, err := http.NewRequest("POST", v.url+"/authorize", strings.NewReader(form.Encode()))
	if err == nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	v.open(req, err)
}

// TestPageByMail signs in on the page of a server that mails codes: the page shows no code, the mail
// names the client and its host, and a stranger gets no mail and sees the same page.
func TestPageByMail(t *testing.T) {
	s := open(t, (&relay{}).start(t, "127.0.0.1:0"), "--signup", "invite")
	token, err := command(t, "token", "--email", "jane@acme.com", "--db", s.cmd.Dir+"/crmkit.db").Output()
	if err != nil {
		t.Fatal(err)
	}
	s.secrets = append(s.secrets, strings.TrimSpace(string(token)))

	jane := s.person(t, "jane@acme.com").visit()
	jane.fill("step", "email", "email", "Jane@ACME.com")
	l := jane.mailed()
	code := jane.code(l)
	if strings.Contains(jane.page, code) || !strings.Contains(jane.page, "A code was mailed to jane@acme.com") {
		t.Errorf("the page after the mail: %s", jane.page)
	}
	for _, want := range []string{"“Claude", "evil.example", "claude.ai", "sign-in page"} {
		if !strings.Contains(strings.Join(strings.Fields(strings.ReplaceAll(l.text, "\u2060", "")), " "), want) {
			t.Errorf("the mail has no %s:\n%s", want, l.text)
		}
	}
	jane.fill("step", "code", "code", code)
	jane.fill("step", "access", "scope", "read", "workspace", regexp.MustCompile(`value="(ws_\w+)"`).FindStringSubmatch(jane.page)[1])
	if got := jane.at.Query().Get("code"); jane.at.Host != "claude.ai" || !strings.HasPrefix(got, "cka_") {
		t.Errorf("the sign-in ends at %s", jane.at)
	}
	s.secrets = append(s.secrets, jane.at.Query().Get("code"))

	eve := s.person(t, "eve@else.org").visit()
	eve.fill("step", "email", "email", "eve@else.org")
	eve.fill("step", "code", "code", "000000") // no code was mailed: strangers get none
	if strings.Contains(eve.page, "by invite only") {
		t.Errorf("after a wrong code: %s", eve.page)
	}
}
