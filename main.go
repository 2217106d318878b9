// Command crmkit is a CRM that AI agents operate over plain HTTP: one binary, and one
// SQLite file or a PostgreSQL database.
//
// Each command is a struct in a file cmd_*.go: its fields are the flags, and its method Run
// does the work. The package only reads settings, opens ports and files, and prints. Rules of
// the product are in the packages below, because what a command does on a file must be what
// the server does for a request.
//
// Commands print results for scripts on standard output, and logs on standard error. The
// exit status is 1 for any error. Messages end with the next step.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// version is set by the linker in a release build. It is shown by the command version, in the
// log at the start, to MCP clients, and to other processes that use the same file.
var version = "dev"

// cli is the command line. Every flag is also CRMKIT_<FLAG> in the environment
// and a line of the config file; a flag wins over the environment, which wins
// over the file. Flags with the tag env:"-" are for one call, such as --force, and can only
// be given on the command line.
type cli struct {
	Config string `help:"File of NAME=VALUE lines; NAME is a flag (db) or its variable (CRMKIT_DB)." placeholder:"FILE" env:"CRMKIT_CONFIG"`

	Serve   serveCommand     `cmd:"" help:"Run the server."`
	Token   tokenCommand     `cmd:"" help:"Make a token without a sign-in code, for those who may open the database."`
	MCP     mcpCommand       `cmd:"" name:"mcp" help:"Serve MCP over standard input and output, for clients on this machine."`
	Export  exportCommand    `cmd:"" help:"Write the workspace, or the records of a kind, to standard output."`
	Import  importCommand    `cmd:"" help:"Import a file of records, or of a whole workspace."`
	Plan    planCommand      `cmd:"" help:"List the plans, or set one."`
	User    userCommand      `cmd:"" help:"List, show or remove accounts."`
	Space   workspaceCommand `cmd:"" name:"workspace" help:"List or remove workspaces."`
	Client  clientCommand    `cmd:"" help:"List the programs that are registered over OAuth."`
	Backup  backupCommand    `cmd:"" help:"Copy a database file, also while a server runs on it."`
	Restore restoreCommand   `cmd:"" help:"Replace a database file with a backup. No server may run on it."`
	Verify  verifyCommand    `cmd:"" help:"Check a database file or a backup for damage."`
	Upgrade upgradeCommand   `cmd:"" help:"Bring the database to the schema of this version, as serve does at its start."`
	Move    moveCommand      `cmd:"" help:"Move a database to another engine, from a file to PostgreSQL or back."`
	Doctor  doctorCommand    `cmd:"" help:"Check a server and what it needs, with the settings of serve, and say what to fix."`
	Version versionCommand   `cmd:"" help:"Print the version."`
}

// console is the output of a command: standard output for what scripts read, standard error
// for logs. Tests pass buffers.
type console struct {
	out, err io.Writer
}

// main runs the command. SIGINT and SIGTERM end its context, so that a server finishes its
// requests and closes the file.
func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], console{os.Stdout, os.Stderr}); err != nil {
		if !errors.Is(err, errLogged) {
			fmt.Fprintln(os.Stderr, "crmkit:", err)
		}
		stop()
		os.Exit(1)
	}
}

// run parses the arguments and runs the command they name. It reads the config file first,
// because the parser takes its values from the environment. It does not exit, so tests call
// it in their own process.
func run(ctx context.Context, args []string, con console) error {
	if err := loadConfig(args, os.Environ(), os.Setenv); err != nil {
		return err
	}
	var c cli
	exited := false
	parser, err := kong.New(&c, kong.Name("crmkit"), kong.Description("A CRM that AI agents operate over plain HTTP. Start with: crmkit serve --local"),
		kong.Writers(con.out, con.err), kong.Exit(func(int) { exited = true }), kong.DefaultEnvars("CRMKIT"))
	if err != nil {
		return err
	}
	command, err := parser.Parse(normalizeArgs(args))
	if exited {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%w; see crmkit --help", err)
	}
	if err := fileOrServer(command); err != nil {
		return err
	}
	command.BindTo(ctx, (*context.Context)(nil))
	return terminalError(command.Run(con, &c))
}

// fileOrServer clears --url if --db is on the command line, for the commands that have both.
// They name the same thing, the data to work on, so a --db that somebody typed must win over
// a CRMKIT_URL of the environment or the config file.
func fileOrServer(command *kong.Context) error {
	given := map[string]bool{}
	for _, p := range command.Path {
		if p.Flag != nil && !p.Resolved {
			given[p.Flag.Name] = true
		}
	}
	if !given["db"] {
		return nil
	}
	for _, f := range command.Flags() {
		if f.Name != "url" {
			continue
		}
		if given["url"] {
			return errors.New("--db names a database and --url a server; give one of them")
		}
		f.Target.SetString("")
	}
	return nil
}

// normalizeArgs translates what people try first into the commands of the parser: no
// arguments and the word help ask for help, -v and --version for the version.
func normalizeArgs(args []string) []string {
	switch {
	case len(args) == 0:
		return []string{"--help"}
	case args[0] == "help":
		return append(slices.Clone(args[1:]), "--help")
	case args[0] == "-v" || args[0] == "--version":
		return []string{"version"}
	}
	return args
}

// errLogged is returned by a command that has written its error to the log: the process must
// fail, but print nothing more.
var errLogged = errors.New("the error is in the log")

// terminalError turns an error of the API into a line for a terminal: its hint, without the
// code, which programs need and people do not.
func terminalError(err error) error {
	var known *crm.Error
	if errors.As(err, &known) {
		return errors.New(norm.OneLine(strings.TrimSuffix(known.Hint, ".")))
	}
	return err
}

// versionCommand also answers -v and --version; see normalizeArgs.
type versionCommand struct{}

// Run prints the version.
func (versionCommand) Run(con console) error {
	_, err := fmt.Fprintln(con.out, "crmkit", version)
	return err
}
