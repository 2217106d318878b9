//go:build unix

package e2e

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// notes are the writes of the clients of a file, by whether they were answered.
type notes struct {
	mu       sync.Mutex
	answered map[string]bool // names of contacts whose create was answered
	open     map[string]bool // names of those whose client was killed before
}

// pipeWriter is an MCP client that creates contacts, one after the other, until it is killed or
// has to stop.
type pipeWriter struct {
	*pipe
	name string
	stop chan struct{}
	done chan struct{}
}

func (n *notes) start(t *testing.T, db, name string) *pipeWriter {
	w := &pipeWriter{pipe: mcp(t, "--db", db), name: name, stop: make(chan struct{}), done: make(chan struct{})}
	go func() {
		defer close(w.done)
		n.work(t, w)
	}()
	return w
}

func (n *notes) work(t *testing.T, w *pipeWriter) {
	for i := 0; ; i++ {
		select {
		case <-w.stop:
			return
		default:
		}
		name := fmt.Sprintf("%s-%d", w.name, i)
		answer, err := w.ask(request(i, "POST", "/contacts", fmt.Sprintf(`{"name":%q}`, name)))
		n.mu.Lock()
		if err != nil {
			n.open[name] = true
			n.mu.Unlock()
			return
		}
		n.answered[name] = true
		n.mu.Unlock()
		if !strings.Contains(answer, "# created") && !strings.Contains(answer, "# replayed") {
			t.Errorf("%s: %s", name, answer)
			return
		}
	}
}

// TestKilledOwners kills the owner of a file, an MCP client or a server, again and again
// during writes of other clients. Every answered write is in the file once; the last write of a
// killed client may be there or not.
func TestKilledOwners(t *testing.T) {
	long(t, "left out: processes and disks that fail")
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("KILL_SEED"); text != "" {
		seed, _ = strconv.ParseUint(text, 10, 64)
	}
	t.Logf("KILL_SEED=%d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	db := filepath.Join(t.TempDir(), "crmkit.db")
	serve(t, "--db", db, "--token-for", "me@crmkit.local").stop()
	n := &notes{answered: map[string]bool{}, open: map[string]bool{}}
	workers := map[int]*pipeWriter{}
	for round := range 15 {
		for len(workers) < 4 {
			w := n.start(t, db, fmt.Sprintf("r%d-w%d", round, len(workers)))
			workers[w.cmd.Process.Pid] = w
		}
		var srv *running
		if round%3 == 2 {
			srv = serve(t, "--db", db)
		}
		time.Sleep(time.Duration(100+random.IntN(400)) * time.Millisecond)
		_, pid := ownerOf(t, db)
		if pid == 0 {
			continue
		}
		_ = syscall.Kill(pid, syscall.SIGKILL)
		if srv != nil {
			srv.wait()
		}
		if w := workers[pid]; w != nil {
			<-w.done
			delete(workers, pid)
		}
	}
	for _, w := range workers {
		close(w.stop)
	}
	for _, w := range workers {
		<-w.done
		w.close()
	}
	n.check(t, db)
}

// check compares the records of the file with the answers.
func (n *notes) check(t *testing.T, db string) {
	t.Helper()
	out, log, err := moved(t, nil, "export", "contacts?format=csv&fields=name", "--db", db)
	if err != nil {
		t.Fatalf("%v\n%s", err, log)
	}
	have := map[string]int{}
	for line := range strings.Lines(out) {
		fields := strings.Split(strings.TrimSpace(line), ",")
		have[fields[len(fields)-1]]++
	}
	delete(have, "name")
	for name := range n.answered {
		if have[name] != 1 {
			t.Errorf("%s was answered, and is there %d times", name, have[name])
		}
	}
	for name, times := range have {
		if !n.answered[name] && !n.open[name] || times > 1 {
			t.Errorf("%s is there %d times", name, times)
		}
	}
	if len(n.answered) < 20 {
		t.Errorf("only %d writes were answered; the test proves little", len(n.answered))
	}
	t.Logf("%d answered writes, %d clients killed", len(n.answered), len(n.open))
}
