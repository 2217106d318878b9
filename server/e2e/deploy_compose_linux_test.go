package e2e

import (
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"go.yaml.in/yaml/v4"

	"crmkit/store/postgres/pgtest"
)

// composition is what the tests need of deploy/compose/compose.yaml.
type composition struct {
	Services map[string]struct {
		Image, Restart string
		Build          struct{ Context, Dockerfile string }
		Environment    map[string]string
		Volumes        []string
		Ports          []string
		DependsOn      any  `yaml:"depends_on"`
		ReadOnly       bool `yaml:"read_only"`
	}
	Volumes  map[string]any
	Networks struct {
		Default struct {
			IPAM struct {
				Config []struct{ Subnet string }
			}
		}
	}
}

const composed = "deploy/compose/"

// compose reads deploy/compose/compose.yaml.
func compose(t *testing.T) (c composition) {
	t.Helper()
	if err := yaml.Unmarshal([]byte(read(t, source(composed+"compose.yaml"))), &c); err != nil {
		t.Fatal(err)
	}
	return c
}

// TestComposition checks that the parts of the composition fit together: two equal servers, which
// nothing but Caddy reaches, on the database of the third service.
func TestComposition(t *testing.T) {
	t.Parallel()
	c := compose(t)
	server := c.Services["crmkit1"]
	if len(c.Services) != 4 || !server.ReadOnly || server.Build.Dockerfile != "deploy/Dockerfile" || server.Build.Context != "../.." {
		t.Errorf("there are %d services, and the first server is %+v", len(c.Services), server)
	}
	for name, value := range c.Services["crmkit2"].Environment {
		if server.Environment[name] != value || !strings.HasPrefix(name, "CRMKIT_") && name != "PGPASSWORD" {
			t.Errorf("%s differs between the servers, or is not a setting", name)
		}
	}
	caddyfile := read(t, source(composed+"Caddyfile"))
	for name, s := range c.Services {
		if s.Restart != "unless-stopped" || (len(s.Ports) > 0) != (name == "caddy") {
			t.Errorf("%s restarts %s, and publishes %v", name, s.Restart, s.Ports)
		}
		if server := strings.HasPrefix(name, "crmkit"); strings.Contains(caddyfile, name+":8080") != server {
			t.Errorf("Caddy sends requests to %s: %t", name, !server)
		}
		for _, volume := range s.Volumes {
			from, _, _ := strings.Cut(volume, ":")
			_, declared := c.Volumes[from]
			if _, err := os.Stat(filepath.Join(source(composed), from)); declared == strings.HasPrefix(from, "./") || !declared && err != nil {
				t.Errorf("%s mounts %s: %v", name, volume, err)
			}
		}
	}
	if u, err := url.Parse(server.Environment["CRMKIT_DB"]); err != nil || c.Services[u.Hostname()].Image != "postgres:17" {
		t.Errorf("the servers use %v", u)
	}
	if subnets := c.Networks.Default.IPAM.Config; len(subnets) != 1 || subnets[0].Subnet != server.Environment["CRMKIT_TRUST_PROXY"] {
		t.Errorf("the proxy is in %v, and %s is trusted", subnets, server.Environment["CRMKIT_TRUST_PROXY"])
	}
}

// composedServers runs role.sh on a new PostgreSQL, and starts two servers by the settings of the
// composition, with addresses of the test.
func composedServers(t *testing.T, r *relay) (servers []*site) {
	t.Helper()
	cluster := pgtest.New(t, pgtest.Options{})
	host, port, _ := strings.Cut(cluster.Address(), ":")
	cluster.Exec(t, "DROP ROLE crm")
	role := exec.CommandContext(t.Context(), needs(t, "sh"), source(composed+"role.sh"))
	role.Env = append(os.Environ(), "PGHOST="+host, "PGPORT="+port, "PGPASSWORD="+pgtest.Password, "CRM_PASSWORD=it's secret")
	needs(t, "psql")
	if out, err := role.CombinedOutput(); err != nil {
		t.Fatalf("role.sh: %v\n%s", err, out)
	}
	values := strings.NewReplacer("@postgres/", "@"+cluster.Address()+"/", "172.30.57.0/24", "127.0.0.1")
	variable := regexp.MustCompile(`\$\{(\w+)[^}]*\}`)
	for _, name := range []string{"crmkit1", "crmkit2"} {
		cmd := onPostgres(command(t, "serve", "--listen=127.0.0.1:0"), "")
		r.serve(t, cmd)
		for key, value := range compose(t).Services[name].Environment {
			if slices.Contains([]string{"CRMKIT_SMTP_URL", "CRMKIT_MAIL_FROM"}, key) {
				continue // those of the relay
			}
			value = variable.ReplaceAllStringFunc(value, func(v string) string {
				return map[string]string{"CRM_PASSWORD": "it's secret", "DOMAIN": "crm.example.com"}[variable.FindStringSubmatch(v)[1]]
			})
			cmd.Env = append(cmd.Env, key+"="+values.Replace(value))
		}
		servers = append(servers, &site{running: start(t, cmd), relay: r})
	}
	return servers
}

