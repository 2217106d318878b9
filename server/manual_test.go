package server_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"crmkit/crm"
	"crmkit/query"
	"crmkit/server"
)

var helpPages = []string{"/help", "/help/work", "/help/auth", "/help/teams", "/help/fields", "/help/query", "/help/write", "/help/batch", "/help/bulk", "/help/dry-run", "/help/merge", "/help/changes", "/help/import", "/help/errors"}

// maxManual is in tokens: every agent reads all of it before its first request.
const maxManual = 3000

func TestManualIsShort(t *testing.T) {
	text := newRig(t).want(200, "GET", "/help", "")
	if n := tokensOf(t, text); n > maxManual {
		t.Errorf("the manual has %d tokens, of at most %d", n, maxManual)
	}
}

// TestManualNamesTheAddressOnce checks that each page has the server's address once; all else are
// paths.
func TestManualNamesTheAddressOnce(t *testing.T) {
	r := newRig(t)
	for _, page := range helpPages {
		if n := strings.Count(r.want(200, "GET", page, ""), baseURL); n > 1 || page == "/help" && n != 1 {
			t.Errorf("%s has the address %d times", page, n)
		}
	}
}

func TestManualPrintsTheTables(t *testing.T) {
	r := newRig(t)
	manual, paths := r.want(200, "GET", "/help", ""), r.want(200, "GET", "/help/paths", "")
	var plurals []string // which one row may be about
	for _, e := range r.store.Schema.Records() {
		plurals = append(plurals, e.Plural)
	}
	kinds := regexp.MustCompile(`/(?:` + strings.Join(plurals, "|") + `)(/|$)`)
	for _, row := range r.server().Rows() {
		if row.Doc == "" || row.Many {
			continue // a protocol whose own metadata describes it, or a write of all that match, which every list has
		}
		form := kinds.ReplaceAllString(row.Path, "/{kind}$1")
		lines := regexp.MustCompile(`(?m)^(/\S* )*(`+regexp.QuoteMeta(row.Path)+`|`+regexp.QuoteMeta(form)+`) .*$`).FindAllString(paths, -1)
		if !strings.Contains(strings.Join(lines, "\n"), " "+row.Method+" "+row.Doc) {
			t.Errorf("/help/paths lacks %s %s", row.Method, row.Path)
		}
	}
	for _, op := range query.Ops {
		if !strings.Contains(manual, op.Name+" ") || !strings.Contains(manual, op.Doc) {
			t.Errorf("/help lacks the operator %s", op.Name)
		}
	}
	errors := r.want(200, "GET", "/help/errors", "")
	for _, row := range crm.Codes {
		if !strings.Contains(manual, string(row.Code)) || !strings.Contains(errors, row.Doc) {
			t.Errorf("the manual lacks the code %s", row.Code)
		}
	}
	fields := r.want(200, "GET", "/help/fields", "")
	for _, e := range schema(t).Entities {
		for i := range e.Fields {
			if f := &e.Fields[i]; !strings.Contains(fields, " "+f.Name+" ") || !strings.Contains(fields, f.Doc) {
				t.Errorf("/help/fields lacks %s.%s", e.Name, f.Name)
			}
		}
	}
}

func TestManualIsServedToAgents(t *testing.T) {
	r := newRig(t)
	a := r.call("GET", "/.well-known/agent.md", "")
	if a.body != r.want(200, "GET", "/help", "") || !strings.HasPrefix(a.header.Get("Content-Type"), "text/markdown") {
		t.Errorf("agent.md is not the manual: %s", a.header.Get("Content-Type"))
	}
}

// TestDiscoveryDocuments follows the links of the documents by which programs
// find out what the server is.
func TestDiscoveryDocuments(t *testing.T) {
	r := newRig(t)
	text := r.want(200, "GET", "/llms.txt", "")
	if !strings.HasPrefix(text, "# crmkit\n\n> ") {
		t.Errorf("llms.txt starts with %.40q", text)
	}
	links := regexp.MustCompile(`\]\(([^)]+)\)`).FindAllStringSubmatch(text, -1)
	card := r.json(200, "GET", "/.well-known/agent-card.json", "")
	for _, way := range card["supportedInterfaces"].([]any) {
		links = append(links, []string{"", way.(map[string]any)["url"].(string)})
	}
	if len(links) < 10 {
		t.Fatalf("%d links", len(links))
	}
	for _, link := range links {
		path, ours := strings.CutPrefix(link[1], baseURL)
		if a := r.call("GET", path, ""); !ours || a.status != 200 && !strings.HasPrefix(path, "/mcp") || strings.HasPrefix(path, "/mcp") && a.status != 401 {
			t.Errorf("%s leads to %d", link[1], a.status)
		}
	}
	for _, e := range schema(t).Entities {
		if has := strings.Contains(fmt.Sprint(card["skills"]), "id:"+e.Plural+" "); has != e.PlanLimited() {
			t.Errorf("the card has %s: %v", e.Plural, has)
		}
	}
}

