package bulkedit

import (
	"slices"

	"crmkit/crm"
	"crmkit/store"
)

// checkMerged looks for ids in the filters of records that were merged into others. Who means to delete a
// double must not delete the record it is part of, so for a delete they are refused. A change goes to
// that record, with a remark.
func (r *edit) checkMerged() error {
	if len(r.query.Named) == 0 {
		return nil
	}
	return r.x.store.View(r.rq.Context(), r.rq.Actor, func(v *store.View) error {
		winners, err := v.Winners(r.entity, r.query.Named)
		if err != nil || len(winners) == 0 {
			return err
		}
		var keys []int64
		for _, winner := range winners {
			keys = append(keys, winner)
		}
		there, err := v.Versions(r.entity, nil, keys)
		if err != nil {
			return err
		}
		for _, key := range r.query.Named {
			winner, merged := winners[key]
			remark := store.Followed{Entity: r.entity, From: key, To: winner}.Remark()
			switch {
			case !merged || there[winner] == 0 || slices.Contains(r.query.Remarks, remark):
			case r.draft == nil:
				return NoDouble(r.entity, key, crm.RecordID(r.entity.Prefix, winner)).On("id")
			default:
				r.query.Remarks = append(r.query.Remarks, remark)
			}
		}
		return nil
	})
}

// NoDouble is the error for the delete of a record that was merged into the one with an id.
func NoDouble(e *crm.Entity, key int64, winner string) *crm.Error {
	return crm.Errorf(crm.NotFound, "there is no %s %s: it was merged into %s. To delete that one, send DELETE /%s/%s.", e.Name, crm.RecordID(e.Prefix, key), winner, e.Route(), winner)
}
