package store

import (
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"crmkit/crm"
	"crmkit/store/postgres/pgtest"
	"crmkit/store/storetest/kit"
)

// TestServersStartTogether opens an empty database three times at once: one server makes the schema and
// the key, and all use them.
func TestServersStartTogether(t *testing.T) {
	address := pgtest.Database(t)
	secrets, errs := make([]string, 3), make([]error, 3)
	var servers sync.WaitGroup
	for i := range secrets {
		servers.Go(func() {
			s, err := Open(t.Context(), Options{Path: address, Schema: builtin(t)})
			if err == nil {
				secrets[i], err = hex.EncodeToString(s.Secret()), s.Close()
			}
			errs[i] = err
		})
	}
	servers.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	if slices.Sort(secrets); secrets[0] == "" || secrets[0] != secrets[2] {
		t.Errorf("the keys are %q", secrets)
	}
}

// TestRunsForAHeadDrawTheSame has a function run again because it turns out to write outside its
// workspace: it draws the same random bytes.
func TestRunsForAHeadDrawTheSame(t *testing.T) {
	f := openWith(t, kit.NewClock(), Options{Path: Postgres(t)})
	ann := f.member("ann@example.com")
	var drawn []string
	err := f.Write(t.Context(), ann, func(tx *Tx) error {
		for range 2 {
			id, err := tx.RandomID("tok")
			if err != nil {
				return err
			}
			drawn = append(drawn, id)
		}
		return tx.Exec("INSERT INTO limits (name, n, resets_at) VALUES ('x', 1, 1)")
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(drawn) != 4 || drawn[0] == drawn[1] || !slices.Equal(drawn[:2], drawn[2:]) {
		t.Errorf("the runs drew %v", drawn)
	}
}

// TestRunsAfterAConflictDrawAnew has a function insert a row that is there: its random ids may be the
// reason, so each run draws others.
func TestRunsAfterAConflictDrawAnew(t *testing.T) {
	f := openWith(t, kit.NewClock(), Options{Path: Postgres(t)})
	var drawn []string
	err := f.Write(t.Context(), crm.Actor{}, func(tx *Tx) error {
		id, err := tx.RandomID("tok")
		drawn = append(drawn, id)
		name := "taken"
		if len(drawn) > 2 {
			name = "free"
		}
		const insert = "INSERT INTO limits (name, n, resets_at) VALUES ($1, 1, 1)"
		return errors.Join(err, tx.Exec(insert, "taken"), tx.Exec(insert, name))
	})
	slices.Sort(drawn)
	if err != nil || len(drawn) != 3 || len(slices.Compact(drawn)) != 3 {
		t.Errorf("%v after %v", err, drawn)
	}
	if got := fmt.Sprint(f.raw(1, "SELECT name FROM limits ORDER BY name")); got != "[free taken]" {
		t.Errorf("the rows are %s", got)
	}
}
