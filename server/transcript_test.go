package server_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"crmkit/server"
	"crmkit/store"
)

var update = flag.Bool("update", false, "rewrite the transcripts with what the server answers")

// A transcript is a story in blocks, with blank lines between them:
//
//	-- prose
//	! as jane@acme.com        sign in; "! nobody" drops the token
//	! clock +10m              advance the clock
//	! token $token            send that token from now on
//	! let $bob $user          give the value of a word to another one
//	! plan free               put the user and the workspace on a plan
//	! invite-only             start again with --signup invite
//	! misspells               the rest finds misspelled words, which needs the text index
//	> POST /contacts {…}      a request; ": Name: value" lines below are headers,
//	                          @import/x.csv is the body in that file
//	201                       the status and the answer
//
// The answers are the same, byte by byte, without caches.
//
// They are the same with one and several servers on PostgreSQL.
//
// In requests $token, $code, $confirm, $next, $ws, $user and $invite are replaced by the values
// of the last answer that had one.
func TestTranscripts(t *testing.T) {
	for file, data := range transcripts(t) {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			replayed, answers := replay(newRig(t), data, "")
			if *update {
				if err := os.WriteFile(file, []byte(replayed), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if replayed != data {
				t.Errorf("the answers differ from %s (see go test -update):\n%s", file, diff(data, replayed))
			}
			bare, _ := replay(newRigWith(t, store.Options{Caches: &store.Caches{}}), exceptSpelling(data), "")
			if bare, replayed := exceptSpelling(bare), exceptSpelling(replayed); bare != replayed {
				t.Errorf("without memory the answers are others:\n%s", diff(replayed, bare))
			}
			_, objects := replay(newRig(t), data, "application/json")
			compareFormats(t, answers, objects)
		})
	}
}

// TestTranscriptsOnPostgres runs each transcript in each of setups.
func TestTranscriptsOnPostgres(t *testing.T) {
	onlyOnSQLite(t, "TestTranscripts runs them on the engine of -engine")
	for _, s := range setups {
		t.Run(s.String(), func(t *testing.T) {
			for file, data := range transcripts(t) {
				t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
					t.Parallel()
					replayed, _ := replay(s.newRig(t, store.Options{}), data, "")
					if replayed = copiesRemark.ReplaceAllString(replayed, copiesOfFile); replayed != data {
						t.Errorf("the answers differ from %s:\n%s", file, diff(data, replayed))
					}
				})
			}
		})
	}
}

// copiesRemark says what still has what a purge erased, on PostgreSQL, copiesOfFile on SQLite.
var copiesRemark = regexp.MustCompile(`backups, standbys and the write-ahead log of PostgreSQL still have it[^"\n]*`)

const copiesOfFile = "backups that were made before still have it; this server knows of none"

// transcripts returns the text of each transcript, by the name of its file.
func transcripts(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("../testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no transcripts", err)
	}
	texts := map[string]string{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		texts[file] = string(data)
	}
	return texts
}

// exchange is one request of a transcript with its answer.
type exchange struct {
	request string
	answer  answer
}

// exceptSpelling removes the parts about misspelled words from a transcript. Only these may
// differ without caches.
func exceptSpelling(replayed string) string {
	replayed, _, _ = strings.Cut(replayed, "\n\n! misspells\n")
	return strings.TrimRight(spellingRemark.ReplaceAllString(replayed, "finds parts of words"), "\n")
}

var spellingRemark = regexp.MustCompile("finds parts of words[,;] .*: try fewer words, or a part of one")

// replay runs a transcript on a new rig, and returns it with the answers.
func replay(r *rig, text, accept string) (string, []exchange) {
	r.t.Helper()
	if accept != "" {
		r.header.Set("Accept", accept)
	}
	vars := map[string]string{}
	var out []string
	var exchanges []exchange
	for _, block := range strings.Split(strings.TrimSpace(text), "\n\n") {
		switch {
		case strings.HasPrefix(block, "! "):
			inProcessWriter(r, block[2:], vars)
			if accept != "" {
				r.header.Set("Accept", accept)
			}
		case strings.HasPrefix(block, "> "):
			head, a := request(r, block, vars)
			exchanges = append(exchanges, exchange{head, a})
			block = fmt.Sprintf("%s\n%d\n%s", head, a.status, strings.TrimRight(a.body, "\n"))
		}
		out = append(out, block)
	}
	return strings.Join(out, "\n\n") + "\n", exchanges
}

