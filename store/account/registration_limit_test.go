package account

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"crmkit/crm"
	"crmkit/store"
)

// registrationModel is a simple model of the limits: it has all rows in memory and searches them in
// each step.
type registrationModel struct {
	*fixture
	clients map[string]*modelClient
	pages   map[string]*modelPage
	made    int

	clientLimit, pageLimit registrationLimit
}

type modelClient struct {
	network string
	created int64
	used    bool
}

type modelPage struct {
	client, network string
	begun, ends     int64
	mailed          bool
}

// heldUntil is the end of the last page of a client.
func (m *registrationModel) heldUntil(id string) int64 {
	until := int64(0)
	for _, p := range m.pages {
		if p.client == id {
			until = max(until, p.ends)
		}
	}
	if until == 0 {
		until = m.clients[id].created
	}
	return until
}

// candidate is a row that may be deleted, with its age.
type candidate struct {
	key, network string
	age          int64
}

// clientCandidates returns the clients that may be deleted, the first to be deleted first.
func (m *registrationModel) clientCandidates(now int64) (list []candidate) {
	for id, c := range m.clients {
		if until := m.heldUntil(id); !c.used && until <= now {
			list = append(list, candidate{id, c.network, until})
		}
	}
	return byAge(list)
}

func (m *registrationModel) pageCandidates(now int64) (list []candidate) {
	for hash, p := range m.pages {
		if !p.mailed && p.ends > now {
			list = append(list, candidate{hash, p.network, p.ends})
		}
	}
	return byAge(list)
}

func byAge(list []candidate) []candidate {
	slices.SortFunc(list, func(a, b candidate) int { return cmp.Or(cmp.Compare(a.age, b.age), cmp.Compare(a.key, b.key)) })
	return list
}

// replacedBy returns the rows that a new row of a network replaces: the oldest rows of the network
// if it has its share, else, if the table is full, the oldest rows of the network with the most
// rows.
func (p registrationLimit) replacedBy(list []candidate, network string) (replaced []string) {
	own := slices.DeleteFunc(slices.Clone(list), func(c candidate) bool { return c.network != network })
	for i := 0; i <= len(own)-p.share; i++ {
		replaced = append(replaced, own[i].key)
	}
	if len(replaced) > 0 || len(list) < p.most {
		return replaced
	}
	sizes, oldest := map[string]int{}, map[string]int64{}
	for _, c := range slices.Backward(list) {
		sizes[c.network]++
		oldest[c.network] = c.age
	}
	largest := slices.MinFunc(slices.Collect(maps.Keys(sizes)), func(a, b string) int {
		return cmp.Or(cmp.Compare(sizes[b], sizes[a]), cmp.Compare(oldest[a], oldest[b]), cmp.Compare(a, b))
	})
	for _, c := range list {
		if c.network == largest && len(replaced) <= len(list)-p.most {
			replaced = append(replaced, c.key)
		}
	}
	return replaced
}

// do writes one step. The time moves with each, so that no two rows have the same age.
func (m *registrationModel) do(fn func(tx *store.Tx) error) (now int64) {
	m.clock.Advance(time.Millisecond)
	if err := m.Write(m.t.Context(), crm.Actor{}, func(tx *store.Tx) error {
		now = tx.Now()
		return fn(tx)
	}); err != nil {
		m.t.Fatal(err)
	}
	return now
}

func (m *registrationModel) register(network string) {
	var c Client
	now := m.do(func(tx *store.Tx) (err error) {
		c, err = createClient(tx, Client{Name: "x", Redirects: "[]", Network: network}, m.clientLimit)
		return err
	})
	for _, id := range m.clientLimit.replacedBy(m.clientCandidates(now), network) {
		delete(m.clients, id)
	}
	m.clients[c.ID] = &modelClient{network: network, created: now}
}

