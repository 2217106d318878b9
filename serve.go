package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"crmkit/auth"
	"crmkit/crm"
	"crmkit/mail"
	"crmkit/server"
	"crmkit/store"
)

type serveCommand struct {
	Listen        string        `help:"Address to listen on; port 0 picks a free one (default 127.0.0.1:8080, or :443 with TLS). unix:PATH makes a Unix socket for a proxy on this machine." placeholder:"HOST:PORT"`
	DB            string        `name:"db" help:"The database file, or :memory: to leave nothing behind (default ${default})." default:"crmkit.db" placeholder:"FILE"`
	BaseURL       string        `name:"base-url" help:"Origin under which clients reach the server, for the manual and mails." placeholder:"URL"`
	Local         bool          `help:"Local mode: sign-in codes come in the answer; loopback only."`
	TokenFor      string        `help:"Local mode: print a token for this address as the second line." placeholder:"EMAIL"`
	SMTPURL       string        `name:"smtp-url" help:"Mail server: smtp://user:password@host:587 (STARTTLS) or smtps://…:465. Best set in the environment or the config file." placeholder:"URL"`
	MailFrom      string        `help:"Sender of mails: crm@example.com or Acme CRM <crm@example.com>." placeholder:"ADDRESS"`
	Signup        string        `help:"Who may sign up: open for anybody, invite for the invited only (default ${default})." enum:"open,invite" default:"open"`
	Rate          int           `help:"Requests a second of one token, and of one client address, with four seconds' worth at once; 0 for no limit. Off in local mode (default ${default})." default:"50" placeholder:"N"`
	ImportMax     int           `help:"Megabytes of a file to import; it is kept beside the database while it is read (default ${default})." default:"2048" placeholder:"MB"`
	MetricsToken  string        `help:"Bearer token for GET /metrics among the other paths; without it there are none." placeholder:"SECRET"`
	MetricsListen string        `help:"Further address that answers GET /metrics to whoever reaches it, like 127.0.0.1:9090." placeholder:"HOST:PORT"`
	TrustProxy    string        `help:"Networks of proxies whose X-Forwarded-For is believed, like 10.0.0.0/8, ::1." placeholder:"CIDR,…"`
	LogFormat     string        `help:"How log lines on standard error are written: text or json." enum:"text,json" default:"text"`
	BackupDir     string        `help:"Folder to keep backups of the database in; without it none are made." placeholder:"DIR"`
	BackupEvery   time.Duration `help:"Time between two backups, like 6h or 30m (6h if left out)." placeholder:"TIME"`
	BackupKeep    int           `help:"How many backups to keep (default ${default})." default:"28" placeholder:"N"`
	SearchMemory  int           `help:"Megabytes of memory for the text that searches read; a workspace with more text is searched slowly, on the disk, and not for misspelled words; 0 for none (default ${default})." default:"256" placeholder:"MB"`
	RecordMemory  int           `help:"Megabytes of memory for the records that were read lately; 0 for none (default ${default})." default:"64" placeholder:"MB"`
	retentionFlags
	tlsFlags
	planFlags
}

// Run serves until the context ends. Where the log is JSON, so is the error.
func (c serveCommand) Run(ctx context.Context, io console) error {
	err := c.run(ctx, io)
	if err == nil || c.LogFormat != "json" {
		return err
	}
	c.logger(io).Error("crmkit serve failed", "error", terminalError(err).Error())
	return errLogged
}

