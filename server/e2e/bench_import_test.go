package e2e

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"crmkit/server/dumptest"
)

// importPatience is how long an import of a benchmark may take.
const importPatience = 50 * time.Minute

// anySize lifts the limits of plans and files.
var anySize = []string{"--default-plan", "unlimited"}

// BenchmarkImport measures how fast the real binary saves the rows of a file in a workspace that
// is empty, by the number of contacts in the file (CRMKIT_BENCH_SIZES):
//
//   - command: crmkit import of a file of crmkit export, which has records of all kinds, into a new
//     database. Afterwards the workspace is exported and compared with the file.
//   - csv: crmkit import of contacts with name, e-mail, phone, company and title.
//   - http: the file of command, sent to POST /import of a server, and compared too.
//   - beside: the first 30 seconds of http, while clients of another workspace create and fetch contacts.
//
// rows/s has the whole time, from the start of the process or of the request to its end, but of beside
// only from the first row on; peak-MB is the most memory that the process had resident.
func BenchmarkImport(b *testing.B) {
	for _, size := range importSizes(b) {
		b.Run(strconv.FormatInt(size, 10), func(b *testing.B) {
			dir := b.TempDir()
			own := &importFile{path: filepath.Join(dir, "own.ndjson"), make: func(to io.Writer) error { return dumptest.Write(to, size) }}
			table := &importFile{path: filepath.Join(dir, "contacts.csv"), make: func(to io.Writer) error { return writeContacts(to, size) }}
			b.Run("command", func(b *testing.B) {
				measureImport(b, own, func(db string) { own.compare(b, exported(b, db)) })
			})
			b.Run("csv", func(b *testing.B) { measureImport(b, table, func(string) {}) })
			b.Run("http", own.measureHTTP)
			b.Run("beside", own.measureBeside)
		})
	}
}

// importSizes are the numbers of contacts that CRMKIT_BENCH_SIZES has, with commas between.
func importSizes(b *testing.B) (sizes []int64) {
	for _, text := range strings.Split(os.Getenv("CRMKIT_BENCH_SIZES"), ",") {
		if n, err := strconv.ParseInt(text, 10, 64); err == nil && n > 0 {
			sizes = append(sizes, n)
		} else if text != "" {
			b.Fatalf("CRMKIT_BENCH_SIZES: %q is no number of contacts", text)
		}
	}
	if sizes == nil {
		return []int64{startContacts}
	}
	return sizes
}

// importFile is a file to import, which is written when a row first needs it.
type importFile struct {
	path    string
	make    func(io.Writer) error
	once    sync.Once
	bytes   int64
	digests map[string]dumptest.Digest // of an export, when it was compared once
}

func (f *importFile) write(b *testing.B) {
	b.Helper()
	f.once.Do(func() {
		file, err := os.Create(f.path)
		check(b, err)
		check(b, f.make(file))
		info, err := file.Stat()
		check(b, err)
		check(b, file.Close())
		f.bytes = info.Size()
	})
}

// writeContacts writes a table as a spreadsheet has it.
func writeContacts(to io.Writer, contacts int64) error {
	w := bufio.NewWriterSize(to, 1<<20)
	_, err := w.WriteString("name,email,phone,company,title\n")
	for n := int64(0); n < contacts && err == nil; n++ {
		_, err = fmt.Fprintf(w, "Anna Andersson %d,person%d@company.example,+1 555 %d,Company %d Ltd,Head of Sales\n", n, n, n, n%max(1, contacts/20))
	}
	if err != nil {
		return err
	}
	return w.Flush()
}

// measureImport runs crmkit import on new databases, and after each import done with its database.
func measureImport(b *testing.B, file *importFile, done func(db string)) {
	b.StopTimer()
	file.write(b)
	binary(b)
	var runs importRuns
	for range b.N {
		db := filepath.Join(b.TempDir(), "new.db")
		args := append([]string{"import", file.path, "--db", db, "--email", "jane@acme.com"}, anySize...)
		runs.add(importRows(b, commandWithin(b, importPatience, args...)))
		done(db)
	}
	runs.report(b, file)
}

// importRun is the result of one import.
type importRun struct {
	rows int64
	took time.Duration
	peak float64 // resident memory in megabytes; 0: not known
}

func (r importRun) rate() float64 { return float64(r.rows) / r.took.Seconds() }

// importRows runs a command that imports a file. What it prints goes into a file, as to a terminal
// costs little.
func importRows(b *testing.B, cmd *exec.Cmd) (run importRun) {
	b.Helper()
	out, err := os.Create(filepath.Join(cmd.Dir, "out.txt"))
	check(b, err)
	defer out.Close()
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = out, &log
	b.StartTimer()
	began := time.Now()
	check(b, cmd.Start())
	over := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() { run.peak = peakMemory(cmd.Process.Pid, over) })
	err = cmd.Wait()
	run.took = time.Since(began)
	b.StopTimer()
	close(over)
	watching.Wait()
	if err != nil {
		b.Fatalf("%v\n%s", err, log.String())
	}
	_, err = out.Seek(0, io.SeekStart)
	check(b, err)
	run.rows = createdRows(b, out)
	return run
}

