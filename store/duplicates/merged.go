package duplicates

import (
	"encoding/json"
	"fmt"

	"crmkit/crm"
	"crmkit/store/engine"
)

// maxMerged is how many records become a part of one at most. The handles of all of them change with the next
// merge of that one, in its transaction, for which other writes wait.
const maxMerged = 2000

// rowReader reads a row of a statement.
type rowReader interface {
	Row(text string, args []any, dest ...any) (found bool, err error)
}

// CheckMerged refuses a merge after which too many handles would lead to a record. It counts no more of them than
// may be.
func CheckMerged(r rowReader, winner crm.Record, others []crm.Record) error {
	keys, n := []int64{winner.Key}, 0
	for _, other := range others {
		keys = append(keys, other.Key)
	}
	list, err := json.Marshal(keys)
	if err != nil {
		return err
	}
	text := fmt.Sprintf("SELECT COUNT(*) FROM (SELECT 1 FROM merged WHERE workspace_id = $1 AND kind = $2 AND winner IN ("+engine.KeysFromJSON+") LIMIT $4) few", 3)
	_, err = r.Row(text, []any{crm.RecordWorkspace(winner.Key), winner.Entity.Name, string(list), maxMerged}, &n)
	if err == nil && n+len(others) > maxMerged {
		return crm.Errorf(crm.InvalidValue, "with these more than %d records would be merged into %s, the most that one may have. Nothing was saved; delete those that have nothing to keep.", maxMerged, winner.Handle()).On("from")
	}
	return err
}
