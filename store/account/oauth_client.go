package account

import (
	"context"
	"time"

	"crmkit/store"
	"crmkit/store/engine"
)

// Client is a registered OAuth client (RFC 7591). All are public clients, which have no secret.
type Client struct {
	ID        string
	Name      string
	Redirects string // a JSON array, as it was registered
	Network   string // from which it was registered
	Created   time.Time
}

// CreateClient registers a client with the name, the redirects and the network given. If the
// network has registered as many unused clients as it may, the oldest one without an open page
// is deleted for it.
func CreateClient(tx *store.Tx, c Client) (Client, error) {
	return createClient(tx, c, unusedClients())
}

// createClient is CreateClient with a limit of its own.
func createClient(tx *store.Tx, c Client, limit registrationLimit) (Client, error) {
	replaced, err := makeRoom(tx, limit, c.Network)
	if err != nil {
		return c, err
	}
	for _, id := range replaced {
		if err := tx.Exec("DELETE FROM oauth_clients WHERE id = $1", id); err != nil {
			return c, err
		}
	}
	c.Created = time.UnixMilli(tx.Now()).UTC()
	if c.ID, err = tx.RandomID("oc"); err != nil {
		return c, err
	}
	return c, tx.Exec("INSERT INTO oauth_clients (id, name, redirects, network, created_at, held_until) VALUES ($1, $2, $3, $4, $5, $5)",
		c.ID, c.Name, c.Redirects, c.Network, tx.Now())
}

// FindClient returns a registered client.
func FindClient(ctx context.Context, s *store.Store, id string) (c Client, found bool, err error) {
	var created int64
	err = s.Read(ctx, func(v *store.ReadTx) error {
		return v.Row(ctx, "SELECT id, name, redirects, network, created_at FROM oauth_clients WHERE id = $1", []any{id}, &c.ID, &c.Name, &c.Redirects, &c.Network, &created)
	})
	c.Created = time.UnixMilli(created).UTC()
	found, err = engine.Found(err)
	return c, found, err
}

// holdClient protects a client from being deleted for a newer one until the last of its pages
// ends.
func holdClient(tx *store.Tx, id string) error {
	return tx.Exec("UPDATE oauth_clients SET held_until = COALESCE((SELECT MAX(expires_at) FROM oauth_requests WHERE client = $1), created_at) WHERE id = $1", id)
}
