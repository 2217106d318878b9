package pgtest

import (
	"testing"
)

// TestTrapCutsAtItsMoment sets traps for a statement that adds a row. The client gets an error in both
// cases; the row is there if the server has got the statement.
func TestTrapCutsAtItsMoment(t *testing.T) {
	for when, want := range map[Moment]string{BeforeArrival: "0", BeforeAnswer: "1"} {
		p, conn := proxied(t)
		if _, err := conn.Exec(t.Context(), "CREATE TABLE notes (body text)"); err != nil {
			t.Fatal(err)
		}
		sprung := p.Trap("INSERT INTO notes", when)
		if _, err := conn.Exec(t.Context(), "SELECT $1::text", "INSERT"); err != nil {
			t.Errorf("another statement: %v", err)
		}
		if _, err := conn.Exec(t.Context(), "INSERT INTO notes VALUES ($1)", "hello"); err == nil {
			t.Error("the client got an answer")
		}
		<-sprung
		if n := value(t, conn.Config().ConnString(), "SELECT count(*)::text FROM notes"); n != want {
			t.Errorf("after a cut at the moment %d there are %s rows, want %s", when, n, want)
		}
	}
}
