package server

// SaveAtOnce sets how many rows of an import are saved at once, so that files of few rows
// have several batches.
func (s *Server) SaveAtOnce(rows int) { s.transfer.Limits.Batch.Rows = rows }

// RememberAtMost sets how many bytes a dry run remembers, so that small files are too large.
func (s *Server) RememberAtMost(bytes int64) { s.transfer.Limits.DryRunMemory = bytes }