func (m *registrationModel) begin(client, network string) {
	m.made++
	hash := fmt.Sprintf("page%06d", m.made)
	now := m.do(func(tx *store.Tx) error {
		return createAuthRequest(tx, AuthRequest{Hash: hash, Client: client}, network, m.pageLimit)
	})
	for _, replaced := range m.pageLimit.replacedBy(m.pageCandidates(now), network) {
		delete(m.pages, replaced)
	}
	m.pages[hash] = &modelPage{client: client, network: network, begun: now, ends: now + AuthRequestLife.Milliseconds()}
}

func (m *registrationModel) mail(hash string) {
	m.do(func(tx *store.Tx) error {
		return UpdateAuthRequest(tx, AuthRequest{Hash: hash, Email: "ann@example.com"})
	})
	m.pages[hash].mailed = true
}

func (m *registrationModel) deny(hash string) {
	m.do(func(tx *store.Tx) error { return EndAuthRequest(tx, AuthRequest{Hash: hash}) })
	delete(m.pages, hash)
}

func (m *registrationModel) use(id string) {
	m.do(func(tx *store.Tx) error { return UseGrant(tx, Grant{Client: id}, "tok_x") })
	m.clients[id].used = true
}

// check compares the tables with the model.
func (m *registrationModel) check(t *rapid.T) {
	wantKeys(t, "clients", m.raw(1, "SELECT id FROM oauth_clients ORDER BY id"), m.clients)
	wantKeys(t, "pages", m.raw(1, "SELECT hash FROM oauth_requests ORDER BY hash"), m.pages)
}

func wantKeys[V any](t *rapid.T, what string, got []string, want map[string]V) {
	if keys := slices.Sorted(maps.Keys(want)); !slices.Equal(got, keys) {
		t.Fatalf("the %s are %v, the model has %v", what, got, keys)
	}
}

// TestOldestRegistrationIsReplaced compares the registrations and pages that are deleted for new
// ones with a model.
func TestOldestRegistrationIsReplaced(t *testing.T) { engines(t, oldestRegistrationIsReplaced) }

func oldestRegistrationIsReplaced(all *testing.T, f *fixture) {
	clientLimit, pageLimit := unusedClients(), openPages()
	clientLimit.share, clientLimit.most = 3, 7
	pageLimit.share, pageLimit.most = 3, 7
	rapid.Check(all, func(t *rapid.T) {
		m := &registrationModel{fixture: f, clientLimit: clientLimit, pageLimit: pageLimit, clients: map[string]*modelClient{}, pages: map[string]*modelPage{}}
		m.do(func(tx *store.Tx) error {
			return errors.Join(tx.Exec("DELETE FROM oauth_clients"), tx.Exec("DELETE FROM oauth_requests"))
		})
		networks := rapid.SampledFrom([]string{"a", "b", "c", "d"})
		key := func(t *rapid.T, keys []string) string {
			if len(keys) == 0 {
				t.Skip("the model has no key for this step") // rapid draws another step; the test goes on
			}
			return rapid.SampledFrom(keys).Draw(t, "key")
		}
		clients := func() []string { return slices.Sorted(maps.Keys(m.clients)) }
		pages := func() []string { return slices.Sorted(maps.Keys(m.pages)) }
		t.Repeat(map[string]func(*rapid.T){
			"register": func(t *rapid.T) { m.register(networks.Draw(t, "network")) },
			"again":    func(t *rapid.T) { m.register(networks.Draw(t, "network")) },
			"begin":    func(t *rapid.T) { m.begin(key(t, clients()), networks.Draw(t, "network")) },
			"reload":   func(t *rapid.T) { m.begin(key(t, clients()), networks.Draw(t, "network")) },
			"mail":     func(t *rapid.T) { m.mail(key(t, pages())) },
			"deny":     func(t *rapid.T) { m.deny(key(t, pages())) },
			"use":      func(t *rapid.T) { m.use(key(t, clients())) },
			"wait": func(t *rapid.T) {
				m.clock.Advance(time.Duration(rapid.IntRange(1, 12).Draw(t, "minutes")) * time.Minute)
			},
			"": m.check,
		})
	})
}
