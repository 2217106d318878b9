package postgres

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// urlScheme matches the beginning of a URL. keyword matches that of a keyword string, such as
// "host=db.example.com dbname=crm", by its first keyword: a file may have a name with =.
var (
	urlScheme = regexp.MustCompile(`^postgres(ql)?://`)
	keyword   = regexp.MustCompile(`^\s*(host|hostaddr|port|dbname|user|password|passfile|service|servicefile|application_name|connect_timeout|options|target_session_attrs|ssl\w+|channel_binding|require_auth)\s*=`)
)

// IsAddress reports whether the name of a database is the address of one of PostgreSQL: a URL, or a
// keyword string (postgresql.org/docs/current/libpq-connect.html, Connection Strings). Anything
// else is the path of a file.
func IsAddress(name string) bool {
	if strings.HasPrefix(name, "postgres:") || strings.HasPrefix(name, "postgresql:") { // also without slashes: it may have a password
		return true
	}
	return keyword.MatchString(name)
}

// CheckAddress returns an error for an address that cannot be read. It does not connect.
func CheckAddress(address string) error {
	_, err := parse(address)
	return err
}

// connectTimeout is how long one host may take to answer, unless the address says otherwise.
const connectTimeout = 5 * time.Second

// serverName is the name that a connection has on the server, unless the address says otherwise.
const serverName = "crmkit"

// parse returns the settings of an address. Errors do not have the password.
func parse(address string) (*pgx.ConnConfig, error) {
	config, err := pgx.ParseConfig(address)
	if err != nil {
		return nil, wrongAddress(reason(err))
	}
	if misplaced(address) {
		return nil, wrongAddress("it has an @ too many; in a user, a password and other values @ is written %40, and / in a password %2F")
	}
	config.ConnectTimeout = cmp.Or(config.ConnectTimeout, connectTimeout)
	config.StatementCacheCapacity = maxPrepared
	config.RuntimeParams["client_encoding"] = "UTF8" // a role or a database may have another one
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = serverName
	}
	config.DialFunc = (&net.Dialer{KeepAlive: 15 * time.Second, Timeout: config.ConnectTimeout}).DialContext
	return config, nil
}

// wrongAddress returns the error for an address that cannot be read.
func wrongAddress(why string) error {
	return errors.New("the address of the database is wrong: " + why + "; write it like postgres://user@host/crm, with the password in PGPASSWORD or ~/.pgpass")
}

// clearReasons matches the errors of the driver that quote nothing but the setting they name. Others
// may quote a part of a password that was written without its escapes.
var clearReasons = regexp.MustCompile(`: ((?:invalid port|could not match \d+ port numbers|failed to configure TLS|failed to read service|unknown target_session_attrs|invalid (?:connect_timeout|sslcertmode|default_query_exec_mode|require_auth)|cannot parse statement_cache_capacity).*)$`)

// reason returns why the driver cannot read an address.
func reason(err error) string {
	var known *pgconn.ParseConfigError
	if !errors.As(err, &known) {
		return "it cannot be read"
	}
	if urlScheme.MatchString(known.ConnString) {
		if m := clearReasons.FindStringSubmatch(known.Error()); m != nil && m[1] != "invalid port" {
			return m[1]
		}
		return "the URL cannot be read; characters such as : / ? @ % = in a user, a password or a value are written %3A %2F %3F %40 %25 %3D"
	}
	if m := clearReasons.FindStringSubmatch(known.Error()); m != nil {
		return m[1]
	}
	return "the keyword string cannot be read; a value with blanks is in quotes, as in password='two words', with \\' for a quote"
}

// misplaced reports whether a URL has an @ that does not end the user and the password. If it is in the
// password, the rest of the password would be taken for the host, and shown.
func misplaced(address string) bool {
	rest := urlScheme.ReplaceAllString(address, "")
	if rest == address {
		return false
	}
	if at := strings.IndexAny(rest, "@/"); at >= 0 && rest[at] == '@' {
		rest = rest[at+1:]
	}
	return strings.Contains(rest, "@")
}

// namesMode reports whether an address says how statements are sent.
func namesMode(address string) bool { return settings(address)["default_query_exec_mode"] != "" }

// Name returns the words for an address in logs and errors: user, hosts and database, without the
// password and other parameters.
func Name(address string) string {
	config, err := parse(address)
	if err != nil {
		return "a PostgreSQL database"
	}
	return name(config)
}

func name(config *pgx.ConnConfig) string {
	return "postgres://" + config.User + "@" + hostNames(config) + "/" + config.Database
}

