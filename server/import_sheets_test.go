package server_test

import (
	"strings"
	"testing"
)

// TestColumnsOfSheets imports sheets whose columns have a field although no product has them, and cells
// that a sheet has spoiled. A part that begins with ! must not be there.
func TestColumnsOfSheets(t *testing.T) {
	for _, c := range []struct {
		kind, file string
		want       []string
	}{
		{"contacts", "Name,Next follow-up\nAnn,2026-12-05\n", []string{"follow_up_at=2026-12-05"}},
		{"contacts", "Name,Follow up\nAnn,ask for the May budget\n", []string{`follow_up_note="ask for the May budget"`, "!follow_up_at"}},
		{"contacts", "Name;Wiedervorlage\nAnn;05.12.2026\nBob;n/a\n", []string{"follow_up_at=2026-12-05", "!follow_up_note"}},
		{"contacts", "Nom;Prénom;Date de relance;Tél. portable\nLee;Ann;25/12/2026;0612345678\n", []string{"follow_up_at=2026-12-25", "phone=0612345678"}},
		{"contacts", "Name,Email,Private email\nAnn,ann@acme.com,ann@home.example\n", []string{"other_emails=ann@home.example"}},
		{"deals", "Deal,Status,Won date\nBig,won,2026-04-03\n", []string{"closed_at=2026-04-03"}},
		{"deals", "Affaire;Statut;Date de perte;Raison de perte\nBig;perdu;25/04/2026;Prix\n", []string{"closed_at=2026-04-25", "lost_reason=Prix"}},
		{"deals", "Titel;Status;Geschlossen am;Wiedervorlage\nBig;gewonnen;25.04.2026;26.04.2026\n", []string{"closed_at=2026-04-25", "follow_up_at=2026-04-26"}},
		{"tasks", "Task,Completed on\nCall,2026-04-03\n", []string{"done_at=2026-04-03", "done=yes"}},
		{"contacts", "Name,Email,Phone,City,Seats\n#N/A,ann@acme.com,#REF!,#NAME?,#DIV/0!\n", []string{"name=ann@acme.com", "!#", "!phone=", "!Seats", "!address"}},
		{"contacts", "Vorname;Nachname;Firma;Ort\nAnn;#NV;#BEZUG!;#WERT!\n", []string{"name=Ann", "!#", "!company", "!address"}},
		{"contacts", "Name,Company\nAnn,Err:502\nBob,########\n", []string{"name=Ann", "!Err", "!##"}},
		{"contacts", "Name,Phone\nAnn,4.91712E+11\n", []string{"!Ann", `row 1 ERROR invalid_value Phone: 4.91712E+11 is no phone number`}},
	} {
		r := newRig(t).as("jane@acme.com")
		plan, saved := r.want(200, "POST", "/import/"+c.kind, c.file), r.want(200, "GET", "/export/"+c.kind, "")
		saved = strings.ReplaceAll(saved, "\n# ", "\n")
		for _, part := range c.want {
			if absent, is := strings.CutPrefix(part, "!"); is && strings.Contains(saved, absent) || !is && !strings.Contains(saved+plan, part) {
				t.Errorf("%s: %s\n%s\n%s", c.file, part, plan, saved)
			}
		}
	}
}
