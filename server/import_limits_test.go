package server

import "time"

// SaveAtOnce sets how many rows of an import are saved at once, so that files of few rows
// have several batches.
func (s *Server) SaveAtOnce(rows int) { s.transfer.Limits.Batch.Rows = rows }

// RememberAtMost sets the bytes that a dry run may remember, so that small files are too large.
func (s *Server) RememberAtMost(bytes int64) { s.transfer.Limits.DryRunMemory = bytes }

// TakeNobodyForBusy makes imports run as if they were alone, however slow the machine is, so that the
// number of their transactions is certain.
func (s *Server) TakeNobodyForBusy() { s.transfer.Limits.FreeWait = time.Hour }