// server returns the server under test.
func (r *rig) server() *server.Server { return r.servers[0] }

// curl has the parts of a curl command of the manual.
type curl struct {
	method, url, body string
	header            []string
}

// words splits a shell command at blanks outside quotes.
var words = regexp.MustCompile(`'[^']*'|"[^"]*"|[^\s'"]+`)

func parseCurl(t *testing.T, line string) curl {
	t.Helper()
	c := curl{method: "GET"}
	list := words.FindAllString(line, -1)
	for i := 1; i < len(list); i++ {
		word := strings.Trim(list[i], `'"`)
		next := func() string {
			i++
			return list[i][1 : len(list[i])-1]
		}
		switch word {
		case "-s":
		case "-X":
			i++
			c.method = list[i]
		case "-H":
			name, value, _ := strings.Cut(next(), ": ")
			c.header = append(c.header, name, value)
		case "-d":
			c.body = next()
			if c.method == "GET" {
				c.method = "POST"
			}
		default:
			if c.url != "" || !strings.HasPrefix(word, "http://127.0.0.1:8080/") {
				t.Fatalf("cannot read %q in %s", word, line)
			}
			c.url = word
		}
	}
	return c
}

// TestManualExamples runs every curl of every page, in order, on a new server, like an agent
// that works through the page. The line below an example may have the answer: a status
// ("answers 409") or a remark ("… # updated").
func TestManualExamples(t *testing.T) {
	for _, page := range helpPages {
		t.Run(strings.TrimPrefix(page, "/"), func(t *testing.T) {
			r := newRig(t)
			text := r.want(200, "GET", page, "")
			auth := "Authorization: Bearer " + r.signIn("you@example.com")
			own := r.want(200, "GET", "/workspaces", "", "Authorization", auth[len("Authorization: "):])
			pairs := []string{"$AUTH", auth, "$BASE", "http://127.0.0.1:8080", "$WS", captures["$ws"].FindStringSubmatch(own)[1]}
			shell := strings.NewReplacer(pairs...)
			lines := append(strings.Split(text, "\n"), "")
			ran := 0
			for i, line := range lines {
				if !strings.HasPrefix(line, "curl ") {
					continue
				}
				ran++
				c := parseCurl(t, shell.Replace(line))
				a := r.call(c.method, strings.TrimPrefix(c.url, "http://127.0.0.1:8080"), c.body, c.header...)
				checkExample(t, line, lines[i+1], a)
				for name, stands := range map[string]string{"$code": "123456", "$confirm": "<token>", "$cursor": "<cursor>"} {
					if found := captures[name].FindStringSubmatch(a.body); found != nil {
						shell = strings.NewReplacer(append(pairs, stands, found[1])...)
					}
				}
			}
			if strings.Contains(text, "curl") != (ran > 0) {
				t.Error("no example ran")
			}
		})
	}
}

var wanted = regexp.MustCompile(`^  answers (\d{3})`)

func checkExample(t *testing.T, line, below string, a answer) {
	t.Helper()
	if found := wanted.FindStringSubmatch(below); found != nil {
		if fmt.Sprint(a.status) != found[1] {
			t.Errorf("%s\nstatus %d, the manual says %s\n%s", line, a.status, found[1], a.body)
		}
		return
	}
	if a.status != 200 && a.status != 201 {
		t.Errorf("%s\nstatus %d\n%s", line, a.status, a.body)
	}
	if remark, found := strings.CutPrefix(below, "  … "); found && !strings.Contains(a.body, remark) {
		t.Errorf("%s\nanswers\n%s\nnot %s", line, a.body, remark)
	}
}
