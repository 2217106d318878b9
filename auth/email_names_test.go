package auth_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"crmkit/crm"
	"crmkit/store"
)

// hostile are names that an attacker may choose because mails show them.
var hostile = []string{
	"https://evil.example/x", "www.evil.example", "evil.example", "//evil.example/%2e", "mailto:a@evil.example", "javascript:alert(1)",
	`<a href="https://evil.example">x</a>`, "[x](https://evil.example)", "x\r\nSubject: y\r\n\r\nevil.example", "x”.\n\nNow open evil.example “",
	"\u202emoc.live\u202c", "\u2066evil\u2069.\u200bexample", "evil\u2024example", "evil．example", "evil。example", "ｈttps：／／evil．example", "http:\\\\evil.example", "1.2.3.4:8080", "+1 (555) 010-0199.evil.example",
}

// clickable matches texts of which mail programs make links, and texts that look like links.
var clickable = regexp.MustCompile(`(?i)://|www\.|mailto:|[\p{L}\p{N}-][.．。․][\p{L}\p{N}]|[^\s\x{2060}]@|@[^\s\x{2060}]`)

// TestNamesInMailsAreShownUnchanged checks that ordinary names of workspaces, applications and
// hosts are readable in mails.
func TestNamesInMailsAreShownUnchanged(t *testing.T) {
	p := openAt(t, store.Memory).byMail()
	_, ann := p.mint("ann@example.com")
	for _, name := range []string{"Workspace of you@example.com", "Acme Inc. / R&D: 50% #1", "acme.com", "O'Brien & Sons (EU)"} {
		p.clock.Advance(24 * time.Hour)
		actor := ann
		actor.WorkspaceName = name
		wantCode(t, "inviting", p.invite(actor, "bob@example.com"), "")
		if seen := strings.ReplaceAll(p.next().text, "\u2060", ""); !strings.Contains(seen, "to the workspace “"+name+"” in crmkit") {
			t.Errorf("the name %q reads otherwise:\n%s", name, seen)
		}
	}
}

func TestNamesInMailsAreNotLinks(t *testing.T) {
	p := openAt(t, store.Memory).byMail()
	_, ann := p.mint("ann@example.com")
	for _, name := range hostile {
		actor := ann
		actor.TokenName, actor.WorkspaceName = name+strings.Repeat(" long", 20), name
		p.clock.Advance(30 * time.Minute)
		wantCode(t, "step-up", p.stepUp(actor, promote, ""), crm.EscalationRequired)
		stepUp := p.next()
		p.clock.Advance(24 * time.Hour)
		wantCode(t, "inviting", p.invite(actor, "bob@example.com"), "")
		invite := p.next()
		wanted := strings.NewReplacer(origin, "", "ann@example.com", "", "bob@example.com", "")
		for l, lines := range map[letter]int{stepUp: 4, invite: 3} {
			if text := wanted.Replace(l.text); clickable.MatchString(text) {
				t.Errorf("the name %q leads somewhere: %q in\n%s", name, clickable.FindString(text), text)
			}
			if strings.Contains(l.html, "<a") || strings.Contains(l.html, `href="`) || strings.ContainsFunc(strings.ReplaceAll(l.text+l.html, "\u2060", ""), turning) || len(strings.Split(strings.TrimSpace(l.text), "\n\n")) != lines {
				t.Errorf("the name %q changed the mail:\n%s\n%s", name, l.text, l.html)
			}
		}
		if !strings.Contains(stepUp.text, "…”, signed in as you") {
			t.Errorf("a long name is not cut:\n%s", stepUp.text)
		}
	}
}
