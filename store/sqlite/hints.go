package sqlite

// SQL that only SQLite understands, or that decides with which index it runs. The same
// statement without it finds the same rows, slower.

// KeysFromJSON is SQL that reads an argument which is a list of keys in JSON.
const KeysFromJSON = "SELECT value FROM json_each($%d)"

// PairsFromJSON is SQL that reads an argument which is an object in JSON: key and value.
const PairsFromJSON = "SELECT key, value FROM json_each($%d)"