// peakMemory returns the most resident memory that a process has had, in megabytes, when it was last
// seen; 0 where there is no /proc.
func peakMemory(pid int, over <-chan struct{}) (peak float64) {
	for {
		select {
		case <-over:
			return peak
		case <-time.After(20 * time.Millisecond):
		}
		if size, err := memory(pid, "VmHWM:"); err == nil {
			peak = size
		}
	}
}

// createdRows reads the answer of an import, and returns how many records it created for rows. A row that
// was not created ends the benchmark.
func createdRows(b *testing.B, answer io.Reader) (rows int64) {
	b.Helper()
	lines, last := bufio.NewScanner(answer), ""
	for lines.Scan() {
		if text := lines.Text(); strings.HasPrefix(text, "# imported: ") {
			last = text
		} else if strings.Contains(text, " ERROR ") {
			b.Fatal(text)
		}
	}
	check(b, lines.Err())
	if _, err := fmt.Sscanf(last, "# imported: %d created, 0 updated, 0 unchanged, 0 failed", &rows); err != nil {
		b.Fatalf("the import ends with %q", last)
	}
	return rows
}

// importRuns are the results of a row of the benchmark.
type importRuns []importRun

func (r *importRuns) add(run importRun) { *r = append(*r, run) }

// report prints the medians.
func (r importRuns) report(b *testing.B, file *importFile) {
	var rates, times, peaks []float64
	for _, run := range r {
		rates, times, peaks = append(rates, run.rate()), append(times, run.took.Seconds()), append(peaks, run.peak)
	}
	b.ReportMetric(0, "ns/op") // The rate says the same.
	b.ReportMetric(middle(rates), "rows/s")
	b.ReportMetric(middle(times), "s")
	b.ReportMetric(float64(file.bytes)/1e6, "file-MB")
	if peak := middle(peaks); peak > 0 {
		b.ReportMetric(peak, "peak-MB")
	}
}

// exported returns the digests of what crmkit export writes.
func exported(b *testing.B, db string) map[string]dumptest.Digest {
	b.Helper()
	cmd := commandWithin(b, importPatience, "export", "--db", db)
	out, err := cmd.StdoutPipe()
	check(b, err)
	check(b, cmd.Start())
	digests := digestsOf(b, out)
	check(b, cmd.Wait())
	return digests
}

func digestsOf(b *testing.B, export io.Reader) map[string]dumptest.Digest {
	b.Helper()
	digests, err := dumptest.Sum(export, func() (dumptest.Scratch, error) { return os.CreateTemp(b.TempDir(), "") })
	check(b, err)
	return digests
}

// compare ends the benchmark if a workspace has other records than the file.
func (f *importFile) compare(b *testing.B, got map[string]dumptest.Digest) {
	b.Helper()
	if f.digests == nil {
		file, err := os.Open(f.path)
		check(b, err)
		defer file.Close()
		f.digests = digestsOf(b, file)
	}
	if what := dumptest.Differences(f.digests, got); what != "" {
		b.Fatalf("the imported workspace differs: %s", what)
	}
}

func check(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// post sends the file to POST /import of a server, and returns the body of the answer, which the
// caller closes.
func (f *importFile) post(ctx context.Context, b *testing.B, p *running, token string) io.ReadCloser {
	b.Helper()
	file, err := os.Open(f.path)
	check(b, err)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url+"/import", file)
	check(b, err)
	request.ContentLength = f.bytes
	request.Header.Set("Authorization", "Bearer "+token)
	answer, err := http.DefaultClient.Do(request)
	check(b, err)
	if answer.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(answer.Body, 1000))
		b.Fatalf("POST /import: %d %s", answer.StatusCode, text)
	}
	return answer.Body
}

// serveImports starts a server that takes files of any size.
func serveImports(b *testing.B) (p *running, db string) {
	b.Helper()
	db = filepath.Join(b.TempDir(), "served.db")
	args := append([]string{"serve", "--local", "--listen", "127.0.0.1:0", "--db", db, "--token-for", "jane@acme.com", "--import-max", "100000"}, anySize...)
	return start(b, commandWithin(b, importPatience, args...)), db
}

func (f *importFile) measureHTTP(b *testing.B) {
	b.StopTimer()
	f.write(b)
	var runs importRuns
	for range b.N {
		p, _ := serveImports(b)
		b.StartTimer()
		began := time.Now()
		answer := f.post(context.Background(), b, p, p.token)
		run := importRun{rows: createdRows(b, answer), took: time.Since(began)}
		b.StopTimer()
		check(b, answer.Close())
		if size, err := memory(p.cmd.Process.Pid, "VmHWM:"); err == nil {
			run.peak = size
		}
		runs.add(run)
		f.compareExport(b, p)
		ended(b, p)
	}
	runs.report(b, f)
}

// compareExport compares the workspace of a server's first user with the file.
func (f *importFile) compareExport(b *testing.B, p *running) {
	b.Helper()
	request, err := http.NewRequest(http.MethodGet, p.url+"/export", nil)
	check(b, err)
	request.Header.Set("Authorization", "Bearer "+p.token)
	answer, err := http.DefaultClient.Do(request)
	check(b, err)
	defer answer.Body.Close()
	f.compare(b, digestsOf(b, answer.Body))
}
