package pgtest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// connect opens a connection that ends with the test.
func connect(t testing.TB, databaseURL string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// value returns the one value that a query answers, as text.
func value(t testing.TB, databaseURL, query string) string {
	t.Helper()
	var text string
	if err := connect(t, databaseURL).QueryRow(t.Context(), query).Scan(&text); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return text
}

func TestDatabasesAreApart(t *testing.T) {
	first, second := Database(t), Database(t)
	if _, err := connect(t, first).Exec(t.Context(), "CREATE TABLE only_here (n bigint)"); err != nil {
		t.Fatal(err)
	}
	for databaseURL, want := range map[string]string{first: "1", second: "0"} {
		if n := value(t, databaseURL, "SELECT count(*)::text FROM pg_tables WHERE tablename = 'only_here'"); n != want {
			t.Errorf("%s has %s tables of %s", databaseURL, n, want)
		}
	}
}

func TestDatabaseIsDropped(t *testing.T) {
	var databaseURL string
	t.Run("a test that leaves a connection open", func(t *testing.T) {
		databaseURL = Database(t)
		conn, err := pgx.Connect(t.Context(), databaseURL)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { go conn.Close(context.Background()) })
	})
	if conn, err := pgx.Connect(t.Context(), databaseURL); err == nil {
		t.Error("the database of a test exists after its end")
		_ = conn.Close(t.Context())
	} else if !strings.Contains(err.Error(), "does not exist") {
		t.Error(err)
	}
}

// TestTemplateIsFilledOnce copies one template in parallel tests.
func TestTemplateIsFilledOnce(t *testing.T) {
	var fills atomic.Int64
	name := fmt.Sprint("notes", time.Now().UnixNano()) // with -count the process has templates of earlier runs
	fill := func(databaseURL string) error {
		fills.Add(1)
		conn, err := pgx.Connect(context.Background(), databaseURL)
		if err != nil {
			return err
		}
		defer conn.Close(context.Background())
		_, err = conn.Exec(context.Background(), "CREATE TABLE notes (body text COLLATE \"C\"); INSERT INTO notes VALUES ('hello')")
		return err
	}
	t.Run("all", func(t *testing.T) {
		for i := range 4 {
			t.Run(fmt.Sprint(i), func(t *testing.T) {
				t.Parallel()
				databaseURL := Shared(t).DatabaseFrom(t, name, fill)
				if body := value(t, databaseURL, "UPDATE notes SET body = body || '!' RETURNING body"); body != "hello!" {
					t.Errorf("the copy has %q", body)
				}
			})
		}
	})
	if n := fills.Load(); n != 1 {
		t.Errorf("the template was filled %d times", n)
	}
}

// TestServerIsUnlikeTheDefaults checks what makes careless statements fail.
func TestServerIsUnlikeTheDefaults(t *testing.T) {
	databaseURL := Database(t)
	for query, want := range map[string]string{
		"SHOW timezone": "Asia/Kathmandu",
		"SHOW fsync":    "off",
		"SELECT string_agg(x, ' ' ORDER BY x) FROM (VALUES ('a'), ('B'), ('c')) v (x)":             "a B c",
		`SELECT string_agg(x, ' ' ORDER BY x COLLATE "C") FROM (VALUES ('a'), ('B'), ('c')) v (x)`: "B a c",
		"SELECT rolsuper::text FROM pg_roles WHERE rolname = current_user":                         "false",
	} {
		if got := value(t, databaseURL, query); got != want {
			t.Errorf("%s is %s, want %s", query, got, want)
		}
	}
	if got := value(t, Through(databaseURL, Shared(t).Socket()), "SELECT (inet_server_addr() IS NULL)::text"); got != "true" {
		t.Error("the Unix socket leads to a network connection")
	}
	wrong := strings.Replace(databaseURL, Password, "wrong", 1)
	if _, err := pgx.Connect(t.Context(), wrong); err == nil {
		t.Error("a wrong password is accepted")
	}
}

