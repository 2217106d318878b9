package server_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"
)

// BenchmarkFields measures a list of 50 companies with three own keys, of a workspace that declares nothing and of one that
// declares 200 fields of the kind, three of them those. The lists are asked for in turn, so that both have the same
// machine; ratio is the second median by the first.
func BenchmarkFields(b *testing.B) {
	r := newRig(b)
	var tokens [2]string
	for i := range tokens {
		r.as(fmt.Sprintf("user%d@acme.com", i))
		tokens[i] = r.header.Get("Authorization")
		for n := range i * 200 {
			kind := []string{"text", "number", "choice"}[n%3]
			body := fmt.Sprintf(`{"kind":"company","name":"field_%d","type":%q`, n, kind)
			if kind == "choice" {
				body += `,"options":["a","b"]`
			}
			r.want(201, "POST", "/fields", body+"}")
		}
		for n := range 50 {
			r.want(201, "POST", "/companies", fmt.Sprintf(`{"name":"Company %d","custom":{"field_0":"some text","field_1":%d,"field_2":"a"}}`, n, n))
		}
	}
	var took [2]time.Duration
	lists := 0
	for b.Loop() {
		for i, token := range tokens {
			start := time.Now()
			r.want(200, http.MethodGet, "/companies?fields=name,custom", "", "Authorization", token)
			took[i] += time.Since(start)
		}
		lists++
	}
	b.ReportMetric(float64(took[0].Microseconds())/float64(lists)/1000, "ms-free")
	b.ReportMetric(float64(took[1].Microseconds())/float64(lists)/1000, "ms-declared")
	b.ReportMetric(float64(took[1])/float64(took[0]), "ratio")
}
