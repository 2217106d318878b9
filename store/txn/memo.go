package txn

import "strings"

// A batch asks the same few questions for each of its jobs: which role a token has, whether a delete
// is under way, which key a label has. An answer is kept until a statement of the batch writes to
// a table that it is from, or a part of the batch is rolled back, at the longest until the
// transaction ends. Other transactions cannot change cascades and names of the workspace before; a
// change of an account beside the batch is as if it came after it.

// Topic is a set of tables that answers are from.
type Topic int

const (
	Accounts Topic = iota // the tables that belong to no workspace
	Cascades              // cascades
	Names                 // names
	Records               // the tables of records, list_values and duplicate_keys
	topics
)

// memo has the answers of a batch.
type memo [topics]map[memoKey]any

type memoKey struct {
	workspace int64
	question  string
}

// maxAnswers is how many answers of a topic are kept.
const maxAnswers = 20_000

// Once returns the answer to a question about the workspace. It calls read unless the batch has
// asked before.
func Once[T any](tx *Tx, topic Topic, question string, read func() (T, error)) (T, error) {
	answer, known, err := Answer[T](tx, topic, question)
	if known || err != nil {
		return answer, err
	}
	if answer, err = read(); err == nil {
		Note(tx, topic, question, answer)
	}
	return answer, err
}

// Answer returns the answer to a question about the workspace if the batch has it.
func Answer[T any](tx *Tx, topic Topic, question string) (answer T, known bool, err error) {
	if err := tx.CheckDeadline(); err != nil {
		return answer, false, err
	}
	kept, known := tx.writer.memo[topic][memoKey{tx.Actor.Workspace, question}]
	if known {
		answer = kept.(T)
	}
	return answer, known, nil
}

// Note keeps the answer to a question that Once may ask.
func Note[T any](tx *Tx, topic Topic, question string, answer T) {
	answers := tx.writer.memo[topic]
	if answers == nil || len(answers) >= maxAnswers {
		answers = map[memoKey]any{}
		tx.writer.memo[topic] = answers
	}
	answers[memoKey{tx.Actor.Workspace, question}] = answer
}

// HasAnswers reports whether the batch has answers of a topic.
func (tx *Tx) HasAnswers(topic Topic) bool { return len(tx.writer.memo[topic]) > 0 }

// Forget drops the answer to a question about the workspace.
func (tx *Tx) Forget(topic Topic, question string) {
	delete(tx.writer.memo[topic], memoKey{tx.Actor.Workspace, question})
}

// writes says what a statement changes.
type writes struct {
	outside bool // a table whose rows belong to no workspace
	topics  [topics]bool
}

// maxKnown is how many statements are remembered.
const maxKnown = 1000

// writesOf returns what a statement changes.
func (w *writer) writesOf(text string) writes {
	is, known := w.statements[text]
	if known || strings.HasPrefix(text, "SELECT ") {
		return is
	}
	if isRead(text) {
		return w.noteStatement(text, is)
	}
	table := writtenTable(text)
	is.outside = table != "" && !isInWorkspaces(table)
	added := strings.HasPrefix(text, "INSERT ")
	is.topics = [topics]bool{Accounts: is.outside, Cascades: table == "cascades", Names: table == "names" && !added, Records: !added && (is.outside || isOfRecords(table))}
	return w.noteStatement(text, is)
}

// noteStatement remembers what a statement changes, and returns it.
func (w *writer) noteStatement(text string, is writes) writes {
	if len(w.statements) >= maxKnown || w.statements == nil {
		w.statements = map[string]writes{}
	}
	w.statements[text] = is
	return is
}

// isOfRecords reports whether answers of the topic Records may be from a table in workspaces.
func isOfRecords(table string) bool {
	return table == "" || table == "list_values" || table == "duplicate_keys" || isRecords(table)
}

// forget drops the answers that a statement may change. What adds rows to the tables of Names and of
// Records corrects their answers itself, since a batch of creates does little else.
func (m *memo) forget(is writes) {
	for topic, changed := range is.topics {
		if changed {
			clear(m[topic])
		}
	}
}

// clear drops all answers.
func (m *memo) clear() {
	for _, answers := range m {
		clear(answers)
	}
}