// hostsOf returns the hosts of an address, each once, with their ports.
func hostsOf(config *pgx.ConnConfig) (hosts []pgconn.FallbackConfig) {
	hosts = []pgconn.FallbackConfig{{Host: config.Host, Port: config.Port}}
	for _, other := range config.Fallbacks { // a host that is tried with TLS and without is there twice
		if last := hosts[len(hosts)-1]; last.Host != other.Host || last.Port != other.Port {
			hosts = append(hosts, pgconn.FallbackConfig{Host: other.Host, Port: other.Port})
		}
	}
	return hosts
}

// hostNames returns the hosts of an address with their ports, as in a URL.
func hostNames(config *pgx.ConnConfig) string {
	var names []string
	for _, h := range hostsOf(config) {
		names = append(names, net.JoinHostPort(h.Host, fmt.Sprint(h.Port)))
	}
	return strings.Join(names, ",")
}

// setting matches a setting of a keyword string.
var setting = regexp.MustCompile(`([a-z_]+)\s*=\s*('(?:[^'\\]|\\.)*'|(?:[^\s\\]|\\.)*)`)

// settings returns the settings that an address has beside user, hosts and database, and the password.
func settings(address string) map[string]string {
	list := map[string]string{}
	if rest := urlScheme.ReplaceAllString(address, ""); rest != address {
		if at := strings.IndexAny(rest, "@/"); at >= 0 && rest[at] == '@' {
			if _, password, found := strings.Cut(rest[:at], ":"); found && password != "" {
				list["password"] = password
			}
			rest = rest[at+1:]
		}
		_, query, _ := strings.Cut(rest, "?")
		for pair := range strings.SplitSeq(query, "&") {
			key, value, _ := strings.Cut(pair, "=")
			if plain, err := url.PathUnescape(strings.TrimSpace(value)); err == nil {
				list[key] = plain
			}
		}
		return list
	}
	for _, m := range setting.FindAllStringSubmatch(address, -1) {
		list[m[1]] = unescape.ReplaceAllString(strings.Trim(m[2], "'"), "$1")
	}
	return list
}

// unescape matches an escaped character of a keyword string.
var unescape = regexp.MustCompile(`\\(.)`)

// HasPassword reports whether a name of a database is an address that has the password itself.
func HasPassword(name string) bool { return IsAddress(name) && settings(name)["password"] != "" }

// PasswordFile returns the file of passwords that an address names itself; empty: none.
func PasswordFile(address string) string { return settings(address)["passfile"] }

// programSettings are the settings of an address that pg_dump and other programs need too.
var programSettings = []string{"target_session_attrs", "passfile", "sslmode", "sslrootcert", "sslcert", "sslkey", "sslcertmode", "channel_binding", "require_auth", "connect_timeout", "options"}

// ForPrograms returns the address for PostgreSQL's own programs, which refuse settings of the driver.
// It is a URL without the password.
func ForPrograms(address string) string {
	return forPrograms(known(address), address)
}

// known returns what an address says; of one that cannot be read, an example.
func known(address string) *pgx.ConnConfig {
	if config, err := parse(address); err == nil {
		return config
	}
	return &pgx.ConnConfig{Config: pgconn.Config{Host: "localhost", Port: 5432, User: "crm", Database: "crm"}}
}

// urlHosts matches hosts that can be the host of a URL. The folder of a Unix socket cannot.
var urlHosts = regexp.MustCompile(`^(?:(?:\[[0-9a-fA-F:.]+\]|[\w.-]+):\d+(?:,|$))+$`)

func forPrograms(config *pgx.ConnConfig, address string) string {
	query := url.Values{}
	has := settings(address)
	for _, name := range programSettings {
		if value := has[name]; value != "" {
			query.Set(name, value)
		}
	}
	authority := hostNames(config)
	if !urlHosts.MatchString(authority) {
		var hosts, ports []string
		for _, h := range hostsOf(config) {
			hosts, ports = append(hosts, h.Host), append(ports, fmt.Sprint(h.Port))
		}
		query.Set("host", strings.Join(hosts, ","))
		query.Set("port", strings.Join(ports, ","))
		authority = ""
	}
	text := "postgres://" + url.User(config.User).String() + "@" + authority + "/" + url.PathEscape(config.Database)
	if len(query) > 0 {
		text += "?" + strings.NewReplacer("+", "%20", "%2F", "/").Replace(query.Encode())
	}
	return text
}
