-- The local Stripe's own file. Nothing here is the ledger's.

-- Every Stripe object, as the JSON document that the API answers.
CREATE TABLE IF NOT EXISTS objects (
	seq INTEGER PRIMARY KEY,     -- order of creation; lists go newest first
	id TEXT NOT NULL UNIQUE,     -- Stripe's, with its prefix
	kind TEXT NOT NULL,          -- the member "object"
	created INTEGER NOT NULL,    -- seconds
	customer TEXT,               -- whom it belongs to
	parent TEXT,                 -- what it hangs on: a charge's intent
	type TEXT,                   -- what lists filter by
	clock TEXT,                  -- the test clock it lives by, or NULL
	deleted INTEGER NOT NULL DEFAULT 0,
	due_at INTEGER,              -- milliseconds; when something happens to it
	body TEXT NOT NULL,          -- the public members
	hidden TEXT NOT NULL         -- what only this program knows about it
) STRICT;
CREATE INDEX IF NOT EXISTS objects_kind ON objects (kind, seq);
CREATE INDEX IF NOT EXISTS objects_customer ON objects (customer, kind, seq)
	WHERE customer IS NOT NULL;
CREATE INDEX IF NOT EXISTS objects_parent ON objects (parent, kind, seq)
	WHERE parent IS NOT NULL;
CREATE INDEX IF NOT EXISTS objects_falls_due ON objects (clock, due_at, seq)
	WHERE due_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS objects_clock ON objects (clock, kind)
	WHERE clock IS NOT NULL;

-- One row for each webhook to be sent: an event to an endpoint.
CREATE TABLE IF NOT EXISTS deliveries (
	id INTEGER PRIMARY KEY,
	event TEXT NOT NULL,
	endpoint TEXT NOT NULL,
	state TEXT NOT NULL,         -- pending, delivered, failed
	held INTEGER NOT NULL DEFAULT 0, -- not sent until released
	rank INTEGER NOT NULL,       -- who goes first
	tries INTEGER NOT NULL DEFAULT 0,
	next_at INTEGER NOT NULL,    -- milliseconds
	status INTEGER,              -- the last answer's
	error TEXT,                  -- or why there was none
	delivered_at INTEGER
) STRICT;
CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (next_at)
	WHERE state = 'pending' AND held = 0;
CREATE INDEX IF NOT EXISTS deliveries_event ON deliveries (event);

-- What was answered under an idempotency key once work on it had begun.
CREATE TABLE IF NOT EXISTS idempotency (
	key TEXT PRIMARY KEY,
	request TEXT NOT NULL,       -- method, path and sorted parameters
	request_id TEXT NOT NULL,
	status INTEGER NOT NULL,
	body TEXT NOT NULL,
	created INTEGER NOT NULL     -- seconds
) STRICT;
CREATE INDEX IF NOT EXISTS idempotency_created ON idempotency (created);

-- What was asked with a secret key, the newest calls of it.
CREATE TABLE IF NOT EXISTS requests (
	id INTEGER PRIMARY KEY AUTOINCREMENT, -- none comes twice
	request_id TEXT NOT NULL,
	created INTEGER NOT NULL,    -- seconds
	method TEXT NOT NULL,
	path TEXT NOT NULL,
	params TEXT NOT NULL,        -- JSON, typed, without secrets
	status INTEGER NOT NULL,     -- the answer's
	version TEXT,                -- headers, as they came
	agent TEXT,
	idempotency_key TEXT
) STRICT;

CREATE TABLE IF NOT EXISTS settings (
	name TEXT PRIMARY KEY,
	value TEXT NOT NULL
) STRICT;
