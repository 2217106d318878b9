package store

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"sync"
	"time"

	"crmkit/crm"
	"crmkit/store/sqlite"
)

// lastUsedBuffer remembers when tokens were last used, so that requests that read do not write.
// A use stays here until it is in the file; who reads tokens takes both together.
type lastUsedBuffer struct {
	mu   sync.Mutex
	used map[string]lastUse // by token id
}

// lastUse is the last use of a token.
type lastUse struct {
	user int64
	at   int64 // unix milliseconds
}

// MarkUsed notes that the token of an actor is in use. It reaches the file within a minute,
// and when the store closes; lists of tokens show it at once.
func (s *Store) MarkUsed(actor crm.Actor) {
	s.lastUsed.mu.Lock()
	defer s.lastUsed.mu.Unlock()
	if s.lastUsed.used == nil {
		s.lastUsed.used = map[string]lastUse{}
	}
	s.lastUsed.used[actor.TokenID] = lastUse{actor.User, s.Now().UnixMilli()}
}

// LastUsed returns when a token was last used, given what its row says: a later use may not
// be written yet.
func (s *Store) LastUsed(tokenID string, saved int64) int64 { return s.lastUsed.since(tokenID, saved) }

// LastUsed is Store.LastUsed, for a write.
func (tx *Tx) LastUsed(tokenID string, saved int64) int64 {
	return tx.store.lastUsed.since(tokenID, saved)
}

// since returns when a token was last used, if the file says at.
func (t *lastUsedBuffer) since(id string, at int64) int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return max(t.used[id].at, at)
}

// all returns the uses that are not in the file yet.
func (t *lastUsedBuffer) all() map[string]lastUse {
	t.mu.Lock()
	defer t.mu.Unlock()
	return maps.Clone(t.used)
}

// of returns those of one user, by token id.
func (t *lastUsedBuffer) of(user int64) map[string]int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	own := map[string]int64{}
	for id, u := range t.used {
		if u.user == user {
			own[id] = u.at
		}
	}
	return own
}

// saved forgets uses that are in the file now, but for tokens that were used again.
func (t *lastUsedBuffer) saved(ids []string, used map[string]lastUse) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, id := range ids {
		if t.used[id] == used[id] {
			delete(t.used, id)
		}
	}
}

const flushEvery = 30 * time.Second

// runMaintenance writes token uses back, and purges, until the store closes.
func (s *Store) runMaintenance() {
	tick := time.NewTicker(flushEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			s.FlushLastUsed(context.Background())
			s.Purge(context.Background())
		case <-s.stop:
			return
		}
	}
}

// flushStep is how many uses of tokens one write brings to the file.
const flushStep = 500

// FlushLastUsed writes the uses noted by Touch to the file now. They go in steps, between
// which others write; those that could not be written stay noted.
func (s *Store) FlushLastUsed(ctx context.Context) {
	used := s.lastUsed.all()
	for ids := range slices.Chunk(slices.Collect(maps.Keys(used)), flushStep) {
		err := s.Write(ctx, crm.Actor{}, func(tx *Tx) error { return tx.saveLastUsed(ids, used) })
		if err != nil {
			s.opts.Log.Warn("token uses not written yet", "error", err)
			return
		}
		s.lastUsed.saved(ids, used)
	}
}

func (tx *Tx) saveLastUsed(ids []string, used map[string]lastUse) error {
	for _, id := range ids {
		if err := tx.Exec("UPDATE tokens SET last_used_at = $2 WHERE id = $1 AND last_used_at < $2", id, used[id].at); err != nil {
			return err
		}
	}
	return nil
}

// lastUsedField is the field of tokens that touches are about.
const lastUsedField = "last_used_at"

// lastUsedOverlay is what a look at tokens lays over their rows: the uses that are not in the file
// yet.
type lastUsedOverlay struct {
	at    map[string]int64 // by token id
	table string           // table.overlay of tokens; empty: the look is at another kind
}

// lastUsedOverlay returns what a look at records of a kind lays over them. It is called before the
// look begins: a use that is saved in between is then in both, and the later time counts.
func (s *Store) lastUsedOverlay(actor crm.Actor, e *crm.Entity) lastUsedOverlay {
	if table := s.mappings[e].lastUsedSQL; table != "" {
		return lastUsedOverlay{s.lastUsed.of(actor.User), table}
	}
	return lastUsedOverlay{}
}

// json returns the uses as the argument of table.overlay.
func (o lastUsedOverlay) json() string {
	text, _ := json.Marshal(o.at) // of such a map it cannot fail
	return string(text)
}

// apply lays the uses over records that were read.
func (o lastUsedOverlay) apply(records []crm.Record) {
	for _, rec := range records {
		if at := o.at[rec.ID]; at > rec.Value(lastUsedField).Int {
			rec.Set(lastUsedField, crm.Millis(at))
		}
	}
}

// lastUsedText returns SQL of the records of a user as a table in which each was used last when
// its row says or an argument does, whichever is later. %d is the place of the argument.
// Where records are not used it is empty.
func (t *mapping) lastUsedText() string {
	if t.entity.Field(lastUsedField) == nil {
		return ""
	}
	columns := "t.key, t.id, t." + t.entity.ScopeColumn()
	for _, i := range t.persistent {
		for _, column := range fieldColumns(&t.entity.Fields[i]) {
			if column != lastUsedField {
				columns += ", t." + column
			}
		}
	}
	return "(SELECT " + columns + ", CASE WHEN u.value > t.last_used_at THEN u.value ELSE t.last_used_at END AS last_used_at FROM " +
		t.entity.TableName() + " t LEFT JOIN (" + sqlite.PairsFromJSON + ") u ON u.key = t.id WHERE " + scopeSQL(t.entity) + ")"
}
