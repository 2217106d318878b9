package server_test

import (
	"fmt"
	"net/http"
	"runtime"
	"sync"
	"testing"
	"time"
)

// BenchmarkWaiting measures what 1,000 readers take of a processor while nothing happens: requests that
// wait, and streams of events, of which each gets a comment every 15 seconds. cpu-percent is of one
// processor.
func BenchmarkWaiting(b *testing.B) {
	for name, begin := range map[string]func(*rig) *sync.WaitGroup{
		"requests": func(r *rig) *sync.WaitGroup { return waitFor(r, 1000) },
		"streams":  openStreams,
	} {
		b.Run(name, func(b *testing.B) {
			r := newRig(b).as("jane@acme.com")
			waiting := begin(r)
			allWait(r, 1000)
			runtime.GC()
			time.Sleep(time.Second) // until all sleep
			before, began := processorTime(b), time.Now()
			time.Sleep(30 * time.Second)
			used := time.Duration(processorTime(b)-before) * time.Microsecond
			b.ReportMetric(100*used.Seconds()/time.Since(began).Seconds(), "cpu-percent")
			r.want(201, "POST", "/companies", `{"name":"Acme"}`)
			waiting.Wait()
		})
	}
}

// openStreams opens 1,000 streams of events, and returns what waits until each had an event.
func openStreams(r *rig) *sync.WaitGroup {
	var waiting sync.WaitGroup
	srv := r.overHTTP()
	for range 1000 {
		res := r.open(srv, "GET", "/changes?since=now&format=events", nil)
		if res.StatusCode != http.StatusOK {
			r.t.Fatal(fmt.Sprint(res.StatusCode))
		}
		waiting.Go(func() {
			for range events(res) {
				return
			}
		})
	}
	return &waiting
}
