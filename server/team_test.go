package server_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"crmkit/auth"
	"crmkit/crm"
	"crmkit/store"
	"crmkit/store/account"
)

// person is a user with a token.
type person struct {
	crm.Actor
	token string
}

// onFile returns a rig whose reads do not wait for writes, as they do in memory: on a file, unless
// -engine says otherwise.
func onFile(t testing.TB) *rig {
	t.Helper()
	return onFileWith(t, store.Options{})
}

// onFileWith is onFile with further options.
func onFileWith(t testing.TB, opts store.Options) *rig {
	t.Helper()
	if *engineFlag == "memory" {
		opts.Path = filepath.Join(t.TempDir(), "crmkit.db")
	}
	return newRigWith(t, opts)
}

// column runs a query and returns its only column.
func (r *rig) column(query string, args ...any) (cells []string) {
	r.t.Helper()
	err := r.store.Read(r.t.Context(), func(v *store.ReadTx) error {
		return v.Rows(r.t.Context(), query, args, func(scan func(...any) error) error {
			cells = append(cells, "")
			return scan(&cells[len(cells)-1])
		})
	})
	if err != nil {
		r.t.Fatalf("%s: %v", query, err)
	}
	return cells
}

// counting returns a query for the number of rows of a workspace in each table.
func (r *rig) counting() string {
	r.t.Helper()
	query := "SELECT m.name FROM sqlite_schema m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND c.name = 'workspace_id'"
	if r.store.Shared() {
		query = "SELECT table_name::text FROM information_schema.columns WHERE table_schema = current_schema() AND column_name = 'workspace_id'"
	}
	tables := r.column(query)
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
