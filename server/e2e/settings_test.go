package e2e

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// layered is one setting, with its value in each place. A flag wins over the environment,
// which wins over the file.
type layered struct {
	file, env, flag string
	args            []string
	seen            func(t *testing.T, cmd *exec.Cmd) string // runs the command; the value shows in the text
	fill            func(t *testing.T, l *layered)           // sets what only the running test knows; may be nil
}

var layers = map[string]layered{
	"listen":         {file: "192.0.2.1:1", env: "192.0.2.2:2", flag: "192.0.2.3:3", args: []string{"serve", "--local", "--db=:memory:"}, seen: refusal},
	"db":             {file: "file.db", env: "env.db", flag: "flag.db", args: []string{"serve", "--local", "--listen=127.0.0.1:0"}, seen: files},
	"base-url":       {file: "http://file.example", env: "http://env.example", flag: "http://flag.example", args: serving("--local"), seen: root},
	"local":          {file: "true", env: "false", flag: "true", args: serving(), seen: serves},
	"token-for":      {file: "file@example.com", env: "env@example.com", flag: "flag@example.com", args: serving("--local"), seen: identity},
	"smtp-url":       {args: serving("--mail-from=crm@example.com"), fill: mailServers},
	"mail-from":      {file: "file@example.com", env: "env@example.com", flag: "flag@example.com", args: serving(), seen: sender},
	"signup":         {file: "invite", env: "open", flag: "invite", args: onFile(), seen: signup},
	"rate":           {file: "1", env: "2", flag: "3", args: mailing(), seen: burst},
	"trust-proxy":    {file: "127.0.0.1", env: "10.0.0.0/8", flag: "127.0.0.0/8,198.51.100.1", args: mailing(), seen: trusted},
	"metrics-token":  {file: "from-file", env: "from-env", flag: "from-flag", args: serving("--local"), seen: scraped},
	"metrics-listen": {args: serving("--local"), fill: metricsPorts},
	"tls-domain":     {file: "file_example", env: "env_example", flag: "flag_example", args: mailing(), seen: refusal},
	"tls-dir":        {file: "file-certs", env: "env-certs", flag: "flag-certs", args: append(mailing(), "--tls-domain=crm.test", "--http-listen=127.0.0.1:0", "--acme-directory=http://127.0.0.1:1/"), seen: files},
	"tls-cert":       {file: "file.pem", env: "env.pem", flag: "flag.pem", args: append(mailing(), "--tls-key=key.pem"), seen: refusal},
	"tls-key":        {file: "file.key", env: "env.key", flag: "flag.key", fill: keyFiles},
	"http-listen":    {file: "198.51.100.1:1", env: "198.51.100.2:2", flag: "198.51.100.3:3", args: append(mailing(), "--tls-domain=crm.test"), seen: refusal},
	"acme-directory": {file: "file-ca", env: "env-ca", flag: "flag-ca", args: append(mailing(), "--tls-domain=crm.test"), seen: refusal},
	"plans":          {file: "team: contacts=1", env: "team: contacts=2", flag: "team: contacts=3", args: []string{"plan", "list"}, seen: printed},
	"default-plan":   {file: "free", env: "standard", flag: "unlimited", args: serving("--local", "--token-for=you@example.com"), seen: identity},
	"log-format":     {file: "json", env: "text", flag: "json", args: serving("--local"), seen: logFormat},
	"email":          {file: "file@example.com", env: "env@example.com", flag: "flag@example.com", args: []string{"token", "--db=crmkit.db"}, seen: minted},
	"url":            {file: "http://127.0.0.1:1", env: "http://127.0.0.1:2", flag: "http://127.0.0.1:3", args: []string{"mcp", "--token=ck_x"}, seen: piped},
	"token":          {file: "ck_file", env: "ck_env", flag: "ck_flag", args: []string{"mcp"}, seen: bearerSent},
	"tools":          {file: "true", env: "false", flag: "true", args: []string{"mcp", "--db=mcp.db"}, seen: manyTools},
	"name":           {file: "from-file", env: "from-env", flag: "from-flag", args: []string{"token", "--db=crmkit.db", "--email=you@example.com"}, seen: minted},
	"backup-dir":     {file: "folder-file", env: "folder-env", flag: "folder-flag", args: onFile("--local"), seen: refusal},
	"backup-every":   {file: "11ms", env: "12ms", flag: "13ms", args: onFile("--local", "--backup-dir=/"), seen: refusal},
	"backup-keep":    {file: "-41", env: "-42", flag: "-43", args: onFile("--local", "--backup-dir=/"), seen: refusal},
	"search-memory":  {file: "-41", env: "-42", flag: "-43", args: onFile("--local"), seen: refusal},
	"record-memory":  {file: "-41", env: "-42", flag: "-43", args: onFile("--local"), seen: refusal},
	"trash-days":     {file: "-41", env: "-42", flag: "-43", args: onFile("--local"), seen: refusal},
	"log-days":       {file: "11", env: "12", flag: "13", args: onFile("--local"), seen: refusal},
	"import-max":     {file: "-51", env: "-52", flag: "-53", args: onFile("--local"), seen: refusal},
	"keep":           {file: "-41", env: "-42", flag: "-43", args: []string{"backup", "copy.db"}, seen: refusal},
}

