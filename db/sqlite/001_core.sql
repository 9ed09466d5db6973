-- 001 core: who uses it, the ledger, what is bought, what Stripe said.
-- min_reader: 1
--
-- Times are integer milliseconds since 1970, UTC. Money is in the currency's
-- smallest unit. Every id that leaves the house is a text of our own or
-- Stripe's; row ids stay inside.
--
-- A CHECK of many words compares them one by one, the most frequent first:
-- for an IN with more than two SQLite fills a table anew at each insert.

-- One row: which installation this is and in which mode of Stripe it lives.
CREATE TABLE instance (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    uuid TEXT NOT NULL,                 -- in the metadata of all we make
    livemode INTEGER NOT NULL CHECK (livemode IN (0, 1)),
    min_reader INTEGER NOT NULL,        -- oldest program that may open it
    created_at INTEGER NOT NULL
) STRICT;

-- ---- who -----------------------------------------------------------------

-- Who holds tokens. Rows are made by Clerk's webhook or a user's first call,
-- and never removed: the ledger points at them (R83).
CREATE TABLE users (
    id INTEGER PRIMARY KEY,
    clerk_sub TEXT NOT NULL UNIQUE,     -- Clerk's user id: the identity (R82)
    email TEXT,                         -- primary address, ASCII lower case
    email_verified INTEGER NOT NULL DEFAULT 0 CHECK (email_verified IN (0, 1)),
    role TEXT NOT NULL DEFAULT 'user' CHECK (role IN ('user', 'admin')),
    role_by_hand INTEGER NOT NULL DEFAULT 0 -- 1: set with vantage user role,
        CHECK (role_by_hand IN (0, 1)),     -- and Clerk leaves it alone
    stripe_customer_id TEXT UNIQUE,
    subscription_status TEXT,           -- Stripe's word, mirrored
    subscription_id TEXT,
    clerk_updated_at INTEGER NOT NULL DEFAULT 0, -- newest fact from Clerk
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER                  -- Clerk said so; a tombstone
) STRICT;
CREATE INDEX idx_users_stripe_customer ON users (stripe_customer_id);
CREATE INDEX users_email ON users (email) WHERE email IS NOT NULL;