func inProcessWriter(r *rig, command string, vars map[string]string) {
	r.t.Helper()
	verb, rest, _ := strings.Cut(command, " ")
	switch verb {
	case "as":
		r.as(rest)
	case "token":
		r.header.Set("Authorization", "Bearer "+vars[rest])
	case "misspells":
	case "nobody":
		r.header.Del("Authorization")
	case "clock":
		d, err := time.ParseDuration(rest)
		if err != nil {
			r.t.Fatal(err)
		}
		r.clock.Advance(d)
	case "let":
		name, other, _ := strings.Cut(rest, " ")
		vars[name] = vars[other]
	case "plan":
		who := r.json(200, "GET", "/whoami", "")
		for _, of := range []any{who["email"], who["workspace_id"]} {
			r.setPlan(of.(string), rest)
		}
	case "invite-only":
		r.serve(server.Options{InviteOnly: true})
	default:
		r.t.Fatalf("unknown directive %q", command)
	}
}

var captures = map[string]*regexp.Regexp{
	"$token":   regexp.MustCompile(`(?:token=|"token":")(ck_\w+)`),
	"$code":    regexp.MustCompile(`(?:code=|"local_code":")(\d{6}|[0-9a-z]{12})\b`),
	"$ws":      regexp.MustCompile(`\bworkspace/(ws_\w+)`),
	"$user":    regexp.MustCompile(`\b(?:member|user)/(u_\w+)`),
	"$invite":  regexp.MustCompile(`\binvite/(inv_\w+)`),
	"$confirm": regexp.MustCompile(`(?:confirm: |"confirm":"|repeat with confirm=)(\w+)`),
	"$cursor":  regexp.MustCompile(`(?:# cursor: |"cursor":")(seq_\w+)`),
	"$next":    regexp.MustCompile(`(?:# next: |"next_cursor":")([\w.-]+)`),
}

// request runs the request of a block; head is the block's request lines.
func request(r *rig, block string, vars map[string]string) (head string, a answer) {
	r.t.Helper()
	lines := strings.Split(block, "\n")
	n := 1
	var header []string
	expand := func(s string) string {
		for name, value := range vars {
			s = strings.ReplaceAll(s, name, value)
		}
		return s
	}
	for n < len(lines) && strings.HasPrefix(lines[n], ": ") {
		name, value, _ := strings.Cut(lines[n][2:], ": ")
		header = append(header, name, expand(value))
		n++
	}
	method, rest, _ := strings.Cut(lines[0][2:], " ")
	path, body, _ := strings.Cut(rest, " ")
	body = expand(body)
	if file, found := strings.CutPrefix(body, "@"); found {
		data, err := os.ReadFile("../testdata/" + file)
		if err != nil {
			r.t.Fatal(err)
		}
		body = string(data)
	}
	a = r.call(method, expand(path), body, header...)
	for name, pattern := range captures {
		if found := pattern.FindStringSubmatch(a.body); found != nil {
			vars[name] = found[1]
		}
	}
	return strings.Join(lines[:n], "\n"), a
}

// diff shows the first lines that differ.
func diff(want, got string) string {
	a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range max(len(a), len(b)) {
		if i >= len(a) || i >= len(b) || a[i] != b[i] {
			return fmt.Sprintf("line %d\nwant %q\ngot  %q", i+1, strings.Join(a[min(i, len(a)):min(i+4, len(a))], "\n"), strings.Join(b[min(i, len(b)):min(i+4, len(b))], "\n"))
		}
	}
	return "(equal)"
}
