package fair

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestQueueSharesTime lets tenants that always have work, each of another length, compete for time,
// and compares the time that each gets.
func TestQueueSharesTime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		took := rapid.SliceOfN(rapid.IntRange(1, 100), 2, 6).Draw(t, "milliseconds of one job, by tenant")
		q := newQueue[int](Limits{1000, 1000})
		given := make([]time.Duration, len(took))
		for w := range took {
			must(t, q.push(int64(w), 0))
			must(t, q.push(int64(w), 0))
		}
		longest := time.Duration(slices.Max(took)) * time.Millisecond
		for slices.Min(given) < 10*longest {
			_, tk, _ := q.pop(anyTenant)
			w := tk.tenant
			given[w] += time.Duration(took[w]) * time.Millisecond
			q.finish(tk, time.Duration(took[w])*time.Millisecond)
			must(t, q.push(w, 0))
		}
		if apart := slices.Max(given) - slices.Min(given); apart > 3*longest {
			t.Fatalf("given %v, so %v apart, with jobs of at most %v", given, apart, longest)
		}
	})
}

// queueModel is a queue beside a simple list for each tenant.
type queueModel struct {
	*rapid.T
	q       queue[int]
	waiting map[int64][]int
	open    []ticket // of work that was begun
}

func (m *queueModel) count() (n int) {
	for _, items := range m.waiting {
		n += len(items)
	}
	return n
}

func (m *queueModel) push(tenant int64, item int) {
	full := m.count() >= m.q.limits.Total || len(m.waiting[tenant]) >= m.q.limits.PerTenant
	if err := m.q.push(tenant, item); (err != nil) != full {
		m.Fatalf("push with %d of %d waiting: %v", len(m.waiting[tenant]), m.count(), err)
	} else if err == nil {
		m.waiting[tenant] = append(m.waiting[tenant], item)
	}
}

// pop takes work of all tenants but one, and may put it back.
func (m *queueModel) pop(except int64) {
	item, tk, found := m.q.pop(func(other int64) bool { return other != except })
	if found != (m.count() > len(m.waiting[except])) {
		m.Fatalf("pop found %t with %v waiting, all but %d", found, m.waiting, except)
	}
	if !found {
		return
	}
	if m.waiting[tk.tenant][0] != item {
		m.Fatalf("pop gives %d of %d, whose queue is %v", item, tk.tenant, m.waiting[tk.tenant])
	}
	if rapid.Bool().Draw(m.T, "put it back") {
		m.q.putBack(tk, item, 0)
		return
	}
	m.waiting[tk.tenant] = m.waiting[tk.tenant][1:]
	m.open = append(m.open, tk)
}

func (m *queueModel) remove(tenant int64) {
	items := m.waiting[tenant]
	if len(items) == 0 {
		return
	}
	at := rapid.IntRange(0, len(items)-1).Draw(m.T, "at")
	if !m.q.remove(tenant, items[at]) || m.q.remove(tenant, items[at]) {
		m.Fatalf("remove of %v", items)
	}
	m.waiting[tenant] = slices.Delete(items, at, at+1)
}

func (m *queueModel) finish() {
	if len(m.open) > 0 {
		m.q.finish(m.open[0], time.Millisecond)
		m.open = m.open[1:]
	}
}

// TestQueueKeepsOrderAndLimits compares a queue with a simple list for each tenant.
func TestQueueKeepsOrderAndLimits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &queueModel{T: t, q: newQueue[int](Limits{12, 5}), waiting: map[int64][]int{}}
		for i := range rapid.IntRange(1, 100).Draw(t, "steps") {
			tenant := int64(rapid.IntRange(1, 4).Draw(t, "tenant"))
			switch rapid.SampledFrom([]string{"push", "push", "pop", "pop", "remove", "finish"}).Draw(t, "step") {
			case "push":
				m.push(tenant, i)
			case "pop":
				m.pop(tenant)
			case "remove":
				m.remove(tenant)
			case "finish":
				m.finish()
			}
			if m.q.waiting != m.count() || m.q.running != len(m.open) {
				t.Fatalf("%d wait and %d run; the model has %d and %d", m.q.waiting, m.q.running, m.count(), len(m.open))
			}
		}
	})
}

func anyTenant(int64) bool { return true }

func must(t interface{ Fatal(...any) }, err error) {
	if err != nil {
		t.Fatal(err)
	}
}

// TestQueueForgetsIdleTenants checks that the number of tenants in memory is bounded.
func TestQueueForgetsIdleTenants(t *testing.T) {
	q := newQueue[int](Limits{10, 10})
	must(t, q.push(0, 0)) // so that the queue is never idle as a whole
	for w := range int64(1000) {
		must(t, q.push(1+w, 0))
		_, tk, _ := q.pop(func(other int64) bool { return other > 0 })
		q.finish(tk, time.Second)
	}
	if len(q.tenants) > 2*q.limits.Total {
		t.Errorf("%d tenants are remembered", len(q.tenants))
	}
}
