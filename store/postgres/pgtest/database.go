package pgtest

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// Database returns the URL of a new empty database of the shared cluster, for User. It exists until
// the end of the test.
func Database(t testing.TB) string {
	t.Helper()
	return Shared(t).Database(t)
}

// Database returns the URL of a new empty database of the cluster, for User. It exists until the end
// of the test.
func (c *Cluster) Database(t testing.TB) string {
	t.Helper()
	return c.copy(t, "template0")
}

// DatabaseFrom returns the URL of a new database, for User, which has what fill puts into a database.
// It runs once for each name in a process, and the result is copied, in less time than most schemas
// take to create. It closes its connections before it returns, and must not end the test.
func (c *Cluster) DatabaseFrom(t testing.TB, name string, fill func(databaseURL string) error) string {
	t.Helper()
	template := "template_" + name
	once, _ := c.templates.LoadOrStore(name, sync.OnceValue(func() error { return c.makeTemplate(template, fill) }))
	if err := once.(func() error)(); err != nil {
		t.Fatalf("the template %q: %v", name, err)
	}
	return c.copy(t, template)
}

// makeTemplate makes a database that others are copied from. After fill nothing connects to it any
// more, because a database that is in use cannot be copied.
func (c *Cluster) makeTemplate(template string, fill func(databaseURL string) error) error {
	if err := c.exec("CREATE DATABASE " + quote(template) + " OWNER " + User + " TEMPLATE template0"); err != nil {
		return err
	}
	if err := fill(c.url(User, template)); err != nil {
		return err
	}
	return c.exec("ALTER DATABASE " + quote(template) + " ALLOW_CONNECTIONS false")
}

// copy makes a database from a template, and drops it at the end of the test if the cluster lasts longer.
// Copying files takes 14 ms here, writing them to the log as well (WAL_LOG) 21 ms.
func (c *Cluster) copy(t testing.TB, template string) string {
	t.Helper()
	name := fmt.Sprintf("test_%d", c.databases.Add(1))
	c.Exec(t, "CREATE DATABASE "+name+" OWNER "+User+" TEMPLATE "+quote(template)+" STRATEGY FILE_COPY")
	if c.shared {
		t.Cleanup(func() {
			if err := c.exec("DROP DATABASE " + name + " WITH (FORCE)"); err != nil {
				t.Error(err)
			}
		})
	}
	return c.url(User, name)
}

// DatabaseOn returns the URL of a new empty database, for User, whose files are in a new folder, such as
// one on a small disk that gets full. The log of the cluster stays where it is. The servers must be able
// to reach the folder. The cluster must not be shared.
func (c *Cluster) DatabaseOn(t testing.TB, place string) string {
	t.Helper()
	c.private(t)
	if err := os.Mkdir(place, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := giveAway(place); err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("test_%d", c.databases.Add(1))
	c.Exec(t, "CREATE TABLESPACE "+name+" LOCATION '"+strings.ReplaceAll(place, "'", "''")+"'",
		"CREATE DATABASE "+name+" OWNER "+User+" TEMPLATE template0 TABLESPACE "+name)
	return c.url(User, name)
}

// quote returns a name as an SQL identifier.
func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// Through returns the URL of the same database at other addresses: HOST:PORT, such as that of a proxy
// or a pooler, several of these for a client that tries them in turn, or the path of a Unix socket.
func Through(databaseURL string, addresses ...string) string {
	u, err := url.Parse(databaseURL)
	if err != nil || len(addresses) == 0 {
		panic(fmt.Sprintf("pgtest: not the URL of a database and its addresses: %s %v", databaseURL, addresses))
	}
	u.Host = strings.Join(addresses, ",")
	if filepath.IsAbs(addresses[0]) {
		query := u.Query()
		query.Set("host", filepath.Dir(addresses[0]))
		query.Set("port", strings.TrimPrefix(filepath.Ext(addresses[0]), "."))
		u.Host, u.RawQuery = "", query.Encode()
	}
	return u.String()
}
