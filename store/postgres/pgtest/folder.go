package pgtest

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"
)

// folder is the temporary folder of a test process. It has the files of all its servers, and for
// each running program a file NAME.pid.
type folder struct {
	path  string
	quick string    // another folder, in memory where there is room, for what need not be on a disk
	held  io.Closer // the pipe; the end of the process closes it
}

// watchdog is a shell script that ends every program which has a file .pid in the folder $1, then
// deletes this folder and $2, once its standard input ends. SIGQUIT makes PostgreSQL and PgBouncer
// stop without waiting for clients. A program that is being started at this moment has no file yet;
// it finds its folder deleted and ends too.
const watchdog = `
signal() {
	alive=1
	for file in "$folder"/*.pid; do
		kill -"$1" "$(cat "$file")" && alive=0
	done
	return $alive
}
folder=$1
cat
signal QUIT
for turn in 1 2 3 4 5 6 7 8 9 10; do
	for tenth in 1 2 3 4 5 6 7 8 9 10; do
		signal 0 || break 2
		sleep 0.1
	done
done
signal KILL
for turn in 1 2 3 4 5 6 7 8 9 10; do
	rm -rf "$@" && break
	sleep 0.1
done
`

// processFolder returns the folder of this process. It is made once, since tests that run in parallel
// share the cluster in it.
var processFolder = sync.OnceValues(newFolder)

// newFolder makes the folders and starts their watchdog.
func newFolder() (*folder, error) {
	f := &folder{}
	var err error
	if f.path, err = makeFolder(os.TempDir()); err != nil {
		return nil, err
	}
	if f.quick, err = makeFolder(quickPlace()); err != nil {
		f.quick = f.path // not everybody may write to the memory
	}
	// The watchdog has a session of its own: a signal from the terminal ends the test process and
	// not the watchdog. Its output goes nowhere, or go test would wait for its end.
	cmd := exec.Command("/bin/sh", "-c", watchdog, "watchdog", f.path, f.quick)
	cmd.Dir, cmd.SysProcAttr = "/", ownSession()
	if f.held, err = cmd.StdinPipe(); err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("the process that stops PostgreSQL after the tests: %w", err), os.RemoveAll(f.path), os.RemoveAll(f.quick))
	}
	go cmd.Wait()
	return f, nil
}

// makeFolder makes a new folder that belongs to the user of the servers.
func makeFolder(place string) (string, error) {
	path, err := os.MkdirTemp(place, "crmkit-pg-")
	if err != nil {
		return "", err
	}
	absolute, err := filepath.Abs(path)
	if err == nil {
		err = giveAway(absolute)
	}
	if err != nil {
		return "", errors.Join(err, os.Remove(path))
	}
	return absolute, nil
}

// writeFor writes a file that only the user of the servers may read.
func writeFor(path, text string) error {
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return err
	}
	return giveAway(path)
}

// file returns the path of a file in the folder.
func (f *folder) file(name string) string { return filepath.Join(f.path, name) }

// command prepares a program to run as the user of the servers. The shell notes its number before it
// becomes the program, so the watchdog knows every program from its first instruction. The
// environment is empty: PGPORT and others would change what the programs do.
func (f *folder) command(name string, args ...string) (*exec.Cmd, error) {
	attributes, err := serverUser()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command("/bin/sh", append([]string{"-c", `echo $$ >"$0" && exec "$@"`, f.file(name + ".pid")}, args...)...)
	cmd.Dir, cmd.SysProcAttr = f.path, attributes
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + f.path, "LC_ALL=C"}
	return cmd, nil
}

// run runs a program to its end. Its output is part of the error.
func (f *folder) run(name string, args ...string) error {
	cmd, err := f.command(name, args...)
	if err != nil {
		return err
	}
	defer os.Remove(f.file(name + ".pid"))
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", filepath.Base(args[0]), err, out)
	}
	return nil
}

// process is a program that runs.
type process struct {
	cmd  *exec.Cmd
	done chan struct{} // closed after its end
	log  string        // the path of its output
}

// start starts a program that runs on, and appends its output to the file NAME.log.
func (f *folder) start(name string, args ...string) (*process, error) {
	cmd, err := f.command(name, args...)
	if err != nil {
		return nil, err
	}
	p := &process{cmd: cmd, done: make(chan struct{}), log: f.file(name + ".log")}
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = cmd.Wait() // servers are ended by signals
		_ = os.Remove(f.file(name + ".pid"))
		close(p.done)
	}()
	return p, nil
}

// end sends a signal to a program and waits for its end.
func (p *process) end(signal os.Signal) error {
	_ = p.cmd.Process.Signal(signal) // it may have ended
	select {
	case <-p.done:
		return nil
	case <-time.After(patience):
		return fmt.Errorf("%s does not end within %v of the signal %v:\n%s", filepath.Base(p.log), patience, signal, p.output())
	}
}

// output returns the last lines of the output of a program, for messages.
func (p *process) output() string {
	text, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-2000):])
}
