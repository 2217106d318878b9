package server

import (
	"bytes"
	"context"
	"crypto/subtle"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"crmkit/auth"
	"crmkit/crm"
	"crmkit/mail"
	"crmkit/render"
	"crmkit/store"
)

// serverMetrics is what GET /metrics shows.
type serverMetrics struct {
	set    *metrics.Set
	batch  *metrics.PrometheusHistogram
	commit *metrics.PrometheusHistogram
	failed *metrics.Counter // batches

	mu       sync.RWMutex
	requests map[requestLabels]histogram
}

// requestLabels is what requests are counted by. Its parts are words of the route table
// and statuses, never anything a client wrote, so there are only so many.
type requestLabels struct {
	via    string // http, or mcp for what a tool call asks
	method string
	route  string // the pattern; "other" where there is none
	status int
}

// histogram holds the metrics of a series: the histogram is shared by its statuses.
type histogram struct {
	total   *metrics.Counter
	seconds *metrics.PrometheusHistogram
}

var (
	// A record takes less than a millisecond, a search of everything a second.
	secondsBounds = []float64{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10}
	batchBounds   = []float64{1, 2, 4, 8, 16, 32, 64, 128, 256}
)

func newMetrics(version string) *serverMetrics {
	// TYPE lines can only be switched on for the whole process.
	metrics.ExposeMetadata(true)
	set := metrics.NewSet()
	set.GetOrCreateGauge(fmt.Sprintf("crmkit_info{version=%q}", version), nil).Set(1)
	return &serverMetrics{set: set, requests: map[requestLabels]histogram{},
		batch:  set.NewPrometheusHistogramExt("crmkit_batch_writes", batchBounds),
		commit: set.NewPrometheusHistogramExt("crmkit_commit_seconds", secondsBounds),
		failed: set.NewCounter("crmkit_batches_failed_total")}
}

// request counts a request that was answered.
func (n *serverMetrics) request(rq *request, status int, took time.Duration) {
	by := requestLabels{via: "http", method: "other", route: "other", status: status}
	if rq.internal {
		by.via = "mcp"
	}
	if rq.route != nil {
		by.route = rq.route.pattern
	}
	// The row may be one of the same path, where it does not take the method.
	if rq.route != nil && (rq.Method == rq.route.Method || rq.Method == http.MethodHead) {
		by.method = rq.route.Method
	}
	c := n.of(by)
	c.total.Inc()
	c.seconds.Update(took.Seconds())
}

func (n *serverMetrics) of(by requestLabels) histogram {
	n.mu.RLock()
	c, found := n.requests[by]
	n.mu.RUnlock()
	if found {
		return c
	}
	labels := fmt.Sprintf("via=%q,method=%q,route=%q", by.via, by.method, by.route)
	c = histogram{n.set.GetOrCreateCounter(fmt.Sprintf("crmkit_requests_total{%s,status=%q}", labels, fmt.Sprint(by.status))),
		n.set.GetOrCreatePrometheusHistogramExt("crmkit_request_seconds{"+labels+"}", secondsBounds)}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.requests[by] = c
	return c
}

// batched counts what the writer did in one transaction.
func (n *serverMetrics) batched(b store.Batch) {
	n.batch.Update(float64(b.Writes))
	if b.Commit > 0 {
		n.commit.Update(b.Commit.Seconds())
	}
	if b.Failed {
		n.failed.Inc()
	}
}

// gauge and total show what is counted elsewhere, as it is now.
func (n *serverMetrics) gauge(name string, value int64) {
	n.set.GetOrCreateGauge(name, nil).Set(float64(value))
}

func (n *serverMetrics) total(name string, value int64) {
	n.set.GetOrCreateCounter(name).Set(uint64(value)) // a count is never below 0
}

func (n *serverMetrics) store(s store.Stats) {
	n.gauge("crmkit_writes_waiting", int64(s.Waiting))
	n.gauge("crmkit_reads_waiting", int64(s.Reading))
	n.gauge("crmkit_file_bytes", s.FileBytes)
	n.gauge("crmkit_wal_bytes", s.LogBytes)
	n.gauge("crmkit_search_bytes", s.SearchIndexBytes)
	n.gauge("crmkit_record_bytes", s.RecordCacheBytes)
	n.total(`crmkit_record_reads_total{from="memory"}`, s.Hits)
	n.total(`crmkit_record_reads_total{from="file"}`, s.Misses)
}

func (n *serverMetrics) auth(s auth.Stats) {
	n.gauge("crmkit_sessions_cached", int64(s.Sessions))
	n.total(`crmkit_session_lookups_total{result="hit"}`, s.Hits)
	n.total(`crmkit_session_lookups_total{result="miss"}`, s.Misses)
	for f, count := range s.Failures {
		n.total(fmt.Sprintf("crmkit_code_failures_total{kind=%q,reason=%q}", f.Kind, f.Reason), count)
	}
}

func (n *serverMetrics) mail(s mail.Stats) {
	n.gauge("crmkit_mails_waiting", s.Waiting)
	n.gauge("crmkit_mails_deferred", s.Deferred)
	n.total(`crmkit_mails_total{result="sent"}`, s.Sent)
	n.total(`crmkit_mails_total{result="failed"}`, s.Failed)
	n.total(`crmkit_mails_total{result="dropped"}`, s.Dropped)
	n.total(`crmkit_mails_total{result="withheld"}`, s.Withheld)
	n.total(`crmkit_mail_retries_total`, s.Retried)
}

// metricsText returns the numbers of now in the Prometheus text format 0.0.4.
func (s *Server) metricsText() string {
	s.counters.store(s.store.Stats())
	s.counters.auth(s.auth.Stats())
	if s.opts.Mail != nil {
		s.counters.mail(s.opts.Mail.Stats())
	}
	if s.opts.LastBackup != nil {
		if at := s.opts.LastBackup(); !at.IsZero() {
			s.counters.gauge("crmkit_last_backup_timestamp_seconds", at.Unix())
		}
	}
	var b bytes.Buffer
	s.counters.set.WritePrometheus(&b)
	metrics.WriteProcessMetrics(&b)
	return b.String()
}

const metricsType = "text/plain; version=0.0.4; charset=utf-8"

// metrics answers GET /metrics to who has the token of the setting.
func (s *Server) metrics(rq *request) (*render.Response, error) {
	if s.opts.MetricsToken == "" {
		return nil, crm.Errorf(crm.NotFound, "this server shows no metrics here; whoever runs it sets --metrics-token, and scrapes with that as the bearer token, or sets --metrics-listen.")
	}
	sent := auth.Hash(auth.Bearer(rq.Header.Get("Authorization")))
	if subtle.ConstantTimeCompare([]byte(sent), []byte(auth.Hash(s.opts.MetricsToken))) != 1 {
		return nil, crm.Errorf(crm.AuthRequired, "send the header Authorization: Bearer <the --metrics-token of this server>.")
	}
	return &render.Response{Raw: &render.Raw{Type: metricsType, Body: s.metricsText()}}, nil
}

// ServeMetrics answers GET /metrics, and nothing else, to whoever reaches the
// listener, until the context ends.
func (s *Server) ServeMetrics(ctx context.Context, l net.Listener) error {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", metricsType)
		_, _ = w.Write([]byte(s.metricsText()))
	})
	return run(ctx, s.httpServer(mux), l)
}
