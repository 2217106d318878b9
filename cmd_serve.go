package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"runtime/debug"
	"time"

	"crmkit/auth"
	"crmkit/mail"
	"crmkit/server"
	"crmkit/server/owner"
	"crmkit/store"
	"crmkit/store/account"
	"crmkit/store/sqlite"
)

// serveCommand has the settings of a server. Defaults that depend on other settings are set
// by withDefaults, and check refuses combinations that cannot be meant.
type serveCommand struct {
	Listen        string        `help:"Address to listen on; port 0 picks a free one (default 127.0.0.1:8080, or :443 with TLS). unix:PATH makes a Unix socket for a proxy on this machine." placeholder:"HOST:PORT"`
	DB            string        `name:"db" help:"The database: a file, :memory: to leave nothing behind, or PostgreSQL for several servers, as postgres://user@host/name with the password in PGPASSWORD or ~/.pgpass (default ${default})." default:"crmkit.db" placeholder:"DATABASE"`
	BaseURL       string        `name:"base-url" help:"Address under which clients reach the server, such as https://crm.example.com; shown in the manual and in mails." placeholder:"URL"`
	Local         bool          `help:"Local mode: sign-in codes are in the answer instead of a mail; loopback only."`
	TokenFor      string        `help:"Local mode: print a token for this address as the second line of standard output." placeholder:"EMAIL"`
	SMTPURL       string        `name:"smtp-url" help:"Mail server: smtp://user:password@host:587 (STARTTLS) or smtps://…:465. Better set in the environment or the config file than on the command line." placeholder:"URL"`
	MailFrom      string        `help:"Sender of mails: crm@example.com or Acme CRM <crm@example.com>." placeholder:"ADDRESS"`
	Signup        string        `help:"Who may sign up. open: anybody; invite: only people who were invited (default ${default})." enum:"open,invite" default:"open"`
	Rate          int           `help:"Requests per second of one token, and of one client address, with bursts of four times as many; 0 for no limit. Off in local mode (default ${default})." default:"50" placeholder:"N"`
	ImportMax     int           `help:"Largest file to import in megabytes; the file is kept beside the database while it is read, with PostgreSQL in the folder for temporary files (default ${default})." default:"2048" placeholder:"MB"`
	MetricsToken  string        `help:"Bearer token for GET /metrics; without it this path is off." placeholder:"SECRET"`
	MetricsListen string        `help:"Second address, like 127.0.0.1:9090, that serves GET /metrics without a token." placeholder:"HOST:PORT"`
	TrustProxy    string        `help:"Addresses of your reverse proxies, like 10.0.0.0/8,::1. For requests from them the client address is taken from X-Forwarded-For." placeholder:"CIDR,…"`
	LogFormat     string        `help:"Format of the log on standard error: text or json." enum:"text,json" default:"text"`
	BackupDir     string        `help:"Folder for automatic backups of a database file; without it none are made." placeholder:"DIR"`
	BackupEvery   time.Duration `help:"Time between two backups, like 6h or 30m (default 6h)." placeholder:"TIME"`
	BackupKeep    int           `help:"Number of backups to keep (default ${default})." default:"28" placeholder:"N"`
	SearchMemory  int           `help:"Memory limit of the search index in megabytes. A workspace that does not fit is searched in the database: slower, and without misspelled words. 0 for no index; PostgreSQL has its own (default ${default})." default:"256" placeholder:"MB"`
	RecordMemory  int           `help:"Memory limit of the cache of recently read records in megabytes; 0 for no cache; not used with PostgreSQL (default ${default})." default:"64" placeholder:"MB"`
	retentionFlags
	tlsFlags
	planFlags
}

// Run serves until the context ends. If the log is JSON, the error is a line of it too.
func (c serveCommand) Run(ctx context.Context, con console) error {
	err := c.run(ctx, con)
	if err == nil || c.LogFormat != "json" {
		return err
	}
	c.logger(con).Error("crmkit serve failed", "error", terminalError(err).Error())
	return errLogged
}

