package server_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"crmkit/store"
	"crmkit/store/storetest/kit"
)

// wonMonth is what was decided in a month.
type wonMonth struct{ won, decided, days int64 }

// makeDecided makes random deals, and returns those that were won or lost by month.
func makeDecided(r *rig, random *rand.Rand) map[string]wonMonth {
	months := map[string]wonMonth{}
	for i := range 60 {
		status := []string{"open", "won", "lost"}[random.IntN(3)]
		if status == "open" {
			r.want(201, "POST", "/deals", fmt.Sprintf(`{"title":"Deal %d"}`, i))
			continue
		}
		closed := r.clock.Now().AddDate(0, 0, random.IntN(100))
		r.want(201, "POST", "/deals", fmt.Sprintf(`{"title":"Deal %d","status":%q,"closed_at":%q}`, i, status, closed.Format(time.RFC3339)))
		m := months[closed.Format("2006-01")]
		if m.decided++; status == "won" {
			m.won++
		}
		m.days += int64(closed.Sub(r.clock.Now()) / (24 * time.Hour))
		months[closed.Format("2006-01")] = m
	}
	return months
}

// TestWinRateIsThatOfTheDeals makes random deals, and compares the rate of those won by month, and how long deals were
// open, with what a reader computes who reads all of them.
func TestWinRateIsThatOfTheDeals(t *testing.T) {
	for _, set := range feedSetups() {
		t.Run(set.String(), func(t *testing.T) {
			r := set.newRig(t, store.Options{}).as("jane@acme.com")
			months := makeDecided(r, rand.New(rand.NewPCG(kit.Seed(t), 0)))
			for range 10 { // a token that is not used expires
				r.clock.Advance(10 * 24 * time.Hour)
				r.want(200, "GET", "/deals?limit=1", "")
			}
			for _, item := range r.json(200, "GET", "/deals?status=in:won,lost&group=month(closed_at)&avg=won_percent&sum=days_open", "")["items"].([]any) {
				line := item.(map[string]any)
				m := months[line["month(closed_at)"].(string)]
				rate := 100 * float64(m.won) / float64(m.decided)
				if floatOf(line["count"]) != float64(m.decided) || m.decided > 0 && (math.Abs(floatOf(line["avg_won_percent"])-rate) > 0.0051 || floatOf(line["sum_days_open"]) != float64(m.days)) {
					t.Errorf("%v, want %+v", line, m)
				}
			}
			open := r.want(200, "GET", "/deals?count=only&status=open", "")
			for _, condition := range []string{"won_percent=is:null", "where=not+won_percent=gte:0", "days_open=gt:99&status=open"} {
				if text := r.want(200, "GET", "/deals?count=only&"+condition, ""); text != open {
					t.Errorf("%s: %s, want %s", condition, text, open)
				}
			}
			order := r.json(200, "GET", "/deals?sort=-days_open&fields=days_open&limit=200", "")["items"].([]any)
			for i := range order[1:] {
				if a, b := order[i].(map[string]any)["days_open"], order[i+1].(map[string]any)["days_open"]; floatOf(a) < floatOf(b) {
					t.Errorf("%v is before %v", a, b)
				}
			}
		})
	}
}

// floatOf reads a number of JSON.
func floatOf(v any) (n float64) {
	fmt.Sscan(fmt.Sprint(v), &n)
	return n
}