func (c serveCommand) run(ctx context.Context, io console) error {
	c = c.withDefaults()
	if err := c.check(); err != nil {
		return err
	}
	log := c.logger(io)
	// The ports come first, so that a busy one leaves no file behind.
	doors, err := c.listen()
	if err != nil {
		return err
	}
	defer doors.close()
	opts, err := c.options(doors.api.Addr(), log)
	if err != nil {
		return err
	}
	st, err := c.openStore(ctx, store.Options{Path: c.DB, LockAs: "crmkit serve", Caches: c.caches(), LogDays: c.LogDays, Log: log})
	if err != nil {
		return err
	}
	defer st.Close()
	if err := st.ServePlans(ctx); err != nil {
		return err
	}
	opts.Store = st
	srv, err := server.New(opts)
	if err != nil {
		return err
	}
	stopBackups := c.startBackups(ctx, log)
	defer stopBackups()
	log.Info("started", "version", version, "db", c.DB, "listen", c.origin(doors.api.Addr()))
	ready := fmt.Sprintf("crmkit listening on %s\n", c.origin(doors.api.Addr()))
	if c.TokenFor != "" {
		in, err := auth.New(st, auth.Options{}).MintToken(ctx, c.TokenFor, "token-for")
		if err != nil {
			return err
		}
		ready += "crmkit token " + in.Token + "\n"
	}
	if _, err := fmt.Fprint(io.out, ready); err != nil {
		return err
	}
	if err := st.FillAhead(ctx); err != nil {
		log.Warn("searches will read the text themselves", "error", err)
	}
	go debug.FreeOSMemory() // what only the start needed
	if err := doors.serve(ctx, srv); err != nil {
		return err
	}
	finishMail(opts.Mail, log)
	stopBackups()
	err = st.Close()
	log.Info("stopped")
	return err
}

// maxMemory is the most megabytes of a memory: what no machine has.
const maxMemory = 1 << 30

// caches returns how much the store may keep in memory.
func (c serveCommand) caches() *store.Caches {
	caches := store.DefaultCaches()
	caches.Search, caches.Records = int64(c.SearchMemory)<<20, int64(c.RecordMemory)<<20
	return caches
}

// options returns what the settings make of the server.
func (c serveCommand) options(addr net.Addr, log *slog.Logger) (server.Options, error) {
	opts := server.Options{Log: log, Local: c.Local, BaseURL: c.BaseURL, Version: version,
		InviteOnly: c.Signup == "invite", ImportMax: int64(c.ImportMax) << 20, Rate: c.Rate, TrustProxy: c.TrustProxy, MetricsToken: c.MetricsToken}
	if c.BackupDir != "" {
		opts.LastBackup = func() time.Time {
			at, err := store.LastBackup(c.BackupDir, c.DB)
			if err != nil {
				log.Warn("the age of the last backup is not known", "error", err)
			}
			return at
		}
	}
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

// mailDrainTimeout is how long a server that stops goes on sending the mails that
// wait, of the ten seconds a stop may take.
const mailDrainTimeout = 2 * time.Second

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

// check refuses settings that would not serve, and says what to set.
func (c serveCommand) check() error {
	host, err := c.listenHost()
	if err != nil {
		return err
	}
	if err := c.checkMode(host); err != nil {
		return err
	}
	for flag, at := range map[string]string{"--metrics-listen": c.MetricsListen, "--http-listen": c.HTTPListen} {
		if _, _, err := net.SplitHostPort(at); at != "" && err != nil {
			return fmt.Errorf("%s %s: write HOST:PORT, like 127.0.0.1:9090", flag, at)
		}
	}
	if err := c.checkTLS(); err != nil {
		return err
	}
	if _, err := auth.ParseAddress(c.TokenFor); c.TokenFor != "" && err != nil {
		return fmt.Errorf("--token-for %s is not one bare e-mail address; write it like you@example.com", c.TokenFor)
	}
	if c.SearchMemory < 0 || c.SearchMemory > maxMemory {
		return fmt.Errorf("--search-memory %d: write how many megabytes, 1 to %d, or 0 for none", c.SearchMemory, maxMemory)
	}
	if c.RecordMemory < 0 || c.RecordMemory > maxMemory {
		return fmt.Errorf("--record-memory %d: write how many megabytes, 1 to %d, or 0 for none", c.RecordMemory, maxMemory)
	}
	if err := c.retentionFlags.check(); err != nil {
		return err
	}
	if c.ImportMax < 1 || c.ImportMax > maxMemory {
		return fmt.Errorf("--import-max %d: write how many megabytes a file to import may have, 1 to %d", c.ImportMax, maxMemory)
	}
	if c.Rate < 0 {
		return fmt.Errorf("--rate %d: write how many requests a second one client may make, or 0 for no limit", c.Rate)
	}
	if err := c.checkBackups(); err != nil {
		return err
	}
	if err := server.CheckProxies(c.TrustProxy); err != nil {
		return fmt.Errorf("--trust-proxy: %w", err)
	}
	if c.BaseURL == "" {
		return nil
	}
	u, err := url.Parse(c.BaseURL)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" || u.Path != "" || strings.ContainsAny(c.BaseURL, "?#") || u.User != nil {
		return fmt.Errorf("--base-url %s: write an origin without path, like https://crm.example.com", c.BaseURL)
	}
	return nil
}

