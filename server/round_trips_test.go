package server_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"crmkit/store"
	"crmkit/store/postgres/pgtest"
)

// roundTrip is a request whose round trips to PostgreSQL are counted, and how many it may cost.
type roundTrip struct {
	name    string
	clients int
	most    float64
	request func(n int) (method, path, body string) // another one for each n
}

// roundTrips are the rows of docs/performance.md. For one client the bounds are what was measured, up to the work in the background. A
// client of 64 costs less, since its writes are in a batch with others, but not always the same.
func roundTrips(r *rig) []roundTrip {
	id := func(n int) string { return r.id("contact", int64(n%roundTripContacts+1)) }
	return []roundTrip{
		{"fetch", 1, 2, func(n int) (string, string, string) { return "GET", "/contacts/" + id(n), "" }},
		{"list50", 1, 4, func(int) (string, string, string) { return "GET", "/contacts", "" }},
		{"list50-stage", 1, 5, func(int) (string, string, string) { return "GET", "/contacts?stage=lead", "" }},
		{"list-search", 1, 5, func(n int) (string, string, string) {
			return "GET", fmt.Sprintf("/contacts?search=person+number%d", n), ""
		}},
		{"create", 1, 5, func(n int) (string, string, string) { return "POST", "/contacts", roundTripContact(r, 1000+n) }},
		{"create by 64 clients", 64, 2, func(n int) (string, string, string) { return "POST", "/contacts", roundTripContact(r, 2000+n) }},
		{"patch", 1, 8, func(n int) (string, string, string) {
			return "PATCH", "/contacts/" + id(n), fmt.Sprintf(`{"phone":"+1 555 %d"}`, n)
		}},
		{"batch of 50 creates", 1, 7, func(n int) (string, string, string) {
			lines := make([]string, 50)
			for i := range lines {
				lines[i] = `{"method":"POST","path":"/contacts","body":` + roundTripContact(r, 10_000+50*n+i) + `}`
			}
			return "POST", "/batch", "[" + strings.Join(lines, ",") + "]"
		}},
		{"upsert", 1, 8, func(n int) (string, string, string) {
			return "POST", "/contacts", fmt.Sprintf(`{"email":"person%d@example.com","phone":"+1 556 %d"}`, n%roundTripContacts, n)
		}},
	}
}

// roundTripContacts is how many contacts there are before the first request that is counted.
const roundTripContacts = 60

func roundTripContact(r *rig, n int) string {
	return fmt.Sprintf(`{"name":"Person Number%d","email":"person%d@example.com","stage":"lead","company_id":%q,"tags":["vip","region-%d"],"custom":{"plan":"pro","seats":%d}}`, n, n, r.id("company", 1), n%20, n)
}

// TestRoundTripsAreBounded counts the round trips of requests to PostgreSQL over a link of 1 ms. A
// round trip takes longer than most statements, so one more in a common request is a fault.
func TestRoundTripsAreBounded(t *testing.T) {
	of := setup{"postgres", 1}
	proxy := pgtest.NewProxy(t, pgtest.Shared(t).Address())
	r := of.newRig(t, store.Options{Path: pgtest.Through(of.address(t), proxy.Address())}).as("jane@acme.com")
	r.want(201, "POST", "/companies", `{"name":"Acme"}`)
	for n := range roundTripContacts {
		r.want(201, "POST", "/contacts", roundTripContact(r, n))
	}
	proxy.Delay(time.Millisecond)
	for _, row := range roundTrips(r) {
		t.Run(row.name, func(t *testing.T) {
			r.sendAll(row, 0) // opens connections and prepares statements
			before := proxy.RoundTrips()
			r.sendAll(row, 1)
			each := float64(proxy.RoundTrips()-before) / float64(row.clients*row.times())
			t.Logf("%.1f round trips", each)
			if each > row.most+0.5 { // work in the background has some too
				t.Errorf("%.1f round trips, of at most %.1f", each, row.most)
			}
		})
	}
}

// times is how many requests each client sends in a round. One client alone sends so many that each
// connection that reads has prepared the statements after the first round.
func (r roundTrip) times() int {
	if r.clients == 1 {
		return 24
	}
	return 6
}

// sendAll has the clients send their requests, which are others in each round.
func (r *rig) sendAll(row roundTrip, round int) {
	var clients sync.WaitGroup
	for client := range row.clients {
		clients.Go(func() {
			for n := range row.times() {
				method, path, body := row.request((round*row.clients+client)*row.times() + n)
				if a := r.call(method, path, body); a.status > 201 {
					r.t.Errorf("%s %s: %d %s", method, path, a.status, a.body)
				}
			}
		})
	}
	clients.Wait()
}
