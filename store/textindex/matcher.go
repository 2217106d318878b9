package textindex

import "bytes"

// substringFinder finds a text in segments. bytes.Index searches for the first byte of the text, and
// is slow if that is frequent: each "person…@" begins like a million others. A finder searches
// for the byte of the text that is rarest in the index.
type substringFinder struct {
	text   []byte
	anchor int // 1 + the position of that byte; 0: no byte is rare
}

// Before a search, bytes are counted in a sample of segments: at most maxSample of them, at least
// sampleEvery apart, so that counting takes little time compared with the search. A byte is rare
// if it is less than rareShare of the sample.
const (
	maxSample   = 8
	sampleEvery = 64
	rareShare   = 1.0 / 50
)

// chooseAnchor chooses the rarest byte of the text, if one is rare.
func (f *substringFinder) chooseAnchor(all segments) {
	var sample [][]byte
	size := 0
	for i := sampleEvery / 2; i < len(all) && len(sample) < maxSample; i += max(sampleEvery, len(all)/maxSample) {
		if all[i] != nil {
			sample, size = append(sample, all[i].text), size+len(all[i].text)
		}
	}
	least := int(float64(size) * rareShare)
	for i := range f.text {
		n := 0
		for _, text := range sample {
			n += bytes.Count(text, f.text[i:i+1])
		}
		if n < least {
			f.anchor, least = i+1, n
		}
	}
}

// A segment may have the rare byte at places where the text is not. After maxFalseHits of these, and
// one more for each bytesPerFalseHit bytes, the finder continues with bytes.Index.
const (
	maxFalseHits     = 8
	bytesPerFalseHit = 16
)

// index returns the position of the first occurrence of the text, or -1.
func (f substringFinder) index(in []byte) int {
	if f.anchor == 0 {
		return bytes.Index(in, f.text)
	}
	before, after := f.anchor-1, len(f.text)-f.anchor
	falseHits := 0
	for at := before; at < len(in)-after; at++ {
		i := bytes.IndexByte(in[at:len(in)-after], f.text[before])
		if i < 0 {
			return -1
		}
		if at += i; bytes.Equal(in[at-before:at+1+after], f.text) {
			return at - before
		}
		if falseHits++; falseHits > maxFalseHits+at/bytesPerFalseHit {
			if i = bytes.Index(in[at-before:], f.text); i < 0 {
				return -1
			}
			return at - before + i
		}
	}
	return -1
}
