package fair

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestQueueSharesTime lets tenants with work of different lengths compete, all of
// them always with something to do, and compares the time that each was given.
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

// TestQueueKeepsOrderAndLimits compares a queue with a simple list for each tenant.
func TestQueueKeepsOrderAndLimits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const limit, share = 12, 5
		q, model := newQueue[int](Limits{limit, share}), map[int64][]int{}
		waiting := func() (n int) {
			for _, items := range model {
				n += len(items)
			}
			return n
		}
		var open []ticket
		for i := range rapid.IntRange(1, 100).Draw(t, "steps") {
			w := int64(rapid.IntRange(1, 4).Draw(t, "tenant"))
			switch rapid.SampledFrom([]string{"push", "push", "pop", "remove", "finish", "unpop"}).Draw(t, "step") {
			case "push":
				full := waiting() >= limit || len(model[w]) >= share
				if err := q.push(w, i); (err != nil) != full {
					t.Fatalf("push with %d of %d waiting: %v", len(model[w]), waiting(), err)
				} else if err == nil {
					model[w] = append(model[w], i)
				}
			case "pop", "unpop":
				item, tk, found := q.pop(func(other int64) bool { return other != w })
				if found != (waiting() > len(model[w])) {
					t.Fatalf("pop found %t with %v waiting, all but %d", found, model, w)
				}
				if !found {
					continue
				}
				if model[tk.tenant][0] != item {
					t.Fatalf("pop gives %d of %d, whose queue is %v", item, tk.tenant, model[tk.tenant])
				}
				if rapid.Bool().Draw(t, "put it back") {
					q.putBack(tk, item)
					continue
				}
				model[tk.tenant] = model[tk.tenant][1:]
				open = append(open, tk)
			case "remove":
				if len(model[w]) > 0 {
					at := rapid.IntRange(0, len(model[w])-1).Draw(t, "at")
					if !q.remove(w, model[w][at]) || q.remove(w, model[w][at]) {
						t.Fatalf("remove of %v", model[w])
					}
					model[w] = slices.Delete(model[w], at, at+1)
				}
			case "finish":
				if len(open) > 0 {
					q.finish(open[0], time.Millisecond)
					open = open[1:]
				}
			}
			if q.waiting != waiting() || q.running != len(open) {
				t.Fatalf("%d wait and %d run; the model has %d and %d", q.waiting, q.running, waiting(), len(open))
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

// TestQueueForgetsIdleTenants holds that what is remembered is bounded.
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
