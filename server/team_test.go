package server_test

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"crmkit/auth"
	"crmkit/crm"
	"crmkit/server"
	"crmkit/store"
	"crmkit/store/account"
)

// person is a user with a token.
type person struct {
	crm.Actor
	token string
}

// onFile returns a rig whose store is a file, and a connection that reads it.
func onFile(t testing.TB) (*rig, *sql.DB) {
	t.Helper()
	r := &rig{t: t, clock: &clock{now: time.Date(2026, 6, 10, 9, 0, 0, 0, time.UTC)}, header: http.Header{}, logs: &lockedBuffer{}}
	path := filepath.Join(t.TempDir(), "crmkit.db")
	var err error
	if r.store, err = store.Open(t.Context(), store.Options{Path: path, Schema: schema(t), Clock: r.clock.Now, Rand: &fixedRand{}}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.store.Close() })
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=query_only(1)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	db.SetMaxOpenConns(1)
	return r.serve(server.Options{}), db
}

// column runs a query and returns its only column.
func column(t testing.TB, db *sql.DB, query string, args ...any) (cells []string) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query, args...)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	for rows.Next() {
		var cell string
		if err := rows.Scan(&cell); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		cells = append(cells, cell)
	}
	if err := rows.Err(); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return cells
}

// counting returns a query for the number of rows of a workspace in each table.
func counting(t testing.TB, db *sql.DB) string {
	t.Helper()
	tables := column(t, db, "SELECT m.name FROM sqlite_schema m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND c.name = 'workspace_id'")
	for i, name := range tables {
		tables[i] = "SELECT '" + name + " ' || COUNT(*) FROM " + name + " WHERE workspace_id = $1"
	}
	return strings.Join(tables, " UNION ALL ")
}

// mint signs a user in as the owner of the file does, without a code. The token
// acts in the oldest workspace of the user.
func (r *rig) mint(email string) (p person) {
	r.t.Helper()
	a := auth.New(r.store, auth.Options{})
	in, err := a.MintToken(r.t.Context(), email, "test")
	if err == nil {
		p.token = in.Token
		p.Actor, err = a.Actor(r.t.Context(), in.Token)
	}
	if err != nil {
		r.t.Errorf("%s cannot sign in: %v", email, err)
	}
	return p
}

// seat invites an address to the admin's workspace, without the limits on mails, and returns the
// id of the invite.
func (r *rig) seat(admin person, email, role string) (id string) {
	r.t.Helper()
	err := r.store.Write(r.t.Context(), admin.Actor, func(tx *store.Tx) error {
		out, err := account.Invite(tx, email, role)
		id = out.After.ID
		return err
	})
	if err != nil {
		r.t.Fatalf("inviting %s: %v", email, err)
	}
	return id
}

// join creates a user with a workspace of their own, in which the token acts, and then makes the
// user a member of the admin's workspace.
func (r *rig) join(admin person, email, role string) person {
	r.t.Helper()
	r.mint(email)
	r.seat(admin, email, role)
	return r.mint(email)
}

// send sends a request with a token, unless it is empty, and wants JSON.
func (r *rig) send(token, method, path, body string) answer {
	r.t.Helper()
	header := []string{"Accept", "application/json"}
	if token != "" {
		header = append(header, "Authorization", "Bearer "+token)
	}
	return r.call(method, path, body, header...)
}

// text returns a text of a JSON answer, "" if it has no member of that name.
func (a answer) text(name string) string {
	var object map[string]any
	if json.Unmarshal([]byte(a.body), &object) != nil {
		return ""
	}
	text, _ := object[name].(string)
	return text
}

// atOnce sends n requests at once and counts the answers by status and code.
func atOnce(n int, send func(i int) answer) map[string]int {
	answers := make([]answer, n)
	together(n, func(i int) { answers[i] = send(i) })
	counts := map[string]int{}
	for _, a := range answers {
		counts[strings.TrimSpace(fmt.Sprint(a.status, " ", a.text("error")))]++
	}
	return counts
}

// wantCounts checks the counts of atOnce, written as fmt prints the map.
func (r *rig) wantCounts(what string, got map[string]int, want string) {
	r.t.Helper()
	if text := fmt.Sprint(got); text != "map["+want+"]" {
		r.t.Errorf("%s: %s, want %s", what, text, want)
	}
}

// shows checks that an answer has a text.
func (r *rig) shows(p person, path, want string) {
	r.t.Helper()
	if a := r.send(p.token, "GET", path, ""); !strings.Contains(a.body, want) {
		r.t.Errorf("GET %s has no %s: %s", path, want, a.body)
	}
}
