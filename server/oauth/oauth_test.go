package oauth

import (
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"crmkit/auth/oauth"
	"crmkit/crm"
)

// TestFormTarget checks the source by which the policy of the page lets the last form lead
// to the client.
func TestFormTarget(t *testing.T) {
	for redirect, want := range map[string]string{
		"https://claude.ai/api/cb?x=1":  "https://claude.ai",
		"http://127.0.0.1:33418/cb":     "http://127.0.0.1:33418",
		"http://localhost/cb":           "http://localhost",
		"http://[::1]:9999/cb":          "http:",
		"cursor://anysphere.cursor/cb":  "cursor:",
		"com.example.app:/cb":           "com.example.app:",
		"https://EXAMPLE.com:8443/path": "https://EXAMPLE.com:8443",
	} {
		to, err := url.Parse(redirect)
		if err != nil {
			t.Fatal(err)
		}
		if got := formTarget(to); got != want {
			t.Errorf("%s: %s, want %s", redirect, got, want)
		}
	}
}

// TestPagesEscape checks that every step shows texts of clients and people as text.
func TestPagesEscape(t *testing.T) {
	const evil = `"><script>alert(1)</script>`
	for _, step := range []string{"email", "code", "access", "error"} {
		p := signPage{Step: step, Request: evil, Client: evil, Where: evil, Email: evil, Problem: evil, LocalCode: evil, CodeForm: evil, NewName: evil,
			Workspaces: []pageWorkspace{{ID: evil, Name: evil, Role: evil}}, Title: evil, Text: evil, Next: evil}
		text := string(p.html())
		if strings.Contains(text, "<script") || !strings.Contains(text, "&lt;script&gt;") {
			t.Errorf("the step %s:\n%s", step, text)
		}
		if strings.Contains(text, " style=") || strings.Contains(text, " onclick=") || strings.Count(text, "<style>") != 1 || p.Heading() == "" {
			t.Errorf("the step %s has styles or scripts that its policy forbids:\n%s", step, text)
		}
	}
}

// TestOneScopeIsPreselected checks that the page offers each scope once, the chosen one
// selected.
func TestOneScopeIsPreselected(t *testing.T) {
	for _, chosen := range crm.Scopes() {
		selected := ""
		for _, s := range (signPage{Scope: chosen}).Scopes() {
			if s.Selected {
				selected += s.Word
			}
		}
		if selected != chosen {
			t.Errorf("%s is chosen, %s is selected", chosen, selected)
		}
	}
}

// TestReadAccess checks what the last form grants, and which choices are refused.
func TestReadAccess(t *testing.T) {
	for form, want := range map[string]oauth.Access{
		"workspace=ws_1&scope=read":                           {WorkspaceID: "ws_1", Scope: "read"},
		"workspace=ws_1&scope=read&reach=all&workspace_name=": {WorkspaceID: "ws_1", Scope: "read", Reach: "all"},
		"workspace=new&scope=full&workspace_name=+Fresh+":     {Scope: "full", NewName: "Fresh"},
	} {
		values, _ := url.ParseQuery(form)
		if got, err := readAccess(values); err != nil || got != want {
			t.Errorf("%s: %+v %v", form, got, err)
		}
	}
	for form, field := range map[string]string{"scope=read": "workspace", "workspace=ws_1": "scope", "workspace=ws_1&scope=read&workspace_name=Fresh": "workspace"} {
		values, _ := url.ParseQuery(form)
		var known *crm.Error
		if _, err := readAccess(values); !errors.As(err, &known) || known.Field != field {
			t.Errorf("%s: %v, want an error about %s", form, err, field)
		}
	}
}

// TestParametersAreGivenOnce checks that a repeated parameter is refused, except resource.
func TestParametersAreGivenOnce(t *testing.T) {
	if err := singleValue(url.Values{"resource": {"a", "b"}, "state": {"x"}}); err != nil {
		t.Error(err)
	}
	var refused *oauth.Error
	if err := singleValue(url.Values{"state": {"x", "y"}}); !errors.As(err, &refused) || refused.Code != oauth.InvalidRequest {
		t.Errorf("state twice: %v", err)
	}
}

// TestRedirectList checks which values of redirect_uris are read.
func TestRedirectList(t *testing.T) {
	if uris, fault := redirectList(`["https://a.example/cb","b:/cb"]`); fault != nil || strings.Join(uris, " ") != "https://a.example/cb b:/cb" {
		t.Errorf("%v %v", uris, fault)
	}
	long := "[" + strings.Repeat(`"a:/",`, oauth.MaxRedirects) + `"a:/"]`
	for _, json := range []string{`"https://a.example"`, `{}`, `[1]`, `[null]`, `["a:/",["b:/"]]`, long} {
		if uris, fault := redirectList(json); fault == nil {
			t.Errorf("%.40s: %v", json, uris)
		}
	}
}

// TestTextsForPeople checks that errors for agents become sentences for the person at the
// page, with times to wait rounded up.
func TestTextsForPeople(t *testing.T) {
	for d, want := range map[time.Duration]string{0: "a minute", time.Second: "a minute", time.Minute: "a minute", 61 * time.Second: "2 minutes", time.Hour: "60 minutes"} {
		if got := humanDuration(d); got != want {
			t.Errorf("%v: %s, want %s", d, got, want)
		}
	}
	for _, code := range []crm.Code{crm.InvalidEmail, crm.InvalidCode, crm.SignupClosed, crm.NotAMember, crm.PlanLimitReached, crm.NotReady, crm.RateLimited} {
		const hint = "POST /auth/request again"
		if text := userMessage(crm.Errorf(code, hint)); text == hint || !strings.HasSuffix(text, ".") {
			t.Errorf("%s: %s", code, text)
		}
	}
}
