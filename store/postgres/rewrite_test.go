package postgres

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"crmkit/store/engine"
	"crmkit/store/postgres/pgtest"
)

// TestUpgradesRewrite checks that an upgrade computes values anew in its own transaction, and that a new
// database has nothing to compute.
func TestUpgradesRewrite(t *testing.T) {
	address := pgtest.Database(t)
	var calls []int
	var failure error
	open := func(known int) error {
		opts := optionsWith(address, known)
		opts.Rewrite = func(ctx context.Context, c engine.Conn, from int) error {
			calls = append(calls, from)
			var names []string
			err := c.Rows(ctx, "SELECT name FROM users ORDER BY number", nil, func(scan func(...any) error) error {
				names = append(names, "")
				return scan(&names[len(names)-1])
			})
			return errors.Join(err, c.Send("UPDATE users SET country = $1 WHERE number = 7", fmt.Sprint(names)), failure)
		}
		db, err := Open(t.Context(), opts)
		if err == nil {
			err = db.Close()
		}
		return err
	}
	must(t, open(2))
	query(t, address, "INSERT INTO users (number, name) VALUES (7, 'Ann')")
	failure = errors.New("the rewrite failed")
	if err := open(3); !errors.Is(err, failure) {
		t.Errorf("the upgrade ends with %v", err)
	}
	if steps := query(t, address, "SELECT COUNT(*)::TEXT FROM migrations WHERE number > 0"); steps[0] != "2" {
		t.Errorf("after a failed upgrade the database has %s migrations", steps[0])
	}
	failure = nil
	must(t, open(3))
	must(t, open(3))
	if fmt.Sprint(calls) != "[2 2]" {
		t.Errorf("values were computed after the upgrades from %v", calls)
	}
	if got := query(t, address, "SELECT country FROM users WHERE number = 7"); got[0] != "[Ann]" {
		t.Errorf("computed: %q", got)
	}
}
