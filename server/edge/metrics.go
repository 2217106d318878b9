package edge

import (
	"bytes"
	"fmt"
	"sync"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"crmkit/auth"
	"crmkit/mail"
	"crmkit/store"
)

// Metrics are the numbers of GET /metrics. It is safe for concurrent use.
type Metrics struct {
	set    *metrics.Set
	batch  *metrics.PrometheusHistogram
	commit *metrics.PrometheusHistogram
	failed *metrics.Counter // batches

	mu       sync.RWMutex
	requests map[RequestLabels]series
}

// RequestLabels are the labels of a request. Its values are words of the route table and
// statuses, never anything that a client wrote, so their number is bounded.
type RequestLabels struct {
	Via    string // http, or mcp for a request of a tool call
	Method string // "other" where the route does not take it
	Route  string // the pattern; "other" where there is no route
	Status int
}

// series are the metrics of some labels. The histogram is shared by all statuses.
type series struct {
	total   *metrics.Counter
	seconds *metrics.PrometheusHistogram
}

var (
	// Reading a record takes less than a millisecond, a search of everything a second.
	secondsBounds = []float64{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10}
	batchBounds   = []float64{1, 2, 4, 8, 16, 32, 64, 128, 256}
)

// NewMetrics returns metrics of a server of this version.
func NewMetrics(version string) *Metrics {
	// TYPE lines can be switched on for the whole process only.
	metrics.ExposeMetadata(true)
	set := metrics.NewSet()
	set.GetOrCreateGauge(fmt.Sprintf("crmkit_info{version=%q}", version), nil).Set(1)
	return &Metrics{set: set, requests: map[RequestLabels]series{},
		batch:  set.NewPrometheusHistogramExt("crmkit_batch_writes", batchBounds),
		commit: set.NewPrometheusHistogramExt("crmkit_commit_seconds", secondsBounds),
		failed: set.NewCounter("crmkit_batches_failed_total")}
}

// Request counts a request that was answered.
func (m *Metrics) Request(by RequestLabels, took time.Duration) {
	c := m.of(by)
	c.total.Inc()
	c.seconds.Update(took.Seconds())
}

func (m *Metrics) of(by RequestLabels) series {
	m.mu.RLock()
	c, found := m.requests[by]
	m.mu.RUnlock()
	if found {
		return c
	}
	labels := fmt.Sprintf("via=%q,method=%q,route=%q", by.Via, by.Method, by.Route)
	c = series{m.set.GetOrCreateCounter(fmt.Sprintf("crmkit_requests_total{%s,status=%q}", labels, fmt.Sprint(by.Status))),
		m.set.GetOrCreatePrometheusHistogramExt("crmkit_request_seconds{"+labels+"}", secondsBounds)}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.requests[by] = c
	return c
}

// Batch counts a transaction of the writer.
func (m *Metrics) Batch(b store.Batch) {
	m.batch.Update(float64(b.Writes))
	if b.Commit > 0 {
		m.commit.Update(b.Commit.Seconds())
	}
	if b.Failed {
		m.failed.Inc()
	}
}

// gauge and total set a number that is counted elsewhere.
func (m *Metrics) gauge(name string, value int64) {
	m.set.GetOrCreateGauge(name, nil).Set(float64(value))
}

func (m *Metrics) total(name string, value int64) {
	m.set.GetOrCreateCounter(name).Set(uint64(value)) // a count is never below 0
}

// Store sets the numbers of the store.
func (m *Metrics) Store(s store.Stats) {
	m.gauge("crmkit_writes_waiting", int64(s.Waiting))
	m.gauge("crmkit_reads_waiting", int64(s.Reading))
	if s.Network != nil {
		m.total("crmkit_database_round_trips_total", s.Network.RoundTrips)
		m.total("crmkit_database_connections_total", s.Network.Connects)
		return
	}
	m.gauge("crmkit_file_bytes", s.FileBytes)
	m.gauge("crmkit_wal_bytes", s.LogBytes)
	m.gauge("crmkit_search_bytes", s.SearchIndexBytes)
	m.gauge("crmkit_record_bytes", s.RecordCacheBytes)
	m.total(`crmkit_record_reads_total{from="memory"}`, s.Hits)
	m.total(`crmkit_record_reads_total{from="file"}`, s.Misses)
}

// Auth sets the numbers of sessions and codes.
func (m *Metrics) Auth(s auth.Stats) {
	m.gauge("crmkit_sessions_cached", int64(s.Sessions))
	m.total(`crmkit_session_lookups_total{result="hit"}`, s.Hits)
	m.total(`crmkit_session_lookups_total{result="miss"}`, s.Misses)
	for f, count := range s.Failures {
		m.total(fmt.Sprintf("crmkit_code_failures_total{kind=%q,reason=%q}", f.Kind, f.Reason), count)
	}
}

// Mail sets the numbers of mails.
func (m *Metrics) Mail(s mail.Stats) {
	m.gauge("crmkit_mails_waiting", s.Waiting)
	m.gauge("crmkit_mails_deferred", s.Deferred)
	m.total(`crmkit_mails_total{result="sent"}`, s.Sent)
	m.total(`crmkit_mails_total{result="failed"}`, s.Failed)
	m.total(`crmkit_mails_total{result="dropped"}`, s.Dropped)
	m.total(`crmkit_mails_total{result="withheld"}`, s.Withheld)
	m.total(`crmkit_mail_retries_total`, s.Retried)
}

// Backup sets when the last backup was made.
func (m *Metrics) Backup(at time.Time) { m.gauge("crmkit_last_backup_timestamp_seconds", at.Unix()) }

// MetricsType is the media type of the metrics, the Prometheus text format 0.0.4.
const MetricsType = "text/plain; version=0.0.4; charset=utf-8"

// Text returns the metrics of the server and of its process as they are now.
func (m *Metrics) Text() string {
	var b bytes.Buffer
	m.set.WritePrometheus(&b)
	metrics.WriteProcessMetrics(&b)
	return b.String()
}