// TestComposed runs Caddy by the file of the composition in front of its two servers. The requests of
// a token go to one of them. When that is killed they go to the other one, and when both are
// gone the answer says so in words.
func TestComposed(t *testing.T) {
	long(t, "left out: programs of the system that deploy/ uses")
	t.Parallel()
	caddy := needs(t, "caddy")
	r := (&relay{}).start(t, "127.0.0.1:0")
	servers := composedServers(t, r)
	front := freePort(t)
	text := strings.NewReplacer("crmkit1:8080", strings.TrimPrefix(servers[0].url, "http://"), "crmkit2:8080", strings.TrimPrefix(servers[1].url, "http://")).Replace(read(t, source(composed+"Caddyfile")))
	config := filepath.Join(t.TempDir(), "Caddyfile")
	if err := os.WriteFile(config, []byte("{\n\tadmin off\n}\n"+text), 0o600); err != nil {
		t.Fatal(err)
	}
	proxy := exec.CommandContext(t.Context(), caddy, "run", "--adapter", "caddyfile", "--config", config)
	proxy.Env = append(os.Environ(), "DOMAIN=http://"+front, "HOME="+t.TempDir(), "XDG_DATA_HOME="+t.TempDir(), "XDG_CONFIG_HOME="+t.TempDir())
	if err := proxy.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = proxy.Process.Kill(); _ = proxy.Wait() })
	p := *servers[0].running
	p.url = "http://" + front
	jane := (&site{running: &p, relay: r}).person(t, "jane@example.com")
	eventually(t, patience, func() bool {
		res, err := http.Get(p.url + "/readyz")
		if err == nil {
			res.Body.Close()
		}
		return err == nil && res.StatusCode == 200
	})
	mint := onPostgres(command(t, "token", "--email", jane.address), "")
	mint.Env = append(mint.Env, servers[0].cmd.Env...)
	token, err := mint.Output()
	if err != nil {
		t.Fatal(err)
	}
	jane.token = strings.TrimSpace(string(token))
	composedRequests(t, jane, servers)
}

// composedRequests sends requests through the proxy, and kills one server after the other.
func composedRequests(t *testing.T, jane *person, servers []*site) {
	t.Helper()
	for range 8 {
		jane.want(201, "POST /contacts", object("name", "Ann"))
	}
	of := func(s *site) int { return strings.Count(s.stderr.text(), `"route":"/contacts"`) }
	eventually(t, patience, func() bool { return of(servers[0])+of(servers[1]) >= 8 }) // a line is logged after the answer
	first := servers[0]
	if of(servers[1]) > 0 {
		first = servers[1]
	}
	if of(servers[0])+of(servers[1]) != 8 || of(first) != 8 {
		t.Errorf("the requests of one token were answered by both servers, %d and %d", of(servers[0]), of(servers[1]))
	}
	first.signal(syscall.SIGKILL)
	first.wait()
	eventually(t, patience, func() bool { // Caddy 2.6 cannot send a body again, after a server has refused it
		res, text := jane.send("POST /contacts", object("name", "Bob"))
		if res.StatusCode == 502 {
			holds(t, text, "ERROR not_ready\nHINT  a server ended before it answered, so this may be done or not; ")
		}
		return res.StatusCode == 201
	})
	for range 7 {
		jane.want(201, "POST /contacts", object("name", "Bob"))
	}
	holds(t, jane.want(200, "GET /contacts?limit=1", ""), "of 16 contacts")
	for _, s := range servers {
		_ = s.cmd.Process.Kill() // one is gone
		s.wait()
	}
	eventually(t, patience, func() bool {
		res, text := jane.send("GET /contacts", "")
		return res.StatusCode == 503 && text == "ERROR not_ready\nHINT  no server is ready, and nothing was done; try again in a few seconds.\n" && res.Header.Get("Retry-After") == "5"
	})
}