// run opens what the server needs, serves, and closes it in the reverse order.
//
// Ports come before the file, so that a port that is in use leaves no new file behind. The
// file comes before the ready line, so that a script that has read the line can send requests:
// the schema is upgraded and the token of --token-for works. At the end the ports close first,
// then waiting mails are sent, because a request that was just answered may have caused one,
// and the file closes last. After an error on the way the deferred calls close what is open;
// each of them may be called again.
func (c serveCommand) run(ctx context.Context, con console) error {
	c = c.withDefaults()
	if err := c.check(); err != nil {
		return err
	}
	log := c.logger(con)
	if typedPassword(c.DB) {
		log.Warn("the password of the database is on the command line, where every user of this machine can read it (ps); put it into PGPASSWORD, ~/.pgpass or CRMKIT_DB")
	}
	ports, err := c.listen()
	if err != nil {
		return err
	}
	defer ports.close()
	opts, err := c.options(ports.api.Addr(), log)
	if err != nil {
		return err
	}
	session, err := c.session(ctx, owner.Primary, store.Options{Path: c.DB, LockAs: "crmkit serve", Caches: c.caches(), LogDays: c.LogDays, TrashDays: c.TrashDays, Log: log})
	if err != nil {
		return err
	}
	defer session.Close()
	defer context.AfterFunc(ctx, session.Stop)()
	opts.Store = session.Store()
	srv, err := newServer(ctx, opts)
	if err != nil {
		return err
	}
	stopBackups := c.startBackups(ctx, log)
	defer stopBackups()
	origin := c.origin(ports.api.Addr())
	log.Info("started", "version", version, "db", databaseName(c.DB), "listen", origin)
	if err := c.printReady(ctx, con, opts.Store, origin); err != nil {
		return err
	}
	fillTextIndex(ctx, opts.Store, log)
	go debug.FreeOSMemory() // returns to the system what only the start needed
	if err := ports.serve(ctx, srv); err != nil {
		return err
	}
	finishMail(opts.Mail, log)
	stopBackups()
	err = session.Close()
	log.Info("stopped")
	return err
}

// newServer returns the server, after it has written the names of its plans to the file:
// crmkit plan set, in a process without the server's settings, refuses other names.
func newServer(ctx context.Context, opts server.Options) (*server.Server, error) {
	if err := account.RegisterPlans(ctx, opts.Store); err != nil {
		return nil, err
	}
	return server.New(opts)
}

// printReady prints the line that scripts wait for, and below it the token of --token-for.
// Both are one write, so that a reader of the first line can read the second at once.
func (c serveCommand) printReady(ctx context.Context, con console, st *store.Store, origin string) error {
	ready := fmt.Sprintf("crmkit listening on %s\n", origin)
	if c.TokenFor != "" {
		minted, err := auth.New(st, auth.Options{}).MintToken(ctx, c.TokenFor, "token-for")
		if err != nil {
			return err
		}
		ready += "crmkit token " + minted.Token + "\n"
	}
	_, err := fmt.Fprint(con.out, ready)
	return err
}

// fillTextIndex starts to read the text of large workspaces into memory. Without it the
// first search pays for that, so a failure is only a warning.
func fillTextIndex(ctx context.Context, st *store.Store, log *slog.Logger) {
	if err := st.FillAhead(ctx); err != nil {
		log.Warn("searches will read the text themselves", "error", err)
	}
}

// caches returns how much memory the store may use for its text index and its records.
func (c serveCommand) caches() *store.Caches {
	caches := store.DefaultCaches()
	caches.Search, caches.Records = int64(c.SearchMemory)<<20, int64(c.RecordMemory)<<20
	return caches
}

// options returns the options of the server that follow from the settings; the caller sets
// the store. In local mode they have no mail, no rate limit and no certificates. It starts
// the sender of mails, so it runs after all checks of the settings.
func (c serveCommand) options(addr net.Addr, log *slog.Logger) (server.Options, error) {
	opts := server.Options{Log: log, Local: c.Local, BaseURL: c.BaseURL, Version: version,
		InviteOnly: c.Signup == "invite", ImportMax: int64(c.ImportMax) << 20, Rate: c.Rate, TrustProxy: c.TrustProxy, MetricsToken: c.MetricsToken}
	if c.BackupDir != "" {
		opts.LastBackup = func() time.Time {
			at, err := sqlite.LastBackup(c.BackupDir, c.DB)
			if err != nil {
				log.Warn("the age of the last backup is not known", "error", err)
			}
			return at
		}
	}
	opts.Backups = func() []string { return sqlite.Copies(c.DB, c.BackupDir) }
	if c.Local {
		opts.Rate = 0
		return opts, nil
	}
	if opts.BaseURL == "" {
		opts.BaseURL = c.origin(addr)
		log.Warn("mails name this address as the server's; set --base-url to the one clients use", "base_url", opts.BaseURL)
	}
	var err error
	if opts.Certificates, err = c.certificates(log); err != nil {
		return opts, err
	}
	opts.Mail, err = mail.New(mail.Options{URL: c.SMTPURL, From: c.MailFrom, Log: log})
	if err != nil {
		return opts, fmt.Errorf("--smtp-url and --mail-from: %w", err)
	}
	return opts, nil
}

// mailDrainTimeout is how long a server that stops may still send waiting mails. With the six
// seconds for requests a stop takes less than ten, after which Docker kills a container.
const mailDrainTimeout = 2 * time.Second

// finishMail gives each waiting mail a last try. Mails that cannot be sent are lost: they are
// codes and invites, which people ask for again.
func finishMail(sender *mail.Sender, log *slog.Logger) {
	if sender == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), mailDrainTimeout)
	defer cancel()
	if err := sender.Close(ctx); err != nil {
		log.Warn("not all mails were sent", "error", err)
	}
}

// logger returns the log of the server, on standard error: standard output has only the line
// that scripts wait for.
func (c serveCommand) logger(con console) *slog.Logger {
	if c.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(con.err, nil))
	}
	return slog.New(slog.NewTextHandler(con.err, nil))
}
