package textindex

import "context"

// Source reads the records that an index is filled from.
type Source interface {
	// LastNumber returns the highest record number of the kind so far, or 0.
	LastNumber(ctx context.Context, of Key) (int64, error)

	// Rows calls each for the rows of a page, in any order. The row is not used after each has
	// returned, so the source may use its slices again. An error that is a *crm.Error is not
	// logged: the source has logged it, or it is expected.
	Rows(ctx context.Context, page Page, each func(Row)) error
}

// Page is a range of the records of one kind in one workspace.
type Page struct {
	Key
	Fields     Fields
	First, End int64 // record numbers; End is the first after the page
}

// Row is a record as a source returns it.
type Row struct {
	Key       int64
	UpdatedAt int64    // in milliseconds
	Own       []string // of Fields.Own, in their folded form (crm.Field.FoldOf)
	Refs      []int64  // of Fields.Refs: keys, 0 for unset
}
