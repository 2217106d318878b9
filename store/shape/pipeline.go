package shape

import (
	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/crm/pipeline"
	"crmkit/crm/shape"
	"crmkit/store/refusal"
	"crmkit/store/txn"
)

// Two pipelines never have one name in two spellings, because records name them in any; and of those of a kind one is
// the default. Both are checked in the transaction, in every way in: writes, imports, restores and undos.

// byAnother returns a value of a pipeline that another one has and a change sets.
func byAnother(tx *txn.Tx, before, after crm.Record) (taken Taken) {
	name, isDefault := after.Value("name"), after.Value("default")
	for _, p := range pipelines(tx, after) {
		switch {
		case !name.Equal(before.Value("name")) && norm.Fold(p.Name) == norm.Fold(name.Text):
			return Taken{"name", p.Name, p.Key}
		case !isDefault.Equal(before.Value("default")) && isDefault.Text == "yes" && p.Default && p.Kind == after.Value("kind").Text:
			taken = Taken{"default", isDefault.Text, p.Key}
		}
	}
	return taken
}

// pipelines returns the pipelines of the workspace other than a record; none if the record is no pipeline.
func pipelines(tx *txn.Tx, rec crm.Record) (list []pipeline.Pipeline) {
	if flow := shape.Of(tx.Actor.Schema).Flow(); flow != nil && rec.Entity.Name == "pipeline" {
		for _, p := range flow.Pipelines {
			if p.Key != rec.Key {
				list = append(list, p)
			}
		}
	}
	return list
}

// Settle makes a pipeline that comes back, or is imported, not the default if another one is by now.
func (s *Shapes) Settle(tx *txn.Tx, rec crm.Record) error {
	if err := s.EnterFor(tx, rec.Entity); err != nil {
		return err
	}
	if byAnother(tx, crm.NewRecord(rec.Entity), rec).Name == "default" {
		rec.Set("default", crm.Str("no"))
	}
	return nil
}

// checkNew refuses a new pipeline that has the name of another one in another spelling. The same spelling leads to that
// one, as every unique value does.
func checkNew(tx *txn.Tx, rec crm.Record) error {
	if taken := byAnother(tx, crm.NewRecord(rec.Entity), rec); rec.Version() == 1 && taken.Name == "name" {
		return refusal.Taken(rec.Entity, taken.Holder, taken.Name, taken.Value)
	}
	return nil
}
