-- 008 statements: what users ask keeper to sign, and the keys it signs with.
-- min_reader: 6

-- The newest statement of each user. The worker asks by a row; keeper, which
-- alone holds the key, signs it. Whoever keeps the answer can check it later
-- without this row, so one a user is enough.
CREATE TABLE statements (
    user INTEGER PRIMARY KEY REFERENCES users (id),
    public_id TEXT NOT NULL UNIQUE,     -- stm_…, another for each asking
    state TEXT NOT NULL CHECK (state IN ('pending', 'signed')),
    asked_at INTEGER NOT NULL,
    signed_at INTEGER,
    fetched_at INTEGER,                 -- the user was first given it
    key TEXT,                           -- that signed, ed25519:…
    text TEXT,                          -- what was signed, byte for byte
    signature TEXT,                     -- base64
    head TEXT,                          -- the chain's head then, likewise
    head_signature TEXT,
    CHECK ((state = 'signed') = (signed_at IS NOT NULL AND key IS NOT NULL
        AND text IS NOT NULL AND signature IS NOT NULL
        AND head IS NOT NULL AND head_signature IS NOT NULL))
) STRICT;
CREATE INDEX statements_pending ON statements (asked_at)
    WHERE state = 'pending';

-- The public keys of keeper's, the newest last: each signs from then on until
-- the next one. Old ones stay, so that what they signed stays checkable.
CREATE TABLE statement_keys (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL,                  -- ed25519:…
    since INTEGER NOT NULL
) STRICT;
CREATE TRIGGER statement_keys_append BEFORE INSERT ON statement_keys
WHEN EXISTS (SELECT 1 FROM statement_keys WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'statement keys are never replaced'); END;
CREATE TRIGGER statement_keys_no_update BEFORE UPDATE ON statement_keys
BEGIN SELECT RAISE(ABORT, 'statement keys are never changed'); END;
CREATE TRIGGER statement_keys_no_delete BEFORE DELETE ON statement_keys
BEGIN SELECT RAISE(ABORT, 'statement keys are never deleted'); END;
