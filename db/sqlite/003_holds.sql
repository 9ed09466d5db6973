-- 003 holds: services that spend, what they reserve, what users owe, and the
-- facts from Stripe that take tokens back.
-- min_reader: 3

-- ---- services ------------------------------------------------------------

-- A program of the owner's that spends its users' tokens.
CREATE TABLE services (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,          -- in causes and actors, never changed
    daily_cap INTEGER CHECK (daily_cap > 0), -- tokens a day (UTC), or NULL
    created_at INTEGER NOT NULL,
    disabled_at INTEGER
) STRICT;
CREATE TRIGGER services_fixed BEFORE UPDATE OF id, name ON services
BEGIN SELECT RAISE(ABORT, 'a service keeps its name'); END;
CREATE TRIGGER services_no_delete BEFORE DELETE ON services
BEGIN SELECT RAISE(ABORT, 'services are never deleted'); END;

-- Its keys. Only the hash is here; the key itself was shown once.
CREATE TABLE api_keys (
    hash BLOB PRIMARY KEY CHECK (length(hash) = 32), -- SHA-256 of the key
    public_id TEXT NOT NULL UNIQUE,     -- key_…
    service INTEGER NOT NULL REFERENCES services (id),
    scopes TEXT NOT NULL,               -- words, separated by blanks
    hint TEXT NOT NULL,                 -- the last four characters
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    revoked_at INTEGER
) STRICT;
CREATE INDEX api_keys_service ON api_keys (service);

-- What a service called a spend or a hold: one name, for ever, for either.
CREATE TABLE service_references (
    service INTEGER NOT NULL REFERENCES services (id),
    reference TEXT NOT NULL,
    request_hash BLOB NOT NULL,         -- of what was asked under it
    tx INTEGER REFERENCES token_transactions (id), -- a spend
    hold INTEGER,                       -- or a hold
    created_at INTEGER NOT NULL,
    PRIMARY KEY (service, reference),
    CHECK ((tx IS NULL) <> (hold IS NULL))
) STRICT, WITHOUT ROWID;

-- What a service has taken on a day, for its cap.
CREATE TABLE service_days (
    service INTEGER NOT NULL REFERENCES services (id),
    day INTEGER NOT NULL,               -- days since 1970, UTC
    tokens INTEGER NOT NULL CHECK (tokens >= 0),
    PRIMARY KEY (service, day)
) STRICT, WITHOUT ROWID;

-- ---- holds ---------------------------------------------------------------

-- Tokens reserved for a service. It ends once: captured, released, expired.
CREATE TABLE holds (
    id INTEGER PRIMARY KEY,
    public_id TEXT NOT NULL UNIQUE,     -- hold_…
    service INTEGER NOT NULL REFERENCES services (id),
    reference TEXT NOT NULL,
    user INTEGER NOT NULL REFERENCES users (id),
    tokens INTEGER NOT NULL CHECK (tokens > 0),
    captured INTEGER NOT NULL DEFAULT 0
        CHECK (captured >= 0 AND captured <= tokens),
    state TEXT NOT NULL DEFAULT 'open'
        CHECK (state IN ('open', 'captured', 'released', 'expired')),
    tx INTEGER REFERENCES token_transactions (id), -- of the capture
    expires_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    ended_at INTEGER,
    UNIQUE (service, reference),
    CHECK ((state = 'open') = (ended_at IS NULL)),
    CHECK ((state = 'captured') = (tx IS NOT NULL))
) STRICT;
CREATE INDEX holds_open_user ON holds (user, expires_at) WHERE state = 'open';
CREATE INDEX holds_open_until ON holds (expires_at) WHERE state = 'open';
CREATE TRIGGER holds_end_once BEFORE UPDATE ON holds
WHEN OLD.state <> 'open' OR NEW.id <> OLD.id OR NEW.user <> OLD.user
    OR NEW.tokens <> OLD.tokens OR NEW.service <> OLD.service
BEGIN SELECT RAISE(ABORT, 'a hold ends once'); END;
CREATE TRIGGER holds_no_delete BEFORE DELETE ON holds
BEGIN SELECT RAISE(ABORT, 'holds are never deleted'); END;

