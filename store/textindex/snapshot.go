package textindex

import (
	"context"
	"slices"

	"crmkit/crm"
	"crmkit/query"
)

// Snapshot is the text of one workspace after one commit. All searches of a snapshot read the same
// records, of several kinds too, whatever is committed meanwhile. It serves one goroutine at a
// time.
type Snapshot struct {
	set       *Set
	workspace int64
	states    []indexState // of the filled indexes
}

// indexState is an index after one commit.
type indexState struct {
	*index
	segments segments
	changes  uint64
}

// Snapshot returns the present text of a workspace. It has only filled indexes: call Prepare first
// for the kinds that will be searched.
func (s *Set) Snapshot(workspace int64) *Snapshot {
	n := &Snapshot{set: s, workspace: workspace, states: make([]indexState, 0, len(s.fields))}
	s.mu.Lock() // Apply holds it for all indexes of a commit
	defer s.mu.Unlock()
	for e := range s.fields {
		if x := s.indexes[Key{workspace, e}]; x != nil {
			n.states = x.appendState(n.states)
		}
	}
	return n
}

// appendState appends the state of the index, if it is filled. After that the segments are shared,
// so the next commit copies their list.
func (x *index) appendState(list []indexState) []indexState {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.state != filled {
		return list
	}
	x.shared = true
	return append(list, indexState{x, x.segments, x.changes})
}

// Prepare fills the indexes that a search of a kind reads, and waits for them at most Options.Wait.
// So a Snapshot after it may not have them. Without terms it fills those that any search reads.
func (s *Set) Prepare(ctx context.Context, of Key, terms *query.Terms) error {
	for _, e := range s.fields[of.Entity].needed(terms) {
		if e == nil {
			continue
		}
		x, err := s.get(ctx, Key{of.Workspace, e})
		if x == nil || err != nil {
			return err
		}
	}
	return nil
}

// needed returns the kinds whose text a search reads: the kind itself, and for each of its references
// the target, or nil if the search does not read it.
func (f Fields) needed(terms *query.Terms) []*crm.Entity {
	if f.Entity == nil {
		return nil
	}
	list := []*crm.Entity{f.Entity}
	for _, ref := range f.Refs {
		if terms == nil || len(terms.Words) > 0 || slices.ContainsFunc(terms.Likes, func(l query.Like) bool { return slices.Contains(l.Refs, ref) }) {
			list = append(list, f.Entity.Target(ref))
		} else {
			list = append(list, nil)
		}
	}
	return list
}

// indexesFor returns the state of the index of each kind that a search reads, in the order
// of Fields.needed; nil if one of them is not available.
func (n *Snapshot) indexesFor(e *crm.Entity, terms *query.Terms) (list []indexState) {
	for _, kind := range n.set.fields[e].needed(terms) {
		at := slices.IndexFunc(n.states, func(is indexState) bool { return is.key.Entity == kind })
		switch {
		case kind == nil:
			list = append(list, indexState{})
		case at < 0:
			return nil
		default:
			list = append(list, n.states[at])
		}
	}
	return list
}
