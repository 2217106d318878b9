package txn

import "io"

// drawn are the random bytes that the function of a job has taken. A further run for want of a head
// gets the same ones, so that what a write makes does not depend on how often its function ran. A run
// after a failure gets others: a random id that was taken may be the reason.
type drawn struct {
	source io.Reader
	taken  []byte
	at     int // how many of them this run has got
}

// Read implements io.Reader.
func (d *drawn) Read(p []byte) (int, error) {
	if missing := len(p) - (len(d.taken) - d.at); missing > 0 {
		fresh := make([]byte, missing)
		if _, err := io.ReadFull(d.source, fresh); err != nil {
			return 0, err
		}
		d.taken = append(d.taken, fresh...)
	}
	n := copy(p, d.taken[d.at:])
	d.at += n
	return n, nil
}

// Random returns the source of random bytes for what the transaction makes.
func (tx *Tx) Random() io.Reader { return &tx.job.random }
