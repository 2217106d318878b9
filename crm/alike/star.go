package alike

// star says with which other record each of those with one name and nothing else is paired. All of
// them may be one, and k records have k²/2 pairs. So each is paired with the first that nothing tells it
// apart from, and if somebody says that the two are different, with the next.
type star map[int64]int64

// starOf returns the star of the records with a key; none if they are few.
func starOf(source Source, block []Row) (star, error) {
	bare, err := bareOf(source, block)
	if err != nil || len(bare) <= 2 {
		return nil, err
	}
	pairs := star{bare[0].Record: bare[0].Record}
	for len(bare) > 1 {
		first := bare[0]
		var asked [][2]int64
		for _, row := range bare[1:] {
			asked = append(asked, [2]int64{first.Record, row.Record})
		}
		dismissed, err := source.Dismissed(asked)
		if err != nil {
			return nil, err
		}
		var others []Row
		for _, row := range bare[1:] {
			if dismissed[[2]int64{first.Record, row.Record}] || !titlesAgree(first.Sketch, row.Sketch) {
				others = append(others, row)
				pairs[row.Record] = row.Record
				continue
			}
			pairs[row.Record] = first.Record
		}
		bare = others
	}
	return pairs, nil
}

// has reports whether two records, of which a was made first, are compared.
func (s star) has(a, b Row) bool {
	_, aIsBare := s[a.Record]
	first, bIsBare := s[b.Record]
	return !aIsBare || !bIsBare || first == a.Record
}

// bareOf returns those records with a name that have nothing else. Sketches of people say so; companies
// are read.
func bareOf(source Source, block []Row) (bare []Row, err error) {
	if len(block) <= 2 || sortOf(block[0].Hash) != byName {
		return nil, nil
	}
	var cards map[int64]*Card
	if block[0].Sketch&isRest != 0 {
		records := make([]int64, len(block))
		for i, row := range block {
			records[i] = row.Record
		}
		if cards, err = source.Cards(records); err != nil {
			return nil, err
		}
	}
	for _, row := range block {
		card := cards[row.Record]
		if row.Sketch&isEmpty != 0 || card != nil && card.isEmpty() && card.place == "/" {
			bare = append(bare, row)
		}
	}
	return bare, nil
}

// titlesAgree reports whether two records of people have one title, or one has none.
func titlesAgree(a, b int64) bool {
	one, other := a>>titleAt, b>>titleAt
	return one == other || one == 0 || other == 0
}

// countNamesakes returns how many have a name, by the rows with its key: all records with nothing but
// the name are one here, since they may be.
func countNamesakes(rows []Row) (n int) {
	bare := 0
	for _, row := range rows {
		if sortOf(row.Hash) == byName && row.Sketch&isEmpty != 0 {
			bare = 1
			continue
		}
		n++
	}
	return n + bare
}
