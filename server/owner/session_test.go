//go:build unix

package owner_test

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"crmkit/crm/catalog"
	"crmkit/server/owner"
	"crmkit/store"
	"crmkit/store/sqlite"
)

// open returns a session on a file. Several sessions of one process exclude each other like
// those of several processes, since each opens the lock file for itself.
func open(t *testing.T, path string, role owner.Role) *owner.Session {
	t.Helper()
	s, err := tryOpen(t, path, role)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func tryOpen(t *testing.T, path string, role owner.Role) (*owner.Session, error) {
	t.Helper()
	schema, err := catalog.Schema()
	if err != nil {
		t.Fatal(err)
	}
	s, err := owner.Open(t.Context(), owner.Options{Path: path, As: "crmkit test", Role: role, Version: "test", Log: slog.New(slog.DiscardHandler),
		Open: func(ctx context.Context) (*store.Store, error) {
			return store.Open(ctx, store.Options{Path: path, Schema: schema, LockAs: "crmkit test"})
		}})
	if err == nil {
		t.Cleanup(func() { s.Close() })
	}
	return s, err
}

// do has an operation run through a session, and returns what it prints.
func do(t *testing.T, s *owner.Session, op owner.Operation) string {
	t.Helper()
	var out strings.Builder
	if err := s.Do(t.Context(), op, &out); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(out.String())
}

// get sends a request to the API through a session.
func get(s *owner.Session, path, token string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, "http://127.0.0.1"+path, nil)
	r.Header.Set("Authorization", "Bearer "+token)
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

// becomesOwner waits until a session owns the file.
func becomesOwner(t *testing.T, s *owner.Session) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); s.Store() == nil; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the session does not become the owner")
		}
	}
}

// TestSecondSessionForwards checks that a session beside an owner gets the same answers
// without opening the file, and that only the user of the file may connect to the socket.
func TestSecondSessionForwards(t *testing.T) {
	path := filepath.Join(t.TempDir(), "crm.db")
	first, second := open(t, path, owner.Busy), open(t, path, owner.Standby)
	if first.Store() == nil || second.Store() != nil {
		t.Fatal("the second session is the owner")
	}
	if info, err := os.Lstat(path + ".sock"); err != nil || info.Mode() != fs.ModeSocket|0o600 {
		t.Errorf("the socket: %v %v", info.Mode(), err)
	}
	token := do(t, second, &owner.Token{Email: "jane@acme.com", Create: true, Name: "test"})
	for _, s := range []*owner.Session{first, second} {
		if w := get(s, "/whoami", token); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "email=jane@acme.com") {
			t.Errorf("whoami: %d %s", w.Code, w.Body)
		}
	}
	do(t, second, &owner.SignOut{Token: token})
	time.Sleep(1100 * time.Millisecond) // the API trusts a token for a second after its last check
	if w := get(first, "/whoami", token); w.Code != http.StatusUnauthorized {
		t.Errorf("a token that was ended: %d", w.Code)
	}
}

// TestStandbyTakesOver checks that a standby session becomes the owner when the owner ends,
// has its data, and that the last owner removes the socket.
func TestStandbyTakesOver(t *testing.T) {
	path := filepath.Join(t.TempDir(), "crm.db")
	first, second := open(t, path, owner.Standby), open(t, path, owner.Standby)
	token := do(t, first, &owner.Token{Email: "jane@acme.com", Create: true, Name: "test"})
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	becomesOwner(t, second)
	if w := get(second, "/whoami", token); w.Code != http.StatusOK {
		t.Errorf("whoami after the owner ended: %d %s", w.Code, w.Body)
	}
	if err := second.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(path + ".sock"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the socket is still there: %v", err)
	}
}

// TestServerTakesFileFromStandby checks that a standby owner hands over to a server, answers
// through it, and takes over again when the server ends.
func TestServerTakesFileFromStandby(t *testing.T) {
	path := filepath.Join(t.TempDir(), "crm.db")
	client := open(t, path, owner.Standby)
	token := do(t, client, &owner.Token{Email: "jane@acme.com", Create: true, Name: "test"})
	server := open(t, path, owner.Primary)
	if server.Store() == nil || client.Store() != nil {
		t.Fatal("the server is not the owner")
	}
	if w := get(client, "/whoami", token); w.Code != http.StatusOK {
		t.Errorf("whoami through the server: %d %s", w.Code, w.Body)
	}
	if err := server.Close(); err != nil {
		t.Error(err)
	}
	becomesOwner(t, client)
}

// TestServerIsRefused checks that a file whose owner does not hand over is refused at once
// with an error that names the owner.
func TestServerIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "crm.db")
	for _, role := range []owner.Role{owner.Busy, owner.Primary} {
		first := open(t, path, role)
		_, err := tryOpen(t, path, owner.Primary)
		var held *sqlite.InUseError
		if !errors.As(err, &held) || !strings.HasPrefix(held.Owner, "crmkit test, process ") {
			t.Errorf("a server beside an owner of role %d: %v", role, err)
		}
		if err := first.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestOperationsFail checks that errors of operations arrive as they are printed, through the
// socket too, and that an operation which fails prints nothing.
func TestOperationsFail(t *testing.T) {
	path := filepath.Join(t.TempDir(), "crm.db")
	first, second := open(t, path, owner.Busy), open(t, path, owner.Standby)
	do(t, first, &owner.Token{Email: "jane@acme.com", Create: true, Name: "test"})
	for _, c := range []struct {
		op   owner.Operation
		want string
	}{
		{&owner.ShowUser{Email: "joe@acme.com"}, "there is no user joe@acme.com; crmkit user list shows all users"},
		{&owner.Token{Email: "joe@acme.com", Name: "test"}, "--email joe@acme.com: no user has this address; the users are jane@acme.com; to create that user add --create"},
		{&owner.SetPlan{Of: "joe@acme.com", Plan: "free"}, "there is no workspace and no user joe@acme.com"},
		{&owner.RemoveWorkspace{ID: "ws_0000000000", Yes: true}, "there is no workspace ws_0000000000; crmkit workspace list shows all workspaces"},
	} {
		for _, s := range []*owner.Session{first, second} {
			var out strings.Builder
			if err := s.Do(t.Context(), c.op, &out); err == nil || !strings.Contains(err.Error(), c.want) || out.Len() > 0 {
				t.Errorf("%T: %v, printed %q; want %s", c.op, err, &out, c.want)
			}
		}
	}
}

// TestClosedSession checks that a session which was closed refuses requests, and can be
// closed again.
func TestClosedSession(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "crm.db"), owner.Busy)
	for range 2 {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	if w := get(s, "/healthz", ""); w.Code != http.StatusServiceUnavailable || !strings.HasPrefix(w.Body.String(), "ERROR not_ready\nHINT  ") {
		t.Errorf("a request to a closed session: %d %s", w.Code, w.Body)
	}
}
