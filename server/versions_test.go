package server_test

import (
	"cmp"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"crmkit/store"
)

// A newer version of the program is a store with one migration more.

// nextSchema returns the number of the schema of a newer version.
func nextSchema(t *testing.T) int {
	t.Helper()
	released, err := filepath.Glob("../store/migrations/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	return len(released) + 1
}

// TestServersOfTwoVersionsWorkTogether upgrades a database while a server runs on it, in a way that
// servers of the version before can go on with: they do, and one of them starts anew.
func TestServersOfTwoVersionsWorkTogether(t *testing.T) {
	old := newRigWith(t, store.Options{Path: setup{"postgres", 1}.address(t)}).as("jane@acme.com")
	contact := old.json(201, "POST", "/contacts", `{"name":"Joe"}`)["id"].(string)
	additive := fmt.Sprintf("-- Servers of schema %d can go on.\nALTER TABLE contacts ADD COLUMN moon TEXT;\nCREATE TABLE moons (key BIGINT PRIMARY KEY) STRICT;\n", nextSchema(t)-1)
	newer := old.beside(furtherMigration(t, additive))
	again := old.beside(nil)
	for i, r := range []*rig{old, newer, again} {
		r.want(200, "PATCH", "/contacts/"+contact, fmt.Sprintf(`{"stage":"s%d","tags":{"add":["t%d"]}}`, i, i))
		r.want(200, "GET", "/readyz", "")
		r.want(201, "POST", "/contacts", fmt.Sprintf(`{"name":"Ann %d"}`, i))
	}
	for _, r := range []*rig{old, newer, again} {
		if got := r.want(200, "GET", "/contacts/"+contact, ""); !strings.Contains(got, "tags=t0,t1,t2") || !strings.Contains(got, "version=4") {
			t.Errorf("%s", got)
		}
		if got := r.want(200, "GET", "/contacts?search=ann&total=exact", ""); !strings.Contains(got, "# 3 of 3 contacts") {
			t.Errorf("%s", got)
		}
	}
}

// TestUpgradeUnderLoad upgrades a database while clients work on a server that is too old then: each
// request is done, or refused with the reason.
func TestUpgradeUnderLoad(t *testing.T) {
	old := newRigWith(t, store.Options{Path: setup{"postgres", 1}.address(t)}).as("jane@acme.com")
	contact := old.json(201, "POST", "/contacts", `{"name":"Joe","notes":"n"}`)["id"].(string)
	stop, done := make(chan struct{}), make(chan int, 6)
	for i := range cap(done) {
		go func() {
			refused := 0
			defer func() { done <- refused }()
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				calls := [][3]string{{"GET", "/contacts?notes=n", ""}, {"PATCH", "/contacts/" + contact, fmt.Sprintf(`{"stage":"s%d-%d"}`, i, n)}, {"GET", "/whoami", ""}}
				call := calls[n%len(calls)]
				a := old.answer(call[0], call[1], call[2])
				if a.status == 503 && strings.Contains(a.body, "a newer crmkit has upgraded the database") {
					refused++
				} else if a.status != 200 {
					t.Errorf("%s %s: %d %s\n%s", call[0], call[1], a.status, a.body, old.logs.tail())
				}
			}
		}()
	}
	for before := time.Now(); time.Since(before) < 200*time.Millisecond; {
		old.answer("GET", "/contacts", "")
	}
	old.beside(furtherMigration(t, "ALTER TABLE contacts RENAME COLUMN notes TO remarks;\nALTER TABLE contacts DROP COLUMN notes_fold;\n"))
	for before := time.Now(); time.Since(before) < 200*time.Millisecond; {
		old.answer("GET", "/contacts", "")
	}
	close(stop)
	for range cap(done) {
		if refused := <-done; refused == 0 {
			t.Error("a client was never refused")
		}
	}
}

// TestServersThatAreTooOldSaySo upgrades a database so that a server which runs on it must not use it
// any more, perhaps while one of its requests runs. It refuses every request with the reason and the
// next step, above all does not take tokens for unknown, and does not start again.
func TestServersThatAreTooOldSaySo(t *testing.T) {
	for name, migration := range map[string]string{
		"a column is gone":  "ALTER TABLE tokens RENAME COLUMN name TO title; ALTER TABLE contacts RENAME COLUMN notes TO remarks;",
		"a meaning changed": "UPDATE secrets SET hash = 'v2:' || hash;",
	} {
		t.Run(name, func(t *testing.T) {
			old := newRigWith(t, store.Options{Path: setup{"postgres", 1}.address(t)}).as("jane@acme.com")
			old.want(201, "POST", "/contacts", `{"name":"Joe"}`)
			newer := old.beside(furtherMigration(t, migration+"\n"))
			for _, call := range []string{"GET /contacts", "GET /whoami", "POST /contacts", "GET /export", "POST /import/contacts", "GET /search?q=joe", "POST /auth/request", "GET /readyz", "POST /mcp", "GET /tokens"} {
				method, path, _ := strings.Cut(call, " ")
				body := map[string]string{
					"/contacts":        `{"name":"Ann"}`,
					"/import/contacts": `[{"name":"Ann"}]`,
					"/auth/request":    `{"email":"jane@acme.com"}`,
					"/mcp":             `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"request","arguments":{"method":"GET","path":"/contacts"}}}`,
				}[path]
				a := old.answer(method, path, body)
				if a.status != 503 || !strings.Contains(a.body, "a newer crmkit has upgraded the database") || !strings.Contains(a.body, "must upgrade this one too") || cmp.Or(a.header.Get("Retry-After"), "0") == "0" {
					t.Errorf("%s: %d %v\n%s", call, a.status, a.header, a.body)
				}
			}
			if lines := strings.Count(old.logs.String(), "must not use its database any more"); lines == 0 || lines > 3 {
				t.Errorf("the log says %d times that the server must not go on:\n%s", lines, old.logs.tail())
			}
			newer.want(200, "GET", "/readyz", "")
			if _, err := store.Open(t.Context(), old.opts); err == nil || !strings.Contains(err.Error(), "was upgraded by a newer crmkit") || !strings.Contains(err.Error(), "upgrade the binary") {
				t.Errorf("an old server starts again: %v", err)
			}
		})
	}
}
