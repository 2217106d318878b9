package txn

import (
	"encoding/json"
	"maps"
	"slices"

	"crmkit/crm/catalog"
	"crmkit/store/engine"
)

// In a shared database a question takes longer to get there and back than to be answered, and the jobs
// of a batch run one after the other. So a job may say before it runs what it will ask (Ahead), and the
// batch asks the questions of all its jobs at once, in one round trip, and notes the answers for Once
// and Answer. A job then runs as it would without that: it takes an answer that is noted, and asks
// otherwise. So what a job says ahead can make it slow, but not wrong.
//
// An answer that is noted is right until the batch itself changes it: heads keep others away. The topic
// Records has the rules for that. Statements that change or delete rows drop all answers of the topic, except
// those whose caller corrects the answers (ExecCorrecting); what adds rows corrects them in any case.

// Ahead is a question that a job will ask: its sort, and what it is about.
type Ahead struct {
	Sort  Sort
	About any
}

// Sort is a sort of questions that are asked at once. It must be comparable.
type Sort interface {
	// Questions returns the statements that answer questions about some things of the workspace of tx, and
	// note the answers. It is called again, with the next round, once they have run, until no sort has more
	// statements.
	Questions(tx *Tx, about []any, round int) ([]engine.Question, error)
}

// maxAhead is how many questions a batch asks ahead. Further ones are asked by the jobs themselves.
const maxAhead = 10_000

// askAhead asks what jobs will ask. If that fails it returns false, and the transaction must run again:
// then nothing is asked ahead.
func (w *writer) askAhead(batch []*job) bool {
	if !w.db.traits.Shared || w.tuning.NotAhead {
		return true
	}
	of := map[int64]*aheads{}
	for _, j := range batch {
		if len(j.ahead) == 0 {
			continue
		}
		all := of[j.actor.Workspace]
		if all == nil {
			all = &aheads{seen: map[Ahead]bool{}, about: map[Sort][]any{}}
			of[j.actor.Workspace] = all
		}
		a := j.actor
		all.add([]Ahead{{usageSort{}, catalog.Storage}, {originSort{}, origin{a.Workspace, a.Email, a.TokenID, a.Addr}}})
		all.add(j.ahead)
	}
	err := w.askAll(of)
	if err == nil {
		return true
	}
	if w.db.data.Fault(err) != engine.NoFault {
		w.cause = err
	} else {
		w.db.opts.Log.Error("questions were not asked ahead of writes, which takes longer", "error", err)
	}
	for _, j := range batch {
		j.ahead = nil
	}
	return false
}

// askAll asks the questions about each workspace, round by round.
func (w *writer) askAll(of map[int64]*aheads) error {
	for round := 0; ; round++ {
		var list []engine.Question
		for _, workspace := range slices.Sorted(maps.Keys(of)) {
			tx := w.own()
			tx.Actor.Workspace = workspace
			more, err := of[workspace].questions(tx, round)
			if err != nil {
				return err
			}
			list = append(list, more...)
		}
		if len(list) == 0 {
			return nil
		}
		if err := w.conn.Several(list); err != nil {
			return err
		}
	}
}

// aheads are the questions about one workspace, each once.
type aheads struct {
	sorts []Sort // in the order in which they came
	about map[Sort][]any
	seen  map[Ahead]bool
}

// questions returns the statements of a round.
func (all *aheads) questions(tx *Tx, round int) (list []engine.Question, err error) {
	for _, sort := range all.sorts {
		more, err := sort.Questions(tx, all.about[sort], round)
		if err != nil {
			return nil, err
		}
		list = append(list, more...)
	}
	return list, nil
}

// add adds those questions that are new.
func (all *aheads) add(list []Ahead) {
	for _, a := range list {
		if all.seen[a] || len(all.seen) == maxAhead {
			continue
		}
		all.seen[a] = true
		if all.about[a.Sort] == nil {
			all.sorts = append(all.sorts, a.Sort)
		}
		all.about[a.Sort] = append(all.about[a.Sort], a.About)
	}
}

// JSON returns what questions are about as an argument for engine.KeysFromJSON and the like.
func JSON(about []any) (string, error) {
	list, err := json.Marshal(about)
	return string(list), err
}

// NextNumberAhead is the question that NextNumber asks about a kind.
func NextNumberAhead(kind string) Ahead { return Ahead{usageSort{}, kind} }

// usageSort asks for rows of usage, by their kinds.
type usageSort struct{}

// Questions implements Sort.
func (usageSort) Questions(tx *Tx, about []any, round int) ([]engine.Question, error) {
	if round > 0 {
		return nil, nil
	}
	all, workspace := tx.writer.counters, tx.Actor.Workspace
	list, err := JSON(about)
	each := func(scan func(...any) error) error {
		var kind string
		var row countRow
		err := scan(&kind, &row.last, &row.n, &row.latest, &row.astray)
		if kind == catalog.Storage {
			l := Counters{Last: row.last, Latest: row.latest, Bytes: row.n}
			all.was[workspace], all.is[workspace] = l, l
		} else {
			all.counts.records[recordCount{workspace, kind}] = row
		}
		return err
	}
	text := "SELECT k.value, COALESCE(u.last, 0), COALESCE(u.n, 0), COALESCE(u.latest, 0), COALESCE(u.astray, 0) FROM items_of($2) k LEFT JOIN usage u ON u.workspace_id = $1 AND u.kind = k.value"
	return []engine.Question{{Text: text, Args: []any{workspace, list}, Each: each}}, err
}

// originSort asks for rows of origins.
type originSort struct{}

// Questions implements Sort.
func (originSort) Questions(tx *Tx, about []any, round int) (list []engine.Question, err error) {
	if round > 0 {
		return nil, nil
	}
	known := tx.writer.origins
	for _, o := range about {
		id := o.(origin)
		list = append(list, engine.Question{Text: findOrigin, Args: id.args(), Each: func(scan func(...any) error) error {
			var key int64
			err := scan(&key)
			known[id] = key
			return err
		}})
	}
	return list, nil
}