// listenHost returns the host of --listen; that of a Unix socket is localhost.
func (c serveCommand) listenHost() (string, error) {
	if path, unix := strings.CutPrefix(c.Listen, unixPrefix); unix {
		switch {
		case path == "":
			return "", errors.New("--listen unix: names no socket; write a path, like unix:/run/crmkit/crmkit.sock")
		case c.secure():
			return "", errors.New("--listen unix:… is for a proxy on this machine, which speaks TLS itself: leave out --tls-domain and --tls-cert")
		case !c.Local && c.BaseURL == "":
			return "", errors.New("--listen unix:… has no address that clients could use: set --base-url to that of the proxy, like https://crm.example.com")
		}
		return "localhost", nil
	}
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return "", fmt.Errorf("--listen %s: write HOST:PORT, like 127.0.0.1:8080, or unix:PATH", c.Listen)
	}
	return host, nil
}

// checkMode holds the two modes apart: local, or with mail.
func (c serveCommand) checkMode(host string) error {
	ip := net.ParseIP(host)
	switch {
	case c.Local && !strings.EqualFold(host, "localhost") && (ip == nil || !ip.IsLoopback()):
		return fmt.Errorf("--listen %s: local mode answers sign-in codes to whoever asks, so it listens on loopback only, like 127.0.0.1:8080", c.Listen)
	case c.Local && (c.SMTPURL != "" || c.MailFrom != ""):
		return errors.New("local mode sends no mail: leave out --smtp-url and --mail-from, or --local")
	case c.Local:
		return nil
	case c.TokenFor != "":
		return errors.New("--token-for is for local mode; for a token of a running server: crmkit token --email " + c.TokenFor + " --db " + c.DB)
	case c.SMTPURL == "":
		return errors.New("people sign in by mail: set --smtp-url and --mail-from, or start with --local, for agents on this machine")
	case c.MailFrom == "":
		return errors.New("mails need a sender: set --mail-from, like crm@example.com")
	}
	return nil
}

func (c serveCommand) logger(io console) *slog.Logger {
	if c.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(io.err, nil))
	}
	return slog.New(slog.NewTextHandler(io.err, nil))
}

// planFlags are the settings that say what plans there are.
type planFlags struct {
	Plans       string `help:"Plans beside the built-in ones, or in their place: team: contacts=5000 members=10; big: contacts=1000000." placeholder:"NAME: RESOURCE=N …; …"`
	DefaultPlan string `help:"Plan of new users and workspaces (default ${default})." default:"standard" placeholder:"NAME"`
}

// plans reads the flags.
func (f planFlags) plans() (crm.Plans, error) {
	plans, err := crm.ParsePlans(f.Plans)
	if err != nil {
		return nil, fmt.Errorf("--plans: %w", err)
	}
	if _, found := plans.ByName(f.DefaultPlan); !found {
		return nil, fmt.Errorf("--default-plan %s: there is no such plan; there are %s", f.DefaultPlan, strings.Join(plans.Names(), ", "))
	}
	return plans, nil
}

// openStore opens the file that the options name, with the plans and the schema.
func (f planFlags) openStore(ctx context.Context, opts store.Options) (*store.Store, error) {
	var err error
	if opts.Plans, err = f.plans(); err != nil {
		return nil, err
	}
	if err := checkPath(opts.Path); err != nil {
		return nil, err
	}
	if opts.Schema, err = crm.NewSchema(crm.Entities...); err != nil {
		return nil, err
	}
	opts.Plan = f.DefaultPlan
	st, err := store.Open(ctx, opts)
	if err != nil {
		return nil, fmt.Errorf("cannot open the database: %w", err)
	}
	return st, nil
}

// checkPath says in words what SQLite would say by a number.
func checkPath(path string) error {
	if path == store.Memory {
		return nil
	}
	if path == "" {
		return errors.New("--db is empty; name a file, like crmkit.db")
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return fmt.Errorf("--db %s is a folder; name a file in it", path)
	}
	if _, err := os.Stat(filepath.Dir(path)); err != nil {
		return fmt.Errorf("--db %s: the folder cannot be used: %w", path, err)
	}
	return nil
}
