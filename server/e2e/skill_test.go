package e2e

import (
	"regexp"
	"strings"
	"testing"
)

// TestSkill checks that the packaged skill has the form of agentskills.io, and that its commands
// work as written.
func TestSkill(t *testing.T) {
	front, body, found := strings.Cut(strings.TrimPrefix(read(t, source("skills/crmkit/SKILL.md")), "---\n"), "\n---\n")
	name, description, both := strings.Cut(front, "\n")
	if !found || !both || name != "name: crmkit" || !strings.HasPrefix(description, "description: ") || len(description) > 1024 || strings.Contains(description, "\n") {
		t.Errorf("the front matter is %q", front)
	}
	server := serve(t, "--db", ":memory:", "--token-for", "jane@acme.com")
	needs(t, "curl")
	text := ""
	for _, block := range regexp.MustCompile("(?ms)^```sh\n(.*?)^```$").FindAllStringSubmatch(body, -1) {
		text += block[1]
	}
	shell := command(t)
	shell.Path, shell.Args = needs(t, "bash"), []string{"bash", "-euo", "pipefail", "-c", text}
	shell.Env = append(shell.Env, "CRMKIT_URL="+server.url, "CRMKIT_TOKEN="+server.token)
	out, err := shell.CombinedOutput()
	for _, want := range []string{"crmkit manual.", "email=jane@acme.com", "# 0 reminders", "# 0 contacts", "# created"} {
		if err != nil || !strings.Contains(string(out), want) {
			t.Errorf("%v; no %q in\n%s", err, want, out)
		}
	}
	if strings.Contains(string(out), "\nERROR ") {
		t.Errorf("an error in\n%s", out)
	}
}
