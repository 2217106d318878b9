package postgres

import (
	"net"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"
)

// fakeServer answers every statement with one row, until the end of the test, and returns its address.
func fakeServer(t *testing.T, row ...string) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go answerAll(conn, row)
		}
	}()
	return "postgres://crm@" + l.Addr().String() + "/crm?sslmode=disable&default_query_exec_mode=simple_protocol"
}

// answerAll speaks PostgreSQL's protocol on a connection, without a password.
func answerAll(conn net.Conn, row []string) {
	defer conn.Close()
	b := pgproto3.NewBackend(conn, conn)
	if _, err := b.ReceiveStartupMessage(); err != nil {
		return
	}
	b.Send(&pgproto3.AuthenticationOk{})
	for name, value := range map[string]string{"standard_conforming_strings": "on", "client_encoding": "UTF8"} {
		b.Send(&pgproto3.ParameterStatus{Name: name, Value: value})
	}
	for {
		b.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
		if b.Flush() != nil {
			return
		}
		message, err := b.Receive()
		if _, is := message.(*pgproto3.Query); err != nil || !is {
			return
		}
		fields, values := make([]pgproto3.FieldDescription, len(row)), make([][]byte, len(row))
		for i, value := range row {
			fields[i] = pgproto3.FieldDescription{Name: []byte("c"), DataTypeOID: 25, DataTypeSize: -1, TypeModifier: -1}
			values[i] = []byte(value)
		}
		b.Send(&pgproto3.RowDescription{Fields: fields})
		b.Send(&pgproto3.DataRow{Values: values})
		b.Send(&pgproto3.CommandComplete{CommandTag: []byte("SELECT 1")})
	}
}

// TestOldServersAreRefused opens a database on a server that says that it is of an older version.
func TestOldServersAreRefused(t *testing.T) {
	wantRefused(t, fakeServer(t, "140012", "UTF8", "false", "public"), 2, "runs PostgreSQL 14.12; crmkit needs 15 or newer")
	wantRefused(t, fakeServer(t, "90624", "UTF8", "false", "public"), 2, "runs PostgreSQL 9.624; crmkit needs 15 or newer")
	wantRefused(t, fakeServer(t, "180001", "SQL_ASCII", "false", "public"), 2, "stores texts as SQL_ASCII")
	wantRefused(t, fakeServer(t, "180001", "UTF8", "true", "public"), 2, "is a standby")
}
