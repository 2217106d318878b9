package server_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// limitsStage is a stage of the pipelines of TestStagesAtTheLimits. Each pipeline has the same names in another order.
func limitsStage(pipeline, place int) (name string, probability int64) {
	return fmt.Sprintf("Étape %d", (place*7+pipeline)%50), int64(place * 2)
}

// TestStagesAtTheLimits compares filters and orders of what follows from stages with a computation on each deal, in a
// workspace with the most pipelines of the most stages.
func TestStagesAtTheLimits(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	for p := range 20 {
		var stages []string
		for place := range 50 {
			name, probability := limitsStage(p, place)
			stages = append(stages, fmt.Sprintf(`{"name":%q,"probability":%d,"stale_after":"%dd"}`, name, probability, 1+place))
		}
		r.want(201, "PUT", fmt.Sprintf("/pipelines/line-%d", p), fmt.Sprintf(`{"kind":"deal","default":%q,"stages":[%s]}`, map[bool]string{true: "yes", false: "no"}[p == 3], strings.Join(stages, ",")))
	}
	random := rand.New(rand.NewPCG(1, 5))
	var deals []modelDeal
	weight, place := map[string]int64{}, map[string]int64{}
	for range 60 {
		p, at := random.IntN(20), random.IntN(50)
		name, probability := limitsStage(p, at)
		amount, in := 100*random.Int64N(1000), fmt.Sprintf(`"pipeline":"LINE-%d",`, p)
		if p == 3 {
			in = "" // the default
		}
		d := modelDeal{id: r.json(201, "POST", "/deals", fmt.Sprintf(`{%s"title":"x","amount_cents":%d,"stage":%q}`, in, amount, strings.ToUpper(name)))["id"].(string), amount: amount}
		weight[d.id], place[d.id] = d.amount*probability/100, int64(at)
		deals = append(deals, d)
	}
	r.sorts(deals, "stage", func(d modelDeal) (int64, bool) { return place[d.id], true })
	r.sorts(deals, "weighted_cents", func(d modelDeal) (int64, bool) { return weight[d.id], true })
	r.finds(deals, "weighted_cents=gte:20000", func(d modelDeal) bool { return weight[d.id] >= 20000 })
	r.clock.Advance((25*24 + 1) * time.Hour)
	stale := func(d modelDeal) bool { return place[d.id] < 25 }
	r.finds(deals, "stale=yes", stale)
	r.finds(deals, "where=stale=yes+and+(stale=yes+or+weighted_cents=lt:0+or+days_in_stage=3)", stale)
}
