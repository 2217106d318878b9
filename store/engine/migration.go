package engine

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
)

// Migration is one numbered step of a schema. A released migration never changes: its checksum is
// stored in each file.
type Migration struct {
	Number   int64
	Name     string
	SQL      string
	Checksum string
}

// LoadMigrations reads the migrations of some sources, as migrations/*.sql, in their order; nil
// sources are skipped. It is an error if their numbers are not 1, 2, 3 and so
// on.
func LoadMigrations(sources []fs.FS) (list []Migration, err error) {
	for _, source := range sources {
		if source == nil {
			continue
		}
		names, err := fs.Glob(source, "migrations/*.sql")
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			m, err := loadMigration(source, name)
			if err != nil {
				return nil, err
			}
			if m.Number != int64(len(list)+1) {
				return nil, fmt.Errorf("migration %s: numbers must follow each other from 0001", name)
			}
			list = append(list, m)
		}
	}
	return list, nil
}

// loadMigration reads one migration. Its number is 0 if the name does not begin with one.
func loadMigration(source fs.FS, name string) (Migration, error) {
	text, err := fs.ReadFile(source, name)
	if err != nil {
		return Migration{}, err
	}
	base := name[len("migrations/"):]
	digits, _, _ := strings.Cut(base, "_")
	number, _ := strconv.ParseInt(digits, 10, 64)
	sum := sha256.Sum256(text)
	return Migration{number, base, string(text), hex.EncodeToString(sum[:8])}, nil
}
