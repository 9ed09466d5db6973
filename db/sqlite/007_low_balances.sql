-- 007 low balances: who was told that little is left.
-- min_reader: 6

-- A row for each user and threshold that was ever crossed. fired is 1 from a
-- fall below the threshold until a rise above it (R80).
CREATE TABLE low_balances (
    user INTEGER NOT NULL REFERENCES users (id),
    threshold INTEGER NOT NULL CHECK (threshold > 0),
    fired INTEGER NOT NULL CHECK (fired IN (0, 1)),
    crossings INTEGER NOT NULL CHECK (crossings > 0), -- downwards, so far
    available INTEGER NOT NULL,         -- after the newest of them
    crossed_at INTEGER NOT NULL,
    PRIMARY KEY (user, threshold)
) STRICT, WITHOUT ROWID;
