package pgtest

import (
	"context"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// TestPoolerSharesServerConnections runs transactions of ten clients, two at a time.
func TestPoolerSharesServerConnections(t *testing.T) {
	databaseURL := Database(t)
	through := Through(databaseURL, Shared(t).Pooler(t, 2)) + "&default_query_exec_mode=exec"
	clients := make([]*pgx.Conn, 10)
	for i := range clients {
		clients[i] = connect(t, through)
	}
	backends := map[uint32]bool{}
	for i := range clients {
		first, second := twoTransactions(t, clients[i], clients[(i+1)%len(clients)])
		backends[first], backends[second] = true, true
	}
	if len(backends) != 2 {
		t.Errorf("a pool of 2 has the connections %v", backends)
	}
}

// twoTransactions returns the server processes of transactions of two clients that are open together.
func twoTransactions(t *testing.T, clients ...*pgx.Conn) (first, second uint32) {
	t.Helper()
	for i, backend := range []*uint32{&first, &second} {
		tx, err := clients[i].Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer tx.Rollback(context.Background())
		if err := tx.QueryRow(t.Context(), "SELECT pg_backend_pid()").Scan(backend); err != nil {
			t.Fatal(err)
		}
	}
	return first, second
}

// TestPoolerForgetsPreparedStatements checks what the pooler is for: statements that are prepared by
// name fail when another client's transaction has the connection.
func TestPoolerForgetsPreparedStatements(t *testing.T) {
	through := Through(Database(t), Shared(t).Pooler(t, 2)) + "&default_query_exec_mode=exec"
	holder, other := connect(t, through), connect(t, through)
	if _, err := holder.Exec(t.Context(), "PREPARE mine AS SELECT 1"); err != nil {
		t.Fatal(err)
	}
	// A second transaction takes the connection that has the statement.
	tx, err := other.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(context.Background())
	if _, err := tx.Exec(t.Context(), "SELECT 1"); err != nil {
		t.Fatal(err)
	}
	if _, err := holder.Exec(t.Context(), "EXECUTE mine"); err == nil || !strings.Contains(err.Error(), "does not exist") {
		t.Errorf("EXECUTE in another transaction: %v", err)
	}
}
