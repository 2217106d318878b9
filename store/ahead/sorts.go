package ahead

import (
	"strconv"

	"crmkit/crm"
	"crmkit/crm/alike"
	"crmkit/store/duplicates"
	"crmkit/store/engine"
	"crmkit/store/secondary"
	"crmkit/store/txn"
)

// The sorts of questions. A question is looked up by an index for each thing that it is about, so the
// statements are subqueries: of a join the planner might read the whole table instead.

// holders asks which records have values that one record may have.
type holders struct {
	entity *crm.Entity
	field  *crm.Field // unique, or a list
}

func holderQuestion(e *crm.Entity, f *crm.Field, value string) string {
	return "holder " + e.Name + "." + f.Name + " " + value
}

// Questions implements txn.Sort.
func (h holders) Questions(tx *txn.Tx, about []any, round int) ([]engine.Question, error) {
	if round > 0 {
		return nil, nil
	}
	text := "SELECT v.value, COALESCE("
	items := h.field
	if h.field.Others != "" {
		items = h.entity.Field(h.field.Others)
		text += "(SELECT t.key FROM " + h.entity.Plural + " t WHERE t.workspace_id = $1 AND t." + h.field.Col() + " = v.value), "
	}
	var same []any // values whose form among further values is the same
	for _, value := range about {
		if items.ItemForm(value.(string)) == value {
			same = append(same, value)
		}
	}
	if len(same) == 0 {
		return nil, nil
	}
	list, err := txn.JSON(same)
	args := []any{tx.Actor.Workspace, list, h.entity.ItemKind(items)}
	text += "(SELECT l.record FROM list_values l WHERE l.workspace_id = $1 AND l.kind = $3 AND l.value = v.value LIMIT 1), 0) FROM items_of($2) v"
	return []engine.Question{{Text: text, Args: args, Each: func(scan func(...any) error) error {
		var value string
		var key int64
		err := scan(&value, &key)
		txn.Note(tx, txn.Records, holderQuestion(h.entity, h.field, value), key)
		return err
	}}}, err
}

// labels asks for the labels of records.
type labels struct{ entity *crm.Entity }

func labelQuestion(e *crm.Entity, key int64) string {
	return "label " + e.Name + " " + strconv.FormatInt(key, 10)
}

// Questions implements txn.Sort.
func (l labels) Questions(tx *txn.Tx, about []any, round int) ([]engine.Question, error) {
	if round > 0 {
		return nil, nil
	}
	list, err := txn.JSON(about)
	text := "SELECT v.value, (SELECT t." + l.entity.LabelField + " FROM " + l.entity.Plural + " t WHERE t.workspace_id = $1 AND t.key = v.value) FROM keys_of($2) v"
	return []engine.Question{{Text: text, Args: []any{tx.Actor.Workspace, list}, Each: func(scan func(...any) error) error {
		var key int64
		var label *string
		err := scan(&key, &label)
		txn.Note(tx, txn.Records, labelQuestion(l.entity, key), label)
		return err
	}}}, err
}

// names asks for the keys of names of a kind.
type names struct{ kind string }

// Questions implements txn.Sort.
func (n names) Questions(tx *txn.Tx, about []any, round int) ([]engine.Question, error) {
	if round > 0 {
		return nil, nil
	}
	list, err := txn.JSON(about)
	text := "SELECT v.value, COALESCE((SELECT n.key FROM names n WHERE n.workspace_id = $1 AND n.kind = $2 AND n.name = v.value), 0) FROM items_of($3) v"
	return []engine.Question{{Text: text, Args: []any{tx.Actor.Workspace, n.kind, list}, Each: func(scan func(...any) error) error {
		var name string
		var key int64
		err := scan(&name, &key)
		txn.Note(tx, txn.Names, secondary.NameQuestion(n.kind, name), key)
		return err
	}}}, err
}

// likes asks for records that may be like others: first for the rows with their keys, then for the
// cards of those that are compared.
type likes struct{ entity *crm.Entity }

// like is what a question of the sort likes is about.
type like struct {
	*alike.Card
	country string
}

// Questions implements txn.Sort. All but a few writes of a batch have the same country; what
// others compare they read.
func (l likes) Questions(tx *txn.Tx, about []any, round int) ([]engine.Question, error) {
	var cards []*alike.Card
	for _, a := range about {
		cards = append(cards, a.(like).Card)
	}
	source := &duplicates.Source{Actor: crm.Actor{Workspace: tx.Actor.Workspace, Country: about[0].(like).country}, Entity: l.entity}
	switch round {
	case 0:
		known := duplicates.NewKnown()
		txn.Note(tx, txn.Records, secondary.LikesOf+l.entity.Name, known)
		rows, err := known.AskRows(source, cards)
		return []engine.Question{rows}, err
	case 1:
		known, err := secondary.Known(tx, l.entity)
		if known == nil || err != nil {
			return nil, err
		}
		return known.AskCards(source, cards)
	}
	return nil, nil
}
