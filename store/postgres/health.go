package postgres

import (
	"strconv"
	"time"
)

// Health is what Check finds of a database and its server. What a role may not see is left out.
type Health struct {
	Name     string // see the function Name
	Role     string
	Database string
	Programs string // see ForPrograms

	Version   string            // of the server, like 15.14
	Settings  map[string]string // of the server that crmkit depends on, by their names; times in milliseconds
	Size      int64             // of the database in bytes
	RoundTrip time.Duration     // that a statement takes at least, mostly the way to the server
	ClockLead time.Duration     // of the server's clock before that of this machine

	Schema, Known int      // the number of migrations in the database, and in this program
	Needs         int      // the schema that a program must know to write to the database
	Missing       []string // names of the migrations that the next start runs
	NeedsThen     int      // Needs after them
	Writes        error    // why a transaction cannot write; nil: it can

	Rights    Rights
	Trigrams  Extension
	Unindexed int // texts without the index by which searches find their parts
	Load      Load
	Pooler    Pooler
	Standbys  []Standby
	Archive   Archive
}

// Rights are those of the role.
type Rights struct {
	Superuser bool
	Create    bool  // new tables, in the schema that is used
	Foreign   int64 // tables of the schema that belong to a role whose member the role is not
	Denied    int64 // tables of which the role may not read or change all rows
	Most      int64 // connections of the role at the same time; -1: as many as of the server
}

// Extension says whether an extension is in the database.
type Extension struct {
	Installed bool
	Available bool // to install, by the role
}

// Load is what uses the connections of the server.
type Load struct {
	Clients  int64  // connections of all programs
	Own      int64  // those of crmkit, without that of Check
	Machines int64  // that have them, or poolers
	Places   string // their addresses; the beginning, if there are many
}

// Pooler is a program between crmkit and the server that shares connections to it.
type Pooler struct {
	Found  bool
	Shares bool  // a connection to the server belongs to a client for one transaction alone
	Refuse error // why a transaction of several statements does not work; nil: it does
}

// Standby is a server that copies the log of this one. Without the right to see it, only its presence
// is known.
type Standby struct {
	Name  string
	State string // streaming, if it has caught up once
	Sync  string // sync or quorum: commits wait for it; potential or async: they do not
	Lag   time.Duration
	Bytes int64 // of the log that it has not replayed
}

// Archive says whether the server's log is archived, as continuous backups need it.
type Archive struct {
	On     bool
	Last   time.Time // the last success; zero: none
	Failed time.Time // the last failure; zero: none
}

// Setting returns a setting of the server that is a number; 0 if the server does not have it.
func (h *Health) Setting(name string) int64 {
	n, _ := strconv.ParseInt(h.Settings[name], 10, 64)
	return n
}

// Free returns how many connections the role may have: those of the server without those that are
// reserved for administrators, or less if the role is limited.
func (h *Health) Free() int64 {
	most := h.Setting("max_connections")
	if !h.Rights.Superuser {
		most -= h.Setting("superuser_reserved_connections") + h.Setting("reserved_connections")
	}
	if h.Rights.Most >= 0 {
		most = min(most, h.Rights.Most)
	}
	return most
}

// Servers returns how many servers of crmkit have connections at least.
func (h *Health) Servers() int64 { return max(h.Load.Machines, (h.Load.Own+Connections-1)/Connections) }
