// Command crmkit is a CRM that AI agents operate over plain HTTP: one binary, one
// SQLite file.
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

// version is set by the release build.
var version = "dev"

// cli is the command line. Every flag is also CRMKIT_<FLAG> in the environment
// and a line of the config file; a flag wins over the environment, which wins
// over the file.
type cli struct {
	Config string `help:"File of KEY=VALUE lines; a key is the name of a flag." placeholder:"FILE" env:"CRMKIT_CONFIG"`

	Serve   serveCommand     `cmd:"" help:"Run the server."`
	Token   tokenCommand     `cmd:"" help:"Make a token without a sign-in code, on the machine of the database file."`
	MCP     mcpCommand       `cmd:"" name:"mcp" help:"Serve MCP over standard input and output, for clients on this machine."`
	Export  exportCommand    `cmd:"" help:"Write the workspace, or the records of a kind, to standard output."`
	Import  importCommand    `cmd:"" help:"Import a file of records, or of a whole workspace."`
	Plan    planCommand      `cmd:"" help:"List the plans, or set one."`
	User    userCommand      `cmd:"" help:"List, show or remove accounts."`
	Space   workspaceCommand `cmd:"" name:"workspace" help:"List or remove workspaces."`
	Client  clientCommand    `cmd:"" help:"List the programs that are registered over OAuth."`
	Backup  backupCommand    `cmd:"" help:"Copy the database to a file, also while a server runs on it."`
	Restore restoreCommand   `cmd:"" help:"Replace the database with a backup. No server may run on it."`
	Verify  verifyCommand    `cmd:"" help:"Check a database or a backup for damage."`
	Upgrade upgradeCommand   `cmd:"" help:"Bring the database to the schema of this version, as serve does at its start."`
	Doctor  doctorCommand    `cmd:"" help:"Check a server and what it needs, with the settings of serve, and say what to fix."`
	Version versionCommand   `cmd:"" help:"Print the version."`
}

// console is where a command talks: standard output for what scripts read,
// standard error for logs.
type console struct {
	out, err io.Writer
}

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

// run parses the arguments and runs the command they name.
func run(ctx context.Context, args []string, io console) error {
	if err := loadConfig(args, os.Environ(), os.Setenv); err != nil {
		return err
	}
	var c cli
	exited := false
	parser, err := kong.New(&c, kong.Name("crmkit"), kong.Description("A CRM that AI agents operate over plain HTTP. Start with: crmkit serve --local"),
		kong.Writers(io.out, io.err), kong.Exit(func(int) { exited = true }), kong.DefaultEnvars("CRMKIT"))
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
	return terminalError(command.Run(io, &c))
}

// fileOrServer leaves one of --db and --url, where a command takes both: a flag of the
// command line wins over the environment and the config file also where it has another name.
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
			return errors.New("--db names a file and --url a server; give one of them")
		}
		f.Target.SetString("")
	}
	return nil
}

// normalizeArgs returns the arguments in the spelling of the parser: no arguments and the word
// help ask for help, -v for the version.
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

// errLogged is the error of a command that has written its error into the log.
var errLogged = errors.New("the error is in the log")

// terminalError turns an API error into a line for a terminal.
func terminalError(err error) error {
	var known *crm.Error
	if errors.As(err, &known) {
		return errors.New(norm.OneLine(strings.TrimSuffix(known.Hint, ".")))
	}
	return err
}

type versionCommand struct{}

// Run prints the version.
func (versionCommand) Run(io console) error {
	_, err := fmt.Fprintln(io.out, "crmkit", version)
	return err
}
