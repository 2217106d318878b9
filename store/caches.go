package store

// Caches bound what a store keeps in memory to answer faster. Its answers are the same
// with any of them, but that without Search no misspelled words are looked for.
type Caches struct {
	Search  int64 // bytes for the text that is searched; 0: none is kept
	Records int64 // bytes for records that were read lately; 0: none are kept
	Counts  int   // counts, of some hundred bytes each; 0: none are kept
}

// DefaultCaches returns those of a store whose Options name none.
func DefaultCaches() *Caches {
	return &Caches{Search: 256 << 20, Records: 64 << 20, Counts: 10_000}
}
