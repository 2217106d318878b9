package postgres

import (
	"math/rand/v2"
	"net/url"
	"strings"
	"testing"
)

// TestIsAddress checks which names of a database are addresses of PostgreSQL; others are files.
func TestIsAddress(t *testing.T) {
	for name, want := range map[string]bool{
		"postgres://crm@db.example.com/crm": true, "postgresql:///crm": true, "host=/run dbname=crm": true, "  dbname = crm": true,
		"service=crm": true, "sslmode=require host=db": true, "crmkit.db": false, "/var/lib/crmkit/a=b.db": false, "year=2026.db": false, ":memory:": false, "": false, "Postgres://x": false,
	} {
		if IsAddress(name) != want {
			t.Errorf("IsAddress(%q) is %t", name, !want)
		}
	}
}

// TestName checks the words for addresses in logs, in commands for PostgreSQL's programs, and whether
// the password is seen.
func TestName(t *testing.T) {
	for _, c := range []struct {
		address, name, programs string
		password                bool
	}{
		{"postgres://crm@db.example.com/crm", "postgres://crm@db.example.com:5432/crm", "postgres://crm@db.example.com:5432/crm", false},
		{"postgres://crm:s%40crt@a,b:6432/crm?target_session_attrs=read-write&application_name=x", "postgres://crm@a:5432,b:6432/crm", "postgres://crm@a:5432,b:6432/crm?target_session_attrs=read-write", true},
		{"postgresql://a%20b@h/my%2Fdb?sslmode=require&options=-c%20jit%3Doff&default_query_exec_mode=simple_protocol", "postgres://a b@h:5432/my/db",
			"postgres://a%20b@h:5432/my%2Fdb?options=-c%20jit%3Doff&sslmode=require", false},
		{`host=/run/sockets port=5433 user=crm password = 'it\'s secret' dbname=crm connect_timeout=3`, "postgres://crm@/run/sockets:5433/crm", "postgres://crm@/crm?connect_timeout=3&host=/run/sockets&port=5433", true},
		{`host=h user=crm dbname=crm options='-c search_path=crm' passfile=/etc/crmkit/pgpass`, "postgres://crm@h:5432/crm", "postgres://crm@h:5432/crm?options=-c%20search_path%3Dcrm&passfile=/etc/crmkit/pgpass", false},
		{"host=/run,::1 user=crm dbname=crm", "postgres://crm@/run:5432,[::1]:5432/crm", "postgres://crm@/crm?host=/run%2C%3A%3A1&port=5432%2C5432", false},
		{"postgres://h/crm?user=crm&password=secret", "postgres://crm@h:5432/crm", "postgres://crm@h:5432/crm", true},
	} {
		if err := CheckAddress(c.address); err != nil {
			t.Errorf("%s: %v", c.address, err)
		}
		if got := Name(c.address); got != c.name {
			t.Errorf("the name of %s is %s, want %s", c.address, got, c.name)
		}
		if got := ForPrograms(c.address); got != c.programs {
			t.Errorf("%s is for programs %s, want %s", c.address, got, c.programs)
		}
		if got := HasPassword(c.address); got != c.password {
			t.Errorf("HasPassword(%s) is %t", c.address, got)
		}
		if again := ForPrograms(c.programs); again != c.programs {
			t.Errorf("%s is read as %s", c.programs, again)
		}
	}
}

// TestWrongAddresses checks the errors of addresses that cannot be read: they say what to write, and
// show nothing of a password, however it was written.
func TestWrongAddresses(t *testing.T) {
	for address, want := range map[string]string{
		"postgres:crm:secret@h/crm":                    "",
		"postgres://crm:sec/ret@h/crm":                 "are written %3A %2F",
		"postgres://crm:sec@ret@h/crm":                 "it has an @ too many",
		"postgres://crm:123/secret@h/crm":              "it has an @ too many",
		"postgres://crm:1/secret?ret=x@h/crm":          "it has an @ too many",
		"postgres://crm:sec%zzret@h/crm":               "are written %3A %2F",
		"host=h password=two secrets dbname=crm":       "is in quotes, as in password='two words'",
		"host=h password='secret dbname=crm":           "is in quotes",
		"host=h port=x password=secret":                "invalid port",
		"postgres://crm:secret@h/crm?sslmode=maybe":    "sslmode is invalid",
		"host=a,b port=1,2,3 password=secret":          "could not match 3 port numbers to 2 hosts",
		"service=none-of-these servicefile=/none":      "failed to read service",
		"host=h password=secret target_session_attrs=": "unknown target_session_attrs value",
	} {
		err := CheckAddress(address)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "write it like postgres://user@host/crm") {
			t.Errorf("%s: %v, want %q", address, err, want)
		} else if strings.Contains(err.Error(), "sec") && !strings.Contains(err.Error(), "target_session") || strings.Contains(err.Error(), "ret") {
			t.Errorf("%s: the error shows the password: %v", address, err)
		}
		if name := Name(address) + ForPrograms(address); strings.Contains(name, "secret") {
			t.Errorf("%s is shown as %s", address, name)
		}
	}
}

// TestPasswordsAreNotShown writes random passwords into addresses, with their escapes and without,
// and looks for parts of them in what is shown.
func TestPasswordsAreNotShown(t *testing.T) {
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 1))
	for range 20_000 {
		letters := []rune("xyzXYZ09:/@?#%&= '\\ä")
		password := "Qk7" // a part that nothing else has
		for range 1 + random.IntN(12) {
			at := random.IntN(len(password) + 1)
			for at > 0 && at < len(password) && password[at]&0xc0 == 0x80 {
				at--
			}
			password = password[:at] + string(letters[random.IntN(len(letters))]) + password[at:]
		}
		for _, address := range []string{
			"postgres://crm:" + password + "@db.example.com/crm",
			"postgres://crm:" + url.QueryEscape(password) + "@db.example.com/crm?sslmode=disable",
			"postgres://db.example.com/crm?user=crm&password=" + password,
			"host=db.example.com user=crm dbname=crm password=" + password,
			"host=db.example.com user=crm dbname=crm password='" + password + "' sslmode=disable",
		} {
			shown := Name(address) + ForPrograms(address)
			if err := CheckAddress(address); err != nil {
				shown += err.Error()
			}
			if strings.Contains(shown, "Qk7") || strings.Contains(password, "Qk7") && strings.Contains(shown, password) {
				t.Fatalf("seed %d: %s is shown as %s", seed, address, shown)
			}
		}
	}
}

// FuzzAddress reads any text as an address. What is shown of one that can be read can be read again,
// and has no password.
func FuzzAddress(f *testing.F) {
	for _, seed := range []string{"postgres://crm:p@h:1,[::1]:2/db?sslmode=disable", "host=h dbname='a b' password=x", "postgresql:///?host=/run&port=1", "service=x", "host =000000%", "host=[", "postgres://0?sslmode= "} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, address string) {
		if !IsAddress(address) || CheckAddress(address) != nil || strings.Contains(address, "service") {
			return
		}
		shown := ForPrograms(address)
		if HasPassword(shown) {
			t.Errorf("%q is shown with a password: %q", address, shown)
		}
		if err := CheckAddress(shown); err != nil {
			t.Errorf("%q is shown as %q: %v", address, shown, err)
		}
		_ = Name(address)
	})
}
