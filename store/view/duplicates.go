package view

import (
	"crmkit/crm"
	"crmkit/store/duplicates"
)

// Duplicates returns what finds records of a kind that may be of one person or company. It is of the
// moment of the view, and must not be used after it.
func (v *View) Duplicates(e *crm.Entity) (*duplicates.Source, error) {
	r, err := v.reader(e)
	if err != nil {
		return nil, err
	}
	return &duplicates.Source{Actor: v.actor, Entity: e, Read: func(text string, args []any, each func(scan func(...any) error) error) error {
		return r.Rows(v.ctx, text, args, each)
	}}, nil
}