-- Every Stripe customer that was ever ours, also one that was replaced.
CREATE TABLE customers (
    cus TEXT PRIMARY KEY,
    user INTEGER NOT NULL REFERENCES users (id),
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX customers_user ON customers (user);

-- Clerk's public keys, fetched by reconciler.
CREATE TABLE jwks (
    kid TEXT PRIMARY KEY,
    jwk TEXT NOT NULL,                  -- the key as JSON
    fetched_at INTEGER NOT NULL
) STRICT;

-- ---- the ledger ----------------------------------------------------------

-- One business event on a user's tokens. A header: the tokens move by the
-- movements that point at it. Its status follows the table in the manual.
CREATE TABLE token_transactions (
    id INTEGER PRIMARY KEY,
    public_id TEXT NOT NULL UNIQUE,     -- tx_…
    user INTEGER NOT NULL REFERENCES users (id),
    kind TEXT NOT NULL CHECK (kind = 'spend' OR kind = 'capture'
        OR kind = 'purchase' OR kind = 'subscription' OR kind = 'proration'
        OR kind = 'grant' OR kind = 'bulk_grant' OR kind = 'reversal'
        OR kind = 'refund' OR kind = 'dispute' OR kind = 'expiry'
        OR kind = 'revoke' OR kind = 'adjustment'),
    tokens INTEGER NOT NULL,            -- what it gives (+) or takes (-)
    payment_intent_id TEXT,
    stripe_charge_id TEXT,
    stripe_invoice_id TEXT,
    price_per_token TEXT,               -- derived, three decimals, cut
    total_amount_usd TEXT,              -- derived; NULL in other currencies
    amount INTEGER,                     -- what is paid, if anything is
    currency TEXT,
    status TEXT NOT NULL CHECK (status = 'completed' OR status = 'pending'
        OR status = 'processing' OR status = 'requires_action'
        OR status = 'failed' OR status = 'canceled' OR status = 'refunded'
        OR status = 'disputed'),
    balance_after INTEGER,              -- of the user, when it completed
    metadata TEXT,                      -- a JSON object
    actor TEXT NOT NULL,                -- user:…, admin:…, service:…, stripe
    note TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX idx_token_transactions_payment_intent
    ON token_transactions (payment_intent_id)
    WHERE payment_intent_id IS NOT NULL;
-- Whoever looks for a status looks for what is unfinished, failed or was
-- taken back: few among many. All others are completed, most of them when
-- they are made, and would fill this index and write it with every spend
-- only to be found by their time as well.
CREATE INDEX idx_token_transactions_status
    ON token_transactions (status, created_at, id)
    WHERE status <> 'completed';
CREATE INDEX token_transactions_user
    ON token_transactions (user, created_at, id);
CREATE INDEX token_transactions_time ON token_transactions (created_at, id);

-- Ledger accounts. balance and seq are those of the newest entry, kept here
-- so that check and debit are one statement (R59).
CREATE TABLE accounts (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL
        CHECK (kind = 'user' OR kind = 'mint' OR kind = 'sink'
            OR kind = 'clawback' OR kind = 'expired'),
    user INTEGER UNIQUE REFERENCES users (id),
    balance INTEGER NOT NULL DEFAULT 0,
    seq INTEGER NOT NULL DEFAULT 0 CHECK (seq >= 0),
    CHECK ((kind = 'user') = (user IS NOT NULL)),
    CHECK (kind <> 'user' OR balance >= 0)
) STRICT;
CREATE UNIQUE INDEX accounts_house ON accounts (kind) WHERE user IS NULL;
INSERT INTO accounts (id, kind)
VALUES (1, 'mint'), (2, 'sink'), (3, 'clawback'), (4, 'expired');

-- Tokens that move, once for each cause. A chain: hash covers the row and
-- the hash before it (src/ledger/movements.c says over which text).
CREATE TABLE movements (
    id INTEGER PRIMARY KEY,             -- 1, 2, 3 … without a gap
    tx INTEGER NOT NULL REFERENCES token_transactions (id),
    cause TEXT NOT NULL UNIQUE,         -- what happened, once for ever
    from_account INTEGER NOT NULL REFERENCES accounts (id),
    to_account INTEGER NOT NULL REFERENCES accounts (id),
    tokens INTEGER NOT NULL CHECK (tokens > 0),
    created_at INTEGER NOT NULL,
    prev BLOB NOT NULL CHECK (length(prev) = 32),
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    CHECK (from_account <> to_account)
) STRICT;
CREATE INDEX movements_tx ON movements (tx);

-- The two legs of each movement, as each account sees them.
CREATE TABLE entries (
    account INTEGER NOT NULL REFERENCES accounts (id),
    seq INTEGER NOT NULL CHECK (seq > 0),
    movement INTEGER NOT NULL REFERENCES movements (id),
    delta INTEGER NOT NULL CHECK (delta <> 0),
    balance INTEGER NOT NULL,           -- of the account, after it
    PRIMARY KEY (account, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX entries_movement ON entries (movement);

-- Tokens with one origin, cost and expiry.
CREATE TABLE lots (
    id INTEGER PRIMARY KEY,
    user INTEGER NOT NULL REFERENCES users (id),
    tx INTEGER NOT NULL REFERENCES token_transactions (id),
    origin TEXT NOT NULL CHECK (origin = 'purchase' OR origin = 'subscription'
        OR origin = 'grant' OR origin = 'reversal' OR origin = 'restoration'),
    paid INTEGER NOT NULL CHECK (paid IN (0, 1)), -- 0: promotional
    priority INTEGER NOT NULL DEFAULT 0,          -- lower burns first
    cost INTEGER NOT NULL DEFAULT 0 CHECK (cost >= 0),
    currency TEXT,
    granted INTEGER NOT NULL CHECK (granted > 0),
    expires_at INTEGER,                 -- NULL: never
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX lots_user ON lots (user);
CREATE INDEX lots_tx ON lots (tx);

-- What each movement put into a lot (+) or took out of it (-).
CREATE TABLE lot_uses (
    movement INTEGER NOT NULL REFERENCES movements (id),
    lot INTEGER NOT NULL REFERENCES lots (id),
    delta INTEGER NOT NULL CHECK (delta <> 0),
    PRIMARY KEY (movement, lot)
) STRICT, WITHOUT ROWID;
CREATE INDEX lot_uses_lot ON lot_uses (lot);

-- What is left of each lot: derived from lot_uses, rebuilt by verify. The
-- index goes by live and not by left: an index is written anew whenever a
-- column that it names is, and most uses of a lot leave it alive.
CREATE TABLE lot_left (
    lot INTEGER PRIMARY KEY REFERENCES lots (id),
    user INTEGER NOT NULL REFERENCES users (id),
    left INTEGER NOT NULL CHECK (left >= 0),
    live INTEGER NOT NULL CHECK (live = (left > 0)),
    held INTEGER NOT NULL DEFAULT 0 CHECK (held >= 0),
    frozen INTEGER NOT NULL DEFAULT 0 CHECK (frozen >= 0),
    CHECK (held + frozen <= left)
) STRICT;
CREATE INDEX lot_left_live ON lot_left (user) WHERE live = 1;

-- What was granted for a thing that was paid: where it came from, what of it
-- was taken back, and when it was last compared with Stripe.
CREATE TABLE grants (
    tx INTEGER PRIMARY KEY REFERENCES token_transactions (id),
    source TEXT NOT NULL UNIQUE,        -- pi:…, inv:…:…
    lot INTEGER NOT NULL REFERENCES lots (id),
    charge TEXT,
    granted INTEGER NOT NULL CHECK (granted > 0),
    booked INTEGER NOT NULL DEFAULT 0,  -- taken back so far
    verified_at INTEGER,                -- Stripe was asked itself
    alarm TEXT                          -- why it did not agree
) STRICT;
CREATE INDEX grants_unverified ON grants (tx) WHERE verified_at IS NULL;

-- Append only. OR REPLACE and OR IGNORE find nothing to slip past: a row
-- must continue its sequence, and what exists cannot.
CREATE TRIGGER movements_append BEFORE INSERT ON movements
WHEN NEW.id IS NOT (SELECT COALESCE(MAX(id), 0) + 1 FROM movements)
    OR NEW.prev IS NOT COALESCE(
        (SELECT hash FROM movements ORDER BY id DESC LIMIT 1), zeroblob(32))
BEGIN SELECT RAISE(ABORT, 'movements: the chain would break'); END;
CREATE TRIGGER movements_no_update BEFORE UPDATE ON movements
BEGIN SELECT RAISE(ABORT, 'movements are never changed'); END;
CREATE TRIGGER movements_no_delete BEFORE DELETE ON movements
BEGIN SELECT RAISE(ABORT, 'movements are never deleted'); END;

CREATE TRIGGER entries_append BEFORE INSERT ON entries
WHEN NEW.seq IS NOT (SELECT COALESCE(MAX(seq), 0) + 1 FROM entries
        WHERE account = NEW.account)
    OR NEW.balance IS NOT NEW.delta + COALESCE((SELECT balance FROM entries
        WHERE account = NEW.account ORDER BY seq DESC LIMIT 1), 0)
BEGIN SELECT RAISE(ABORT, 'entries: the sequence would break'); END;
CREATE TRIGGER entries_no_update BEFORE UPDATE ON entries
BEGIN SELECT RAISE(ABORT, 'entries are never changed'); END;
CREATE TRIGGER entries_no_delete BEFORE DELETE ON entries
BEGIN SELECT RAISE(ABORT, 'entries are never deleted'); END;

CREATE TRIGGER lots_append BEFORE INSERT ON lots
WHEN EXISTS (SELECT 1 FROM lots WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'lots are never replaced'); END;
CREATE TRIGGER lots_no_update BEFORE UPDATE ON lots
BEGIN SELECT RAISE(ABORT, 'lots are never changed'); END;
CREATE TRIGGER lots_no_delete BEFORE DELETE ON lots
BEGIN SELECT RAISE(ABORT, 'lots are never deleted'); END;

CREATE TRIGGER lot_uses_append BEFORE INSERT ON lot_uses
WHEN EXISTS (SELECT 1 FROM lot_uses
        WHERE movement = NEW.movement AND lot = NEW.lot)
BEGIN SELECT RAISE(ABORT, 'lot uses are never replaced'); END;
CREATE TRIGGER lot_uses_no_update BEFORE UPDATE ON lot_uses
BEGIN SELECT RAISE(ABORT, 'lot uses are never changed'); END;
CREATE TRIGGER lot_uses_no_delete BEFORE DELETE ON lot_uses
BEGIN SELECT RAISE(ABORT, 'lot uses are never deleted'); END;

CREATE TRIGGER accounts_no_delete BEFORE DELETE ON accounts
BEGIN SELECT RAISE(ABORT, 'accounts are never deleted'); END;
CREATE TRIGGER token_transactions_no_delete BEFORE DELETE ON token_transactions
BEGIN SELECT RAISE(ABORT, 'transactions are never deleted'); END;
CREATE TRIGGER token_transactions_fixed
BEFORE UPDATE OF id, public_id, user, kind, tokens, amount, currency,
    actor, created_at ON token_transactions
BEGIN SELECT RAISE(ABORT, 'a transaction keeps what it was made with'); END;
CREATE TRIGGER users_no_delete BEFORE DELETE ON users
BEGIN SELECT RAISE(ABORT, 'users are never deleted'); END;

-- What a caller was answered, to be answered again. Only successes; a body
-- holds no client secret. Pruned after 30 days: the causes stay.
CREATE TABLE idempotency (
    principal TEXT NOT NULL,            -- user:…, admin:…, service:…
    route TEXT NOT NULL,
    key TEXT NOT NULL,
    request_hash BLOB NOT NULL,
    tx INTEGER REFERENCES token_transactions (id),
    status INTEGER NOT NULL,
    body TEXT,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (principal, route, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_time ON idempotency (created_at);

-- ---- what is sold --------------------------------------------------------

-- A catalogue is never changed: another version follows it, and an order
-- keeps the one that it was made with. The newest counts.
CREATE TABLE catalog_versions (
    version INTEGER PRIMARY KEY,
    custom_min INTEGER NOT NULL CHECK (custom_min > 0), -- own quantities
    custom_max INTEGER NOT NULL CHECK (custom_max >= custom_min),
    note TEXT,
    actor TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE TABLE packages (
    version INTEGER NOT NULL REFERENCES catalog_versions (version),
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    tokens INTEGER NOT NULL CHECK (tokens > 0),
    position INTEGER NOT NULL,          -- in the list that people see
    PRIMARY KEY (version, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE plans (
    version INTEGER NOT NULL REFERENCES catalog_versions (version),
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    tokens INTEGER NOT NULL CHECK (tokens > 0), -- a period
    interval TEXT NOT NULL CHECK (interval IN ('month', 'year')),
    position INTEGER NOT NULL,
    PRIMARY KEY (version, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE prices (
    version INTEGER NOT NULL REFERENCES catalog_versions (version),
    item TEXT NOT NULL,                 -- a package or a plan
    currency TEXT NOT NULL,
    amount INTEGER NOT NULL CHECK (amount > 0), -- the total, not a unit (R12)
    PRIMARY KEY (version, item, currency)
) STRICT, WITHOUT ROWID;

-- What a user is buying; its price was fixed when it was made.
CREATE TABLE orders (
    id INTEGER PRIMARY KEY,
    public_id TEXT NOT NULL UNIQUE,     -- ord_…, metadata[vantage_order]
    user INTEGER NOT NULL REFERENCES users (id),
    tx INTEGER NOT NULL UNIQUE REFERENCES token_transactions (id),
    catalog_version INTEGER NOT NULL REFERENCES catalog_versions (version),
    package_id TEXT,                    -- NULL: a quantity of the user's own
    tokens INTEGER NOT NULL CHECK (tokens > 0),
    amount INTEGER NOT NULL CHECK (amount > 0),
    currency TEXT NOT NULL,
    save_method INTEGER NOT NULL DEFAULT 0 CHECK (save_method IN (0, 1)),
    customer TEXT,                      -- the one whose intent it is
    pi TEXT UNIQUE,
    state TEXT NOT NULL CHECK (state = 'created' OR state = 'intent_sent'
        OR state = 'open' OR state = 'paid' OR state = 'granted'
        OR state = 'processing' OR state = 'requires_action'
        OR state = 'refused' OR state = 'parked' OR state = 'dismissed'
        OR state = 'canceled' OR state = 'failed'),
    declines INTEGER NOT NULL DEFAULT 0,-- attempts that a bank refused
    request_key TEXT,                   -- the caller's Idempotency-Key
    request_hash BLOB,
    note TEXT,                          -- why it is parked, what was odd
    checked_at INTEGER,                 -- reconciler read its intent
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX orders_request ON orders (user, request_key)
    WHERE request_key IS NOT NULL;
CREATE INDEX orders_user ON orders (user, id);
-- A query that is to use it has all five of these terms.
CREATE INDEX orders_unfinished ON orders (state, updated_at)
    WHERE state <> 'granted' AND state <> 'canceled' AND state <> 'failed'
        AND state <> 'refused' AND state <> 'dismissed';

-- A call to Stripe that was to be made: written before it, finished after.
CREATE TABLE attempts (
    id INTEGER PRIMARY KEY,
    what TEXT NOT NULL
        CHECK (what = 'intent' OR what = 'customer' OR what = 'cancel'),
    subject TEXT NOT NULL,              -- user:…, ord_…
    stripe_key TEXT NOT NULL UNIQUE,    -- random, 128 bits (R74)
    path TEXT NOT NULL,
    params TEXT NOT NULL,               -- the bytes that are sent
    body_hash BLOB NOT NULL,            -- SHA-256 of them
    state TEXT NOT NULL
        CHECK (state = 'intent' OR state = 'in_flight' OR state = 'done'
            OR state = 'refused' OR state = 'unknown'),
    tries INTEGER NOT NULL DEFAULT 0,
    result TEXT,                        -- the object's id, or the error code
    next_at INTEGER,                    -- when reconciler may take it up
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX attempts_open ON attempts (what, subject)
    WHERE state IN ('intent', 'in_flight', 'unknown');
CREATE INDEX attempts_due ON attempts (next_at)
    WHERE state IN ('intent', 'in_flight', 'unknown');

-- Which charge and order a PaymentIntent belongs to.
CREATE TABLE payments (
    pi TEXT PRIMARY KEY,
    charge TEXT UNIQUE,
    order_id INTEGER UNIQUE REFERENCES orders (id),
    invoice TEXT,
    created_at INTEGER NOT NULL
) STRICT;

-- What Stripe said, as it came. A row is in one of these states for good or
-- until keeper (failed) or reconciler (waiting) takes it up (R11).
CREATE TABLE events (
    evt TEXT PRIMARY KEY,
    type TEXT NOT NULL,
    object TEXT,                        -- data.object.id
    object_type TEXT,
    api_version TEXT,
    livemode INTEGER NOT NULL,
    stripe_created INTEGER NOT NULL,
    body TEXT NOT NULL,
    body_hash BLOB NOT NULL,            -- of type, created and data.object
    state TEXT NOT NULL CHECK (state = 'received' OR state = 'applied'
        OR state = 'irrelevant' OR state = 'duplicate' OR state = 'waiting'
        OR state = 'parked' OR state = 'failed' OR state = 'dismissed'),
    reason TEXT,                        -- a stable word
    need TEXT,                          -- Stripe's object to fetch, if waiting
    seen INTEGER NOT NULL DEFAULT 1,    -- deliveries of this id
    tries INTEGER NOT NULL DEFAULT 0,
    next_at INTEGER,
    received_at INTEGER NOT NULL,
    settled_at INTEGER
) STRICT;
CREATE INDEX events_due ON events (next_at)
    WHERE state IN ('waiting', 'failed');
CREATE INDEX events_need ON events (need) WHERE state = 'waiting';
CREATE INDEX events_object ON events (object) WHERE object IS NOT NULL;
CREATE INDEX events_parked ON events (received_at) WHERE state = 'parked';

-- Messages from Clerk that were applied, by svix-id.
CREATE TABLE clerk_events (
    id TEXT PRIMARY KEY,
    type TEXT NOT NULL,
    object TEXT,
    outcome TEXT NOT NULL,
    received_at INTEGER NOT NULL
) STRICT;

-- ---- what goes out, what people did --------------------------------------

-- Mail and calls to be sent, written with what they tell about (R78).
CREATE TABLE outbox (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    object TEXT NOT NULL,               -- once for each kind and object
    user INTEGER REFERENCES users (id),
    data TEXT NOT NULL,                 -- a JSON object for the template
    state TEXT NOT NULL DEFAULT 'pending'
        CHECK (state = 'pending' OR state = 'sent' OR state = 'failed'),
    tries INTEGER NOT NULL DEFAULT 0,
    next_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    sent_at INTEGER,
    UNIQUE (kind, object)
) STRICT;
CREATE INDEX outbox_due ON outbox (next_at) WHERE state = 'pending';

-- One bulk grant, by the actor's key; its rows are transactions.
CREATE TABLE batches (
    id INTEGER PRIMARY KEY,
    public_id TEXT NOT NULL UNIQUE,     -- bat_…
    actor TEXT NOT NULL,
    key TEXT NOT NULL,
    request_hash BLOB NOT NULL,
    mode TEXT NOT NULL CHECK (mode IN ('atomic', 'per_row')),
    note TEXT NOT NULL,
    rows INTEGER NOT NULL,
    granted INTEGER NOT NULL,
    tokens INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (actor, key)
) STRICT;

-- Who did what by hand.
CREATE TABLE audit (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    object TEXT,
    detail TEXT                         -- a JSON object
) STRICT;
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit is never changed'); END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit is never deleted'); END;
