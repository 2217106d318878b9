package server

// SaveAtOnce sets how many rows of an import are saved at once, so that files of few rows
// have several batches.
func (s *Server) SaveAtOnce(rows int) { s.batch.rows = rows }
