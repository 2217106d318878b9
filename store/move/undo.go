package move

import (
	"context"
	"errors"
	"fmt"

	"crmkit/store/engine"
)

// Undo takes the mark from the source of a move, so that servers use it again, and returns the mark
// that it had. What was written to the other database since stays there.
func Undo(ctx context.Context, open func(ctx context.Context, role engine.Role) (engine.Whole, error)) (mark engine.Mark, err error) {
	w, err := open(ctx, engine.Return)
	if err != nil {
		return mark, err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	if mark, err = w.Mark(ctx); err != nil {
		return mark, err
	}
	switch mark.Kind {
	case "":
		return mark, fmt.Errorf("%s was not moved, so there is nothing to undo", w.Name())
	case engine.Arriving:
		return mark, fmt.Errorf("%s is what the move went to: %w", w.Name(), mark.Refusal(w.Name()))
	}
	return mark, inWrite(w, func() error { return w.SetMark(engine.Mark{}) })
}
