package cells

import (
	"slices"
	"strings"
	"time"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/crm/products"
)

// Exports of activities also have what is only planned. An activity makes its contact look reached, so a row
// that has not happened yet is refused; it is a task.

// doneColumns are the columns that say whether an activity was done, folded, and statusColumns those
// that say in what state it is.
var (
	doneColumns = strings.Fields(`done isdone completed iscompleted complete closed isclosed held happened
		erledigt abgeschlossen fait faite termine terminee effectue realise hecho hecha completado completada realizado realizada
		fatto completato completata svolto gedaan voltooid afgerond feito concluido concluida`)
	statusColumns = strings.Fields("status callstatus meetingstatus eventstatus taskstatus state statut estado stato etat")
)

// plannedWords are the states of an activity that has not happened, folded, and doneWords those of one
// that has.
var (
	plannedWords = []string{"planned", "scheduled", "not started", "upcoming", "to do", "todo", "to-do", "not done", "not held", "not completed", "pending",
		"geplant", "offen", "nicht erledigt", "ausstehend", "planifie", "planifiee", "prevu", "prevue", "a faire", "planificado", "planificada", "programado", "programada", "pendiente", "por hacer",
		"pianificato", "pianificata", "programmato", "programmata", "da fare", "gepland", "te doen", "planejado", "planejada", "planeado", "agendado", "agendada", "pendente", "a fazer"}
	doneWords = append(slices.Clone(yesMore), "terminee", "termine", "gefuhrt", "effectue", "hecho", "completado", "completato", "fatto", "voltooid", "afgerond", "gedaan", "concluido", "realizado")
)

// refusePlanned refuses a row of an activity that has not happened: a column says so, or no column says
// that it was done and its time is more than a day ahead. Zones differ by less than that.
func (row *rowFields) refusePlanned(cells []crm.Member) *crm.Error {
	f := row.columns.entity.Field("occurred_at")
	if f == nil || row.OwnIDs {
		return nil
	}
	for _, cell := range cells {
		switch row.columns.happened(cell) {
		case isYes:
			return nil
		case isNo:
			return crm.Errorf(crm.InvalidValue, "%s in the column %s says that it has not happened; send it to POST /import/tasks, or leave the row out.", norm.Quote(Text(cell.JSON)), norm.Quote(cell.Name)).On(f.Name)
		}
	}
	at := row.member(f.Name)
	if at != "" && row.isAhead(f, at) {
		return crm.Errorf(crm.InvalidValue, "%s is still to come, so it has not happened yet; send it to POST /import/tasks, or leave the row out.", norm.Quote(Text(at))).On(f.Name)
	}
	return nil
}

// happened returns what a cell says of whether the activity has happened.
func (c *Columns) happened(cell crm.Member) answer {
	column, word := strings.TrimPrefix(products.Fold(norm.Fold(cell.Name)), "activity"), norm.Fold(strings.TrimSpace(Text(cell.JSON)))
	isDone, isStatus := slices.Contains(doneColumns, column), slices.Contains(statusColumns, column)
	switch {
	case !isDone && !isStatus:
		return isNothing
	case slices.Contains(plannedWords, word) || isDone && answerOf(placedCell{json: cell.JSON}) == isNo:
		return isNo
	case slices.Contains(doneWords, word) || isDone && answerOf(placedCell{json: cell.JSON}) == isYes:
		return isYes
	}
	return isNothing
}

// isAhead reports whether a time is after the import, by more than zones differ.
func (row *rowFields) isAhead(f *crm.Field, json string) bool {
	v, fault := row.Env.Normal(f, Text(json))
	return fault == nil && v.Int > row.Env.Now.Add(24*time.Hour).UnixMilli()
}