func serving(args ...string) []string {
	return append([]string{"serve", "--listen=127.0.0.1:0", "--db=:memory:"}, args...)
}

// onFile are arguments of a server with a database file in its directory.
func onFile(args ...string) []string {
	return append([]string{"serve", "--listen=127.0.0.1:0", "--db=crmkit.db"}, args...)
}

// mailing are arguments of a server that sends mail, to a mail server that does not run.
func mailing() []string {
	return onFile("--smtp-url=smtp://127.0.0.1:1?tls=off", "--mail-from=crm@example.com")
}

func refusal(t *testing.T, cmd *exec.Cmd) string {
	p, err := launch(t, cmd)
	if err == nil {
		t.Fatalf("%v started", cmd.Args)
	}
	return p.stderr.text()
}

func files(t *testing.T, cmd *exec.Cmd) string {
	start(t, cmd).stop()
	return strings.Join(names(t, cmd.Dir), " ")
}

func root(t *testing.T, cmd *exec.Cmd) string {
	_, text := start(t, cmd).do("GET", "/", "")
	return text
}

func serves(t *testing.T, cmd *exec.Cmd) string {
	if _, err := launch(t, cmd); err != nil {
		return "false"
	}
	return "true"
}

func identity(t *testing.T, cmd *exec.Cmd) string {
	p := start(t, cmd)
	if !p.stdout.wait(2) {
		t.Fatal("no token line")
	}
	_, text := p.do("GET", "/whoami", "")
	return text
}

func logFormat(t *testing.T, cmd *exec.Cmd) string {
	p := start(t, cmd)
	p.do("GET", "/healthz", "")
	p.stop()
	if strings.HasPrefix(p.stderr.text(), "{") {
		return "json"
	}
	return "text"
}

// minted asks a server on the same file whose token the command printed.
func minted(t *testing.T, cmd *exec.Cmd) string {
	file := filepath.Join(cmd.Dir, "crmkit.db")
	serve(t, "--db", file).stop() // makes the file
	token, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	p := serve(t, "--db", file)
	_, text := p.as(strings.TrimSpace(string(token)), "GET", "/whoami", "")
	return text
}

const listTools = `{"jsonrpc":"2.0","id":1,"method":"tools/list"}` + "\n"

// piped returns the answer of crmkit mcp to one message.
func piped(t *testing.T, cmd *exec.Cmd) string {
	cmd.Stdin = strings.NewReader(listTools)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v", cmd.Args, err)
	}
	return string(out)
}

// bearerSent returns the token that crmkit mcp sends to a server.
func bearerSent(t *testing.T, cmd *exec.Cmd) string {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "{%q:%q}", "sent", r.Header.Get("Authorization"))
	}))
	defer srv.Close()
	cmd.Args = append(cmd.Args, "--url="+srv.URL)
	return piped(t, cmd)
}

func manyTools(t *testing.T, cmd *exec.Cmd) string {
	return strconv.FormatBool(strings.Contains(piped(t, cmd), `"fetch"`))
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

// TestLayers sets each setting in one place after the other and checks that each place wins
// over the previous ones.
func TestLayers(t *testing.T) {
	for flag, l := range layers {
		t.Run(flag, func(t *testing.T) {
			t.Parallel()
			if l.fill != nil {
				l.fill(t, &l)
			}
			config := filepath.Join(t.TempDir(), "config")
			if err := os.WriteFile(config, []byte(flag+" = "+l.file+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			args := append(slices.Clone(l.args), "--config", config)
			env := envName(flag) + "=" + l.env
			l.check(t, "file", l.file, args)
			l.check(t, "environment", l.env, args, env)
			l.check(t, "flag", l.flag, append(args, "--"+flag+"="+l.flag), env)
		})
	}
}

func (l layered) check(t *testing.T, place, want string, args []string, env ...string) {
	t.Helper()
	cmd := command(t, args...)
	cmd.Env = append(cmd.Env, env...)
	text := l.seen(t, cmd)
	for _, value := range []string{l.file, l.env, l.flag} {
		if strings.Contains(text, value) != (value == want) {
			t.Errorf("the %s should decide for %q; seen:\n%s", place, want, text)
			return
		}
	}
}

func envName(flag string) string {
	return "CRMKIT_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// TestEverySettingIsTested compares the settings that docs/settings.md lists, which are
// those of the program, with the table above.
func TestEverySettingIsTested(t *testing.T) {
	var listed []string
	for _, row := range regexp.MustCompile("(?m)^\\| `--([a-z-]+)` \\| `CRMKIT_").FindAllStringSubmatch(read(t, source("docs/settings.md")), -1) {
		listed = append(listed, row[1])
	}
	slices.Sort(listed)
	if tested := slices.Sorted(maps.Keys(layers)); len(listed) == 0 || !slices.Equal(tested, listed) {
		t.Errorf("the layers of %v are tested, the settings are %v", tested, listed)
	}
}
