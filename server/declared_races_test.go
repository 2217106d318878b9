package server_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"crmkit/store"
	"crmkit/store/storetest/kit"
)

// TestWritesGoByTheDeclarationsOfTheirMoment changes the options of a field and makes another one unique and required,
// again and again, while others write values of them on all servers. In the order of the log each value was an option
// when it was written, and no two records have one of a unique field.
func TestWritesGoByTheDeclarationsOfTheirMoment(t *testing.T) {
	for _, s := range feedSetups() {
		t.Run(s.String(), func(t *testing.T) {
			seed := kit.Seed(t)
			r := s.newRig(t, store.Options{}).as("jane@acme.com")
			start := r.json(200, "GET", "/changes?since=now", "")["cursor"].(string)
			round := r.json(201, "POST", "/fields", `{"kind":"company","name":"round","type":"choice","options":["r0"]}`)["id"].(string)
			r.want(201, "POST", "/fields", `{"kind":"company","name":"erp","type":"text","unique":true}`)
			var at, ended, tried atomic.Int64
			together(8, func(i int) {
				if i == 0 {
					defer ended.Store(1)
					for n := range 25 {
						r.want(200, "PATCH", "/fields/"+round, fmt.Sprintf(`{"options":["r%d"]}`, n+1))
						at.Store(int64(n + 1))
						for enough := tried.Load() + 20; tried.Load() < enough && !t.Failed(); { // the others write between
							time.Sleep(time.Millisecond)
						}
					}
					return
				}
				w := roundWriter{r, rand.New(rand.NewPCG(seed, uint64(i))), &at}
				for ended.Load() == 0 {
					w.write(i)
					tried.Add(1)
				}
			})
			written := replayRounds(r, start)
			if written < 20 {
				t.Errorf("%d values were written", written)
			}
			t.Logf("%d values were written", written)
		})
	}
}

// roundWriter writes companies with options of about now.
type roundWriter struct {
	*rig
	random *rand.Rand
	at     *atomic.Int64
}

func (w roundWriter) write(i int) {
	body := fmt.Sprintf(`{"name":"Co","custom":{"round":"r%d","erp":"e%d"}}`, w.at.Load()+int64(w.random.IntN(3))-1, w.random.IntN(5))
	var a answer
	switch w.random.IntN(3) {
	case 0:
		a = w.call("POST", "/companies", body)
	case 1:
		a = w.call("POST", "/batch", `[{"method":"POST","path":"/companies","body":`+body+`}]`)
	default:
		a = w.call("PATCH", "/companies/"+w.id("company", 1+w.random.Int64N(5)), body)
	}
	if !slices.Contains([]int{200, 201, 400, 404, 409}, a.status) {
		w.t.Errorf("writer %d: %d %s", i, a.status, a.body)
	}
}

// replayRounds reads the log, and checks each value by the options of its moment. It returns how many there are.
func replayRounds(r *rig, start string) (written int) {
	options, erp := "", map[string]string{}
	for cursor, more := start, true; more; {
		page := r.json(200, "GET", "/changes?limit=200&since="+cursor, "")
		cursor, more = page["cursor"].(string), page["more"] == true
		for _, item := range page["items"].([]any) {
			change := item.(map[string]any)
			to, _ := change["to"].(map[string]any)
			if is, found := to["options"]; found {
				options = fmt.Sprint(is)
			}
			if value, found := to["custom.round"]; found {
				if written++; fmt.Sprint("[", value, "]") != options {
					r.t.Errorf("%v: the options are %s: %v", change["target"], options, change)
				}
			}
			if value, found := to["custom.erp"]; found && strings.HasPrefix(fmt.Sprint(change["target"]), "company/") {
				erp[fmt.Sprint(change["target"])] = fmt.Sprint(value)
			}
		}
	}
	holders := map[string]string{}
	for target, value := range erp {
		if other := holders[value]; other != "" {
			r.t.Errorf("%s and %s both have %s", target, other, value)
		}
		holders[value] = target
	}
	return written
}