func TestDurableSettings(t *testing.T) {
	c := New(t, Options{Durable: true, Settings: []string{"work_mem = 5MB"}, Locale: "C"})
	for name, want := range map[string]string{"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on", "work_mem": "5MB", "lc_ctype": "C", "max_connections": "300"} {
		if got := value(t, c.Database(t), "SHOW "+name); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
}

// TestPlace keeps the data in a folder of the test, and deletes it before the folder.
func TestPlace(t *testing.T) {
	place, err := os.MkdirTemp("", "place")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(place) })
	t.Run("a cluster there", func(t *testing.T) {
		c := New(t, Options{Place: place})
		if dir := value(t, c.AdminURL("postgres"), "SHOW data_directory"); filepath.Dir(dir) != place {
			t.Errorf("the data is in %s, not in %s", dir, place)
		}
	})
	if left, err := os.ReadDir(place); err != nil || len(left) > 0 {
		t.Errorf("after the test there is %v in its folder: %v", left, err)
	}
}

// dyingVariable makes TestDies end the process that it runs in.
const dyingVariable = "PGTEST_DIES_BY"

// TestDies is the test process of TestNothingIsLeft.
func TestDies(t *testing.T) {
	way := os.Getenv(dyingVariable)
	if way == "" {
		t.Skip("TestNothingIsLeft runs it")
	}
	c := Shared(t)
	fmt.Printf("\nfolders %s %s\n", c.folder.path, c.folder.quick)
	if _, err := findPooler(); err == nil {
		c.Pooler(t, 2)
	}
	New(t, Options{}).Standby(t)
	switch way {
	case "panic":
		go func() { panic("as a bug in a goroutine") }()
		select {}
	case "kill":
		process, err := os.FindProcess(os.Getpid())
		if err != nil {
			t.Fatal(err)
		}
		_ = process.Kill()
		select {}
	}
}

// TestNothingIsLeft runs this test binary until it ends in several ways, and waits until server and
// files are gone.
func TestNothingIsLeft(t *testing.T) {
	Need(t, "postgres")
	for _, way := range []string{"panic", "kill", "return"} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			cmd := exec.Command(os.Args[0], "-test.run=^TestDies$", "-test.v")
			cmd.Env = append(os.Environ(), dyingVariable+"="+way)
			out, err := cmd.CombinedOutput()
			if (err == nil) != (way == "return") {
				t.Fatalf("the process ends with %v:\n%s", err, out)
			}
			_, rest, found := strings.Cut(string(out), "\nfolders ")
			line, _, _ := strings.Cut(rest, "\n")
			folders := strings.Fields(line)
			if !found || len(folders) != 2 {
				t.Fatalf("the process names no folders:\n%s", out)
			}
			waitGone(t, folders)
		})
	}
}

// waitGone waits until folders are deleted, and no process runs that names them.
func waitGone(t *testing.T, folders []string) {
	t.Helper()
	var left string
	for range 600 {
		left = ""
		for _, path := range folders {
			if _, err := os.Stat(path); err == nil {
				left += path + " "
			}
			left += users(path)
		}
		if left == "" {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Error("left behind: ", left)
}

// users returns the command lines of the processes that name a path. Without /proc there are none.
func users(path string) (found string) {
	entries, _ := os.ReadDir("/proc")
	for _, e := range entries {
		line, _ := os.ReadFile("/proc/" + e.Name() + "/cmdline")
		if strings.Contains(string(line), path) {
			found += strings.ReplaceAll(string(line), "\x00", " ") + "\n"
		}
	}
	return found
}

// TestNeedNamesWhatIsMissing checks the name of the skipped test's reason, and that an explicit folder
// is never passed over for another.
func TestNeedNamesWhatIsMissing(t *testing.T) {
	t.Setenv(binVariable, t.TempDir())
	_, err := findPostgres()
	if err == nil || !strings.Contains(err.Error(), binVariable) {
		t.Fatalf("the error does not name %s: %v", binVariable, err)
	}
	t.Setenv("CI", "")
	skipped := false
	t.Run("without PostgreSQL", func(t *testing.T) {
		defer func() { skipped = t.Skipped() }()
		lack(t, err)
	})
	if !skipped {
		t.Error("the test runs without PostgreSQL")
	}
}