-- Which lots an open hold reserves; emptied when it ends.
CREATE TABLE hold_lots (
    hold INTEGER NOT NULL REFERENCES holds (id),
    lot INTEGER NOT NULL REFERENCES lots (id),
    tokens INTEGER NOT NULL CHECK (tokens > 0),
    PRIMARY KEY (hold, lot)
) STRICT, WITHOUT ROWID;
CREATE INDEX hold_lots_lot ON hold_lots (lot);

-- Lots that expire and still have something, for the sweep.
CREATE INDEX lots_expiring ON lots (expires_at) WHERE expires_at IS NOT NULL;

-- ---- what takes back -----------------------------------------------------

-- Refunds by Stripe's id. rank only rises: a fact that comes late is old.
CREATE TABLE refunds (
    re TEXT PRIMARY KEY,
    charge TEXT,
    pi TEXT,
    amount INTEGER NOT NULL CHECK (amount >= 0),
    currency TEXT NOT NULL,
    status TEXT NOT NULL,
    rank INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX refunds_charge ON refunds (charge);
CREATE INDEX refunds_pi ON refunds (pi);

-- Disputes by Stripe's id; effect is what their status means to us.
CREATE TABLE disputes (
    dp TEXT PRIMARY KEY,
    charge TEXT,
    pi TEXT,
    amount INTEGER NOT NULL CHECK (amount >= 0),
    currency TEXT NOT NULL,
    status TEXT NOT NULL,
    effect TEXT NOT NULL CHECK (effect IN ('flag', 'freeze', 'lost', 'none')),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX disputes_charge ON disputes (charge);
CREATE INDEX disputes_pi ON disputes (pi);
CREATE INDEX grants_charge ON grants (charge) WHERE charge IS NOT NULL;

-- What users owe, as steps: a clawback that found too little adds, what is
-- repaid or restored takes off. Chained by hash as movements are.
CREATE TABLE debts (
    id INTEGER PRIMARY KEY,             -- 1, 2, 3 … without a gap
    user INTEGER NOT NULL REFERENCES users (id),
    grant_tx INTEGER NOT NULL REFERENCES grants (tx), -- whose clawback it is
    cause TEXT NOT NULL UNIQUE,         -- adj:… or repay:…
    delta INTEGER NOT NULL CHECK (delta <> 0),
    open INTEGER NOT NULL CHECK (open >= 0), -- of this grant, after it
    created_at INTEGER NOT NULL,
    prev BLOB NOT NULL CHECK (length(prev) = 32),
    hash BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;
CREATE INDEX debts_grant ON debts (grant_tx, id);
CREATE TRIGGER debts_append BEFORE INSERT ON debts
WHEN NEW.id IS NOT (SELECT COALESCE(MAX(id), 0) + 1 FROM debts)
    OR NEW.prev IS NOT COALESCE(
        (SELECT hash FROM debts ORDER BY id DESC LIMIT 1), zeroblob(32))
    OR NEW.open IS NOT NEW.delta + COALESCE((SELECT open FROM debts
        WHERE grant_tx = NEW.grant_tx ORDER BY id DESC LIMIT 1), 0)
BEGIN SELECT RAISE(ABORT, 'debts: the chain would break'); END;
CREATE TRIGGER debts_no_update BEFORE UPDATE ON debts
BEGIN SELECT RAISE(ABORT, 'debts are never changed'); END;
CREATE TRIGGER debts_no_delete BEFORE DELETE ON debts
BEGIN SELECT RAISE(ABORT, 'debts are never deleted'); END;

-- What is open of each debt: derived, rebuilt by verify.
CREATE TABLE debt_open (
    grant_tx INTEGER PRIMARY KEY REFERENCES grants (tx),
    user INTEGER NOT NULL REFERENCES users (id),
    open INTEGER NOT NULL CHECK (open >= 0)
) STRICT;
CREATE INDEX debt_open_user ON debt_open (user, grant_tx) WHERE open > 0;

-- Steps of settle, so that each has a number of its own.
ALTER TABLE grants ADD COLUMN steps INTEGER NOT NULL DEFAULT 0;
-- Since when some of it is frozen or taken back: what comes back expires
-- later by as much.
ALTER TABLE grants ADD COLUMN since INTEGER;
