package server

import (
	"bytes"
	"crypto/subtle"

	"github.com/VictoriaMetrics/metrics"

	"crmkit/auth"
	"crmkit/crm"
	"crmkit/mail"
	"crmkit/render"
)

// newMetrics returns what GET /metrics shows, read from where it is counted.
func newMetrics(sender *mail.Sender) *metrics.Set {
	set := metrics.NewSet()
	if sender == nil {
		return set
	}
	for name, count := range map[string]func(mail.Stats) int64{
		`crmkit_mails_waiting`:                 func(s mail.Stats) int64 { return s.Waiting },
		`crmkit_mails_total{result="sent"}`:    func(s mail.Stats) int64 { return s.Sent },
		`crmkit_mails_total{result="failed"}`:  func(s mail.Stats) int64 { return s.Failed },
		`crmkit_mails_total{result="dropped"}`: func(s mail.Stats) int64 { return s.Dropped },
		`crmkit_mail_retries_total`:            func(s mail.Stats) int64 { return s.Retried },
	} {
		set.NewGauge(name, func() float64 { return float64(count(sender.Stats())) })
	}
	return set
}

// metrics answers GET /metrics in the Prometheus text format, to who has the
// token of the setting.
func (s *Server) metrics(rq *request) (*render.Doc, error) {
	if s.opts.MetricsToken == "" {
		return nil, crm.Errorf(crm.NotFound, "this server shows no metrics; whoever runs it sets --metrics-token, and scrapes with that as the bearer token.")
	}
	sent := auth.Hash(auth.Bearer(rq.Header.Get("Authorization")))
	if subtle.ConstantTimeCompare([]byte(sent), []byte(auth.Hash(s.opts.MetricsToken))) != 1 {
		return nil, crm.Errorf(crm.AuthRequired, "send the header Authorization: Bearer <the --metrics-token of this server>.")
	}
	var b bytes.Buffer
	s.numbers.WritePrometheus(&b)
	return &render.Doc{Raw: &render.Raw{Type: "text/plain; version=0.0.4; charset=utf-8", Body: b.String()}}, nil
}
