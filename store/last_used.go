package store

import (
	"context"
	"maps"
	"slices"
	"sync"

	"crmkit/crm"
	"crmkit/store/list"
)

// lastUsedBuffer holds the last uses of tokens until they are written, so that a request that
// reads does not write. Readers of tokens combine it with the rows.
type lastUsedBuffer struct {
	mu   sync.Mutex
	used map[string]lastUse // by token id
}

// lastUse is the last use of a token.
type lastUse struct {
	user int64
	at   int64 // unix milliseconds
}

// MarkUsed records that the token of an actor is in use. It is written to the file within a
// minute and when the store closes; lists of tokens show it at once.
func (s *Store) MarkUsed(actor crm.Actor) {
	s.lastUsed.mu.Lock()
	defer s.lastUsed.mu.Unlock()
	if s.lastUsed.used == nil {
		s.lastUsed.used = map[string]lastUse{}
	}
	s.lastUsed.used[actor.TokenID] = lastUse{actor.User, s.Now().UnixMilli()}
}

// LastUsed returns when a token was last used, given the time in its row.
func (s *Store) LastUsed(tokenID string, saved int64) int64 { return s.lastUsed.since(tokenID, saved) }

// LastUsed is Store.LastUsed, for a write.
func (tx *Tx) LastUsed(tokenID string, saved int64) int64 {
	return tx.store.lastUsed.since(tokenID, saved)
}

// since returns the later of at and the last use in the buffer.
func (t *lastUsedBuffer) since(id string, at int64) int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return max(t.used[id].at, at)
}

// all returns the uses that are not written yet.
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

// saved removes uses that were written, unless the token was used again.
func (t *lastUsedBuffer) saved(ids []string, used map[string]lastUse) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, id := range ids {
		if t.used[id] == used[id] {
			delete(t.used, id)
		}
	}
}

// flushStep is how many last uses one write saves.
const flushStep = 500

// FlushLastUsed writes the last uses of tokens to the file now, in several writes. Uses that
// cannot be written stay in the buffer.
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

// lastUsedOverlay returns the overlay for a read of an entity. Take it before the read begins:
// a use that is written in between is then in both, and the later time counts.
func (s *Store) lastUsedOverlay(actor crm.Actor, e *crm.Entity) list.Overlay {
	if table := s.mappings[e].LastUsed; table != "" {
		return list.Overlay{At: s.lastUsed.of(actor.User), Table: table}
	}
	return list.Overlay{}
}
