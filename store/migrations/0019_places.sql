-- Registrations and pages that strangers begin count for the network they came from, where the oldest gives place to a new one.
-- held_until of a client is the end of its last page, so that none goes in the middle of a sign-in; without a page it is created_at.
-- mailed of a page is 1 once a code was sent for it.

ALTER TABLE oauth_requests ADD COLUMN network TEXT NOT NULL DEFAULT '';
ALTER TABLE oauth_requests ADD COLUMN mailed BIGINT NOT NULL DEFAULT 0;
UPDATE oauth_requests SET mailed = 1 WHERE email <> '';
CREATE INDEX oauth_requests_client ON oauth_requests (client, expires_at);
CREATE INDEX oauth_requests_places ON oauth_requests (network, expires_at) WHERE mailed = 0;

ALTER TABLE oauth_clients ADD COLUMN network TEXT NOT NULL DEFAULT '';
ALTER TABLE oauth_clients ADD COLUMN held_until BIGINT NOT NULL DEFAULT 0;
UPDATE oauth_clients SET held_until = COALESCE((SELECT MAX(r.expires_at) FROM oauth_requests r WHERE r.client = oauth_clients.id), created_at);
CREATE INDEX oauth_clients_places ON oauth_clients (network, held_until) WHERE used_at IS NULL;
