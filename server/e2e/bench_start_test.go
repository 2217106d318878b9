package e2e

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// startContacts is how many contacts the existing file holds.
const startContacts = 10_000

// BenchmarkStart measures the real binary on a new file, on one with 10,000
// contacts, and on the one that CRMKIT_BENCH_FILE names: first-answer-ms is the median time from the start of the process to
// the first 200 of /healthz, max-ms the longest. bare is a server that does nothing else
// than answer that.
func BenchmarkStart(b *testing.B) {
	onFiles(b, func(b *testing.B, file func(n int) string) {
		binary(b)
		measureStart(b, func(n int) *exec.Cmd { return served(b, "--db", file(n)) })
	})
	b.Run("bare", func(b *testing.B) {
		bare := filepath.Join(b.TempDir(), "bare")
		if out, err := exec.Command("go", "build", "-o", bare, "./testdata/bare").CombinedOutput(); err != nil {
			b.Fatalf("%v\n%s", err, out)
		}
		measureStart(b, func(int) *exec.Cmd { return exec.Command(bare) })
	})
}

// BenchmarkIdleMemory measures the resident memory of the real binary after its
// first answer, on the same files.
func BenchmarkIdleMemory(b *testing.B) {
	if runtime.GOOS != "linux" {
		b.Skip("resident memory is read from /proc, which only Linux has")
	}
	onFiles(b, measureMemory)
}

// onFiles runs a measurement on files that do not exist yet, then on a full one.
func onFiles(b *testing.B, measure func(b *testing.B, file func(n int) string)) {
	full := fillFile(b)
	b.Run("empty", func(b *testing.B) {
		dir := b.TempDir()
		measure(b, func(n int) string { return filepath.Join(dir, fmt.Sprint(n, ".db")) })
	})
	b.Run("existing", func(b *testing.B) {
		measure(b, func(int) string { return full })
	})
	if given := os.Getenv("CRMKIT_BENCH_FILE"); given != "" {
		b.Run("given", func(b *testing.B) {
			measure(b, func(int) string { return given })
		})
	}
}

func measureStart(b *testing.B, command func(n int) *exec.Cmd) {
	var waits []float64
	b.ResetTimer()
	for n := range b.N {
		cmd := command(n)
		began := time.Now()
		p := start(b, cmd)
		healthy(b, p)
		waits = append(waits, time.Since(began).Seconds()*1000)
		b.StopTimer()
		ended(b, p)
		b.StartTimer()
	}
	b.ReportMetric(0, "ns/op") // The median says more.
	b.ReportMetric(middle(waits), "first-answer-ms")
	b.ReportMetric(slices.Max(waits), "max-ms")
}

// idleFor is how long a started server is left alone before its memory is read.
const idleFor = 200 * time.Millisecond

func measureMemory(b *testing.B, file func(n int) string) {
	var sizes []float64
	for n := range b.N {
		p := serve(b, "--db", file(n))
		healthy(b, p)
		time.Sleep(idleFor)
		sizes = append(sizes, resident(b, p))
		ended(b, p)
	}
	b.ReportMetric(0, "ns/op") // The time is mostly idleFor.
	b.ReportMetric(middle(sizes), "resident-MB")
	b.ReportMetric(slices.Max(sizes), "max-MB")
}

func middle(values []float64) float64 { return slices.Sorted(slices.Values(values))[len(values)/2] }

func healthy(b *testing.B, p *running) {
	b.Helper()
	if status, text := p.do(http.MethodGet, "/healthz", ""); status != http.StatusOK {
		b.Fatalf("/healthz: %d %s", status, text)
	}
}

func ended(b *testing.B, p *running) {
	b.Helper()
	if code := p.stop(); code != 0 {
		b.Fatalf("exit code %d\n%s", code, p.stderr.text())
	}
}

// resident returns the resident memory in megabytes of 2^20 bytes.
func resident(b *testing.B, p *running) float64 {
	b.Helper()
	size, err := memory(p.cmd.Process.Pid, "VmRSS:")
	if err != nil {
		b.Fatal(err)
	}
	return size
}

// memory returns a line of what Linux says of a process, in megabytes.
func memory(pid int, name string) (float64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	var kB float64
	_, line, _ := strings.Cut(string(status), name)
	_, err = fmt.Sscan(line, &kB)
	return kB / 1024, err
}

// fillFile returns a database file that the binary filled through its API, by
// 32 clients at once so that they share the syncs of the disk.
func fillFile(b *testing.B) (path string) {
	b.Helper()
	const clients = 32
	path = filepath.Join(b.TempDir(), "full.db")
	p := serve(b, "--db", path, "--token-for", "jane@acme.com")
	faults := make([]error, clients)
	via := &http.Transport{MaxIdleConnsPerHost: clients}
	var working sync.WaitGroup
	for i := range clients {
		working.Go(func() {
			for n := i; n < startContacts && faults[i] == nil; n += clients {
				faults[i] = createContact(via, p, n)
			}
		})
	}
	working.Wait()
	via.CloseIdleConnections()
	for _, err := range faults {
		if err != nil {
			b.Fatal(err)
		}
	}
	ended(b, p)
	return path
}

func createContact(via http.RoundTripper, p *running, n int) error {
	body := fmt.Sprintf(`{"name":"Person %d","email":"person%d@company.example","phone":"+1 555 %d","stage":"lead","tags":["vip"],"custom":{"seats":%d}}`, n, n, n, n%100)
	request, err := http.NewRequest(http.MethodPost, p.url+"/contacts", strings.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+p.token)
	answer, err := via.RoundTrip(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if text, _ := io.ReadAll(answer.Body); answer.StatusCode != http.StatusCreated {
		return fmt.Errorf("create: status %d %s", answer.StatusCode, text)
	}
	return nil
}
