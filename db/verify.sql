-- verify: a second opinion on the books, in plain SQL.
--
--     sqlite3 -readonly ledger.db < db/verify.sql
--
-- One row for each fault, none when the books are in order: the same word
-- that vantage verify has for it, and what it is about. Written apart from
-- the program and agreeing with it on everything but the hashes themselves,
-- which SQL cannot compute; that each row names the one before it is checked.
-- One statement, so one snapshot. It takes longer than vantage verify.

WITH
-- What each kind of transaction does: how its movement's cause begins, the
-- house's account (0: any), +1 gives and -1 takes, the lot that it makes.
kinds (kind, cause, house, sign, origin, paid) AS (VALUES
    ('purchase', 'pi:', 1, 1, 'purchase', 1),
    ('subscription', 'inv:', 1, 1, 'subscription', 1),
    ('proration', 'inv:', 1, 1, 'subscription', 1),
    ('grant', 'grant:', 1, 1, 'grant', 0),
    ('bulk_grant', 'bulk:', 1, 1, 'grant', 0),
    ('spend', 'spend:', 2, -1, NULL, NULL),
    ('capture', 'capture:', 2, -1, NULL, NULL),
    ('reversal', 'reverse:', 2, 1, 'reversal', NULL),
    ('refund', 'adj:', 3, -1, NULL, NULL),
    ('dispute', 'adj:', 3, -1, NULL, NULL),
    ('expiry', 'expire:', 4, -1, NULL, NULL),
    ('revoke', 'revoke:', 3, -1, NULL, NULL),
    ('adjustment', '', 0, 0, NULL, NULL)),
house (id, kind) AS (VALUES
    (1, 'mint'), (2, 'sink'), (3, 'clawback'), (4, 'expired')),
-- Smallest units in one of these currencies; 100 in every other.
units (currency, unit) AS (VALUES
    ('bif', 1), ('clp', 1), ('djf', 1), ('gnf', 1), ('jpy', 1), ('kmf', 1),
    ('krw', 1), ('mga', 1), ('pyg', 1), ('rwf', 1), ('vnd', 1), ('vuv', 1),
    ('xaf', 1), ('xof', 1), ('xpf', 1),
    ('bhd', 1000), ('jod', 1000), ('kwd', 1000), ('omr', 1000),
    ('tnd', 1000)),

-- Movements beside their accounts and transaction, and the row before.
m AS (
    SELECT m.*, t.id AS t_id, t.kind, t.user AS t_user, t.tokens AS t_tokens,
        t.balance_after, f.id AS f_id, o.id AS o_id,
        COALESCE(f.user, 0) AS f_user, COALESCE(o.user, 0) AS o_user,
        LAG(m.id, 1, 0) OVER (ORDER BY m.id) AS last_id,
        LAG(m.hash, 1, zeroblob(32)) OVER (ORDER BY m.id) AS last_hash
    FROM movements m LEFT JOIN token_transactions t ON t.id = m.tx
    LEFT JOIN accounts f ON f.id = m.from_account
    LEFT JOIN accounts o ON o.id = m.to_account),
-- Those that go between a user and the house, as all must, seen from there.
legs AS (
    SELECT m.*, f_user + o_user AS user,
        CASE WHEN f_user <> 0 THEN -m.tokens ELSE m.tokens END AS delta,
        CASE WHEN f_user <> 0 THEN to_account ELSE from_account END AS other
    FROM m WHERE f_id IS NOT NULL AND o_id IS NOT NULL
    AND m.tokens BETWEEN 1 AND 1000000000000
    AND (f_user = 0) <> (o_user = 0)),
-- Entries of accounts that exist, beside the entry before.
e AS (
    SELECT e.*, a.user,
        LAG(e.seq, 1, 0) OVER w AS last_seq,
        LAG(e.balance, 1, 0) OVER w AS last_balance,
        LAG(e.movement, 1, 0) OVER w AS last_movement
    FROM entries e JOIN accounts a ON a.id = e.account
    WINDOW w AS (PARTITION BY e.account ORDER BY e.seq)),
uses AS (
    SELECT u.*, ROW_NUMBER() OVER w AS nth, SUM(u.delta) OVER w AS so_far
    FROM lot_uses u
    WINDOW w AS (PARTITION BY u.lot ORDER BY u.movement)),
l AS (
    SELECT l.*, t.id AS t_id, t.user AS t_user, t.kind, t.amount AS t_amount,
        t.currency AS t_currency, f.lot AS f_lot, f.user AS f_user, f.left,
        f.live, f.held, f.frozen,
        (SELECT SUM(u.delta) FROM lot_uses u WHERE u.lot = l.id) AS used,
        (SELECT COALESCE(SUM(p.tokens), 0) FROM hold_lots p
            WHERE p.lot = l.id) AS pinned
    FROM lots l LEFT JOIN token_transactions t ON t.id = l.tx
    LEFT JOIN lot_left f ON f.lot = l.id),
t AS (
    SELECT t.*, k.kind AS known, k.sign, COALESCE(n.unit, 100) AS unit,
        t.status IN ('completed', 'refunded', 'disputed') AS moved,
        (SELECT COUNT(*) FROM movements m WHERE m.tx = t.id) AS movements
    FROM token_transactions t LEFT JOIN kinds k ON k.kind = t.kind
    LEFT JOIN units n ON n.currency = t.currency),
d AS (
    SELECT d.*, LAG(d.id, 1, 0) OVER (ORDER BY d.id) AS last_id,
        LAG(d.hash, 1, zeroblob(32)) OVER (ORDER BY d.id) AS last_hash,
        LAG(d.open, 1, 0) OVER (PARTITION BY d.grant_tx ORDER BY d.id)
            AS last_open,
        l.user AS owner
    FROM debts d LEFT JOIN grants g ON g.tx = d.grant_tx
    LEFT JOIN lots l ON l.id = g.lot),
-- Steps of settle: whose they are, their number, and what they took.
steps AS (
    SELECT cause, CAST(substr(cause, 5) AS INTEGER) AS grant_tx,
        CAST(substr(cause, 5 + instr(substr(cause, 5), ':')) AS INTEGER)
            AS number, taken
    FROM (SELECT cause, CASE to_account WHEN 3 THEN tokens ELSE -tokens END
            AS taken FROM movements WHERE cause GLOB 'adj:*'
        UNION ALL SELECT cause, delta FROM debts WHERE cause GLOB 'adj:*')),

-- Money that went back for good, and money that may yet.
facts AS (
    SELECT charge, pi, amount * (status = 'succeeded') AS back,
        amount * (status NOT IN ('succeeded', 'failed', 'canceled')) AS maybe
    FROM refunds
    UNION ALL SELECT charge, pi, amount * (effect = 'lost'),
        amount * (effect = 'freeze') FROM disputes),
-- The same for each grant, by its charge or by its payment; from the facts to
-- the grants, since each grant that looked through all facts would take hours.
asked AS (
    SELECT tx, SUM(back) AS back, SUM(maybe) AS maybe FROM (
        SELECT g.tx, f.back, f.maybe
            FROM facts f JOIN grants g ON g.charge = f.charge
        UNION ALL SELECT g.tx, f.back, f.maybe
            FROM facts f JOIN grants g ON g.source = 'pi:' || f.pi
            WHERE g.charge IS NOT f.charge OR f.charge IS NULL)
    GROUP BY tx),
-- Grants beside what was told of them. Products of more than 63 bits (a
-- payment of over 3e9 of the smallest unit) are left to the other checker.
told AS (
    SELECT g.*, l.cost, f.frozen, f.left - f.held AS free,
        COALESCE(asked.back, 0) AS back, COALESCE(asked.maybe, 0) AS maybe,
        g.granted - min(g.granted, COALESCE((SELECT SUM(-u.delta)
            FROM lot_uses u JOIN movements m ON m.id = u.movement
            JOIN token_transactions t ON t.id = m.tx
            WHERE u.lot = g.lot AND u.delta < 0
            AND t.kind IN ('expiry', 'revoke')), 0)) AS room
    FROM grants g JOIN lots l ON l.id = g.lot
    JOIN lot_left f ON f.lot = g.lot
    JOIN token_transactions t ON t.id = g.tx
    LEFT JOIN asked ON asked.tx = g.tx
    WHERE l.cost <= 3000000000),
g AS (
    SELECT *, CASE WHEN cost <= 0 OR back <= 0 THEN 0 ELSE min(room,
            granted / cost * min(back, cost)
            + (granted % cost * min(back, cost) + cost - 1) / cost) END
            AS want,
        CASE WHEN cost <= 0 OR back + maybe <= 0 THEN 0 ELSE min(room,
            granted / cost * min(back + maybe, cost)
            + (granted % cost * min(back + maybe, cost) + cost - 1) / cost)
            END AS want_most
    FROM told)

-- ---- movements ------------------------------------------------------------
SELECT 'movement.missing' AS fault, 'before movement ' || id AS what
    FROM m WHERE id <> last_id + 1
UNION ALL SELECT 'movement.link', 'movement ' || id
    FROM m WHERE id = last_id + 1 AND prev <> last_hash
UNION ALL SELECT 'movement.account', 'movement ' || id FROM m
    WHERE f_id IS NULL OR o_id IS NULL
    OR tokens BETWEEN 1 AND 1000000000000 AND (f_user = 0) = (o_user = 0)
UNION ALL SELECT 'movement.tokens', 'movement ' || id FROM m
    WHERE f_id IS NOT NULL AND o_id IS NOT NULL
    AND tokens NOT BETWEEN 1 AND 1000000000000
UNION ALL SELECT 'movement.transaction', 'movement ' || id
    FROM m WHERE t_id IS NULL
UNION ALL SELECT 'movement.cause', 'movement ' || legs.id
    FROM legs JOIN kinds k USING (kind)
    WHERE substr(legs.cause, 1, length(k.cause)) <> k.cause
UNION ALL SELECT 'movement.direction', 'movement ' || legs.id
    FROM legs JOIN kinds k USING (kind)
    WHERE k.house NOT IN (0, other) OR k.sign * delta < 0
UNION ALL SELECT 'movement.user', 'movement ' || id
    FROM legs WHERE t_user <> user
UNION ALL SELECT 'movement.tokens', 'movement ' || id
    FROM legs WHERE t_tokens <> delta
UNION ALL SELECT 'transaction.balance', 'movement ' || id
    FROM legs WHERE t_id IS NOT NULL AND balance_after IS NULL
UNION ALL SELECT 'movement.legs', 'movement ' || m.id
    FROM movements m LEFT JOIN entries e ON e.movement = m.id
    GROUP BY m.id HAVING COUNT(e.account) <> 2
    OR SUM(e.account = m.from_account AND e.delta = -m.tokens) <> 1
    OR SUM(e.account = m.to_account AND e.delta = m.tokens) <> 1

-- ---- what they do to lots --------------------------------------------------
UNION ALL SELECT 'use.movement', 'lot ' || u.lot FROM lot_uses u
    WHERE NOT EXISTS (SELECT 1 FROM movements m WHERE m.id = u.movement)
UNION ALL SELECT 'use.lot', 'movement ' || u.movement
    FROM lot_uses u JOIN movements m ON m.id = u.movement
    WHERE NOT EXISTS (SELECT 1 FROM lots l WHERE l.id = u.lot)
UNION ALL SELECT 'use.user', 'movement ' || u.movement FROM lot_uses u
    JOIN legs ON legs.id = u.movement JOIN lots l ON l.id = u.lot
    WHERE l.user <> legs.user
UNION ALL SELECT 'use.grant', 'movement ' || u.movement FROM lot_uses u
    JOIN movements m ON m.id = u.movement JOIN lots l ON l.id = u.lot
    WHERE u.delta > 0 AND (l.tx <> m.tx OR l.granted <> u.delta
    OR l.created_at <> m.created_at)
UNION ALL SELECT 'use.expired', 'movement ' || u.movement FROM lot_uses u
    JOIN m ON m.id = u.movement JOIN lots l ON l.id = u.lot
    WHERE u.delta < 0 AND m.kind = 'spend' AND l.expires_at <= m.created_at
UNION ALL SELECT 'use.sum', 'movement ' || id FROM legs
    WHERE delta <> COALESCE(
        (SELECT SUM(u.delta) FROM lot_uses u WHERE u.movement = legs.id), 0)

-- ---- entries and accounts --------------------------------------------------
UNION ALL SELECT 'entry.sequence', 'account ' || account || ', entry ' || seq
    FROM e WHERE seq <> last_seq + 1
UNION ALL SELECT 'entry.balance', 'account ' || account || ', entry ' || seq
    FROM e WHERE seq = last_seq + 1 AND balance <> last_balance + delta
UNION ALL SELECT 'entry.negative', 'account ' || account || ', entry ' || seq
    FROM e WHERE user IS NOT NULL AND balance < 0
UNION ALL SELECT 'entry.order', 'account ' || account || ', entry ' || seq
    FROM e WHERE movement <= last_movement
UNION ALL SELECT DISTINCT 'entry.account', 'account ' || account
    FROM entries WHERE account NOT IN (SELECT id FROM accounts)
UNION ALL SELECT 'entry.movement', 'account ' || account || ', entry ' || seq
    FROM entries e
    WHERE NOT EXISTS (SELECT 1 FROM movements m WHERE m.id = e.movement)
UNION ALL SELECT 'transaction.balance', 'movement ' || m.id
    FROM movements m JOIN token_transactions t ON t.id = m.tx
    JOIN entries e ON e.movement = m.id
    JOIN accounts a ON a.id = e.account AND a.user IS NOT NULL
    WHERE t.balance_after <> e.balance
UNION ALL SELECT 'account.kind', 'account ' || a.id
    FROM accounts a LEFT JOIN house h ON h.id = a.id
    WHERE CASE WHEN h.id IS NULL THEN a.kind <> 'user' OR a.user IS NULL
    ELSE a.kind <> h.kind OR a.user IS NOT NULL END
UNION ALL SELECT 'account.user', 'account ' || id FROM accounts
    WHERE kind = 'user' AND id NOT IN (SELECT id FROM house)
    AND user NOT IN (SELECT id FROM users)
UNION ALL SELECT 'account.missing', kind
    FROM house WHERE id NOT IN (SELECT id FROM accounts)
UNION ALL SELECT 'account.balance', 'account ' || a.id FROM accounts a
    WHERE balance <> COALESCE((SELECT e.balance FROM entries e
        WHERE e.account = a.id ORDER BY e.seq DESC LIMIT 1), 0)
UNION ALL SELECT 'account.sequence', 'account ' || a.id FROM accounts a
    WHERE seq <> COALESCE(
        (SELECT MAX(e.seq) FROM entries e WHERE e.account = a.id), 0)

-- ---- lots ------------------------------------------------------------------
UNION ALL SELECT 'lot.transaction', 'lot ' || id FROM l WHERE t_id IS NULL
UNION ALL SELECT 'lot.user', 'lot ' || id FROM l
    WHERE t_user <> user OR f_user <> user
UNION ALL SELECT 'lot.origin', 'lot ' || l.id FROM l JOIN kinds k USING (kind)
    WHERE l.origin <> k.origin OR l.paid <> k.paid
UNION ALL SELECT 'lot.cost', 'lot ' || l.id FROM l JOIN kinds k USING (kind)
    WHERE k.paid IS NOT NULL AND (cost <> COALESCE(t_amount, 0)
    OR cost <> 0 AND currency IS NOT t_currency)
UNION ALL SELECT 'lot.granted', 'lot ' || l.id
    FROM l LEFT JOIN uses u ON u.lot = l.id AND u.nth = 1
    WHERE u.delta IS NOT l.granted
UNION ALL SELECT 'lot.range', 'lot ' || l.id
    FROM uses u JOIN lots l ON l.id = u.lot
    WHERE so_far NOT BETWEEN 0 AND l.granted
UNION ALL SELECT 'lot.left', 'lot ' || id FROM l
    WHERE left IS NOT COALESCE(used, 0)
UNION ALL SELECT 'lot.live', 'lot ' || id FROM l
    WHERE live IS NOT (left > 0)
UNION ALL SELECT 'lot.held', 'lot ' || id FROM l
    WHERE held <> pinned OR held < 0 OR frozen < 0 OR held + frozen > left
UNION ALL SELECT 'lot.marks', 'lot ' || id FROM l
    WHERE held <> COALESCE((SELECT SUM(k.held) FROM lot_marks k
        WHERE k.lot = l.id), 0)
    OR frozen <> COALESCE((SELECT SUM(k.frozen) FROM lot_marks k
        WHERE k.lot = l.id), 0)
UNION ALL SELECT 'lot.frozen', 'lot ' || id FROM l
    WHERE frozen <> 0 AND NOT EXISTS (SELECT 1 FROM grants g
        WHERE g.tx = l.tx AND g.lot = l.id
        AND (g.alarm IS NOT NULL OR g.since IS NOT NULL))
UNION ALL SELECT 'lot.missing', 'lot ' || lot
    FROM lot_left WHERE lot NOT IN (SELECT id FROM lots)

-- ---- holds -----------------------------------------------------------------
UNION ALL SELECT 'hold.pins', 'hold ' || h.public_id FROM holds h
    WHERE CASE state WHEN 'open' THEN tokens ELSE 0 END <> COALESCE(
        (SELECT SUM(p.tokens) FROM hold_lots p WHERE p.hold = h.id), 0)
UNION ALL SELECT 'hold.pins', 'lot ' || lot
    FROM hold_lots WHERE hold NOT IN (SELECT id FROM holds)
UNION ALL SELECT 'hold.user', 'hold ' || h.public_id FROM holds h
    JOIN hold_lots p ON p.hold = h.id LEFT JOIN lots l ON l.id = p.lot
    WHERE l.user IS NOT h.user
UNION ALL SELECT 'hold.capture', 'hold ' || h.public_id
    FROM holds h LEFT JOIN token_transactions t ON t.id = h.tx
    LEFT JOIN movements m ON m.tx = h.tx
    WHERE CASE WHEN h.tx IS NULL THEN h.state = 'captured'
    ELSE t.user IS NOT h.user OR t.tokens IS NOT -h.captured
    OR m.cause IS NOT 'capture:' || h.public_id END
UNION ALL SELECT 'hold.missing', 'before hold ' || id FROM (
        SELECT id, LAG(id, 1, 0) OVER (ORDER BY id) AS last_id FROM holds)
    WHERE id <> last_id + 1
UNION ALL SELECT 'hold.state', public_id FROM holds
    WHERE state NOT IN ('open', 'captured', 'released', 'expired')
    OR (state = 'open') <> (ended_at IS NULL)
    OR CASE state WHEN 'captured' THEN captured NOT BETWEEN 1 AND tokens
        ELSE captured <> 0 END
UNION ALL SELECT 'hold.missing', m.cause FROM movements m
    WHERE m.cause GLOB 'capture:*' AND NOT EXISTS (SELECT 1 FROM holds h
        WHERE h.public_id = substr(m.cause, 9) AND h.tx = m.tx)

-- ---- debts, and what grants gave back --------------------------------------
UNION ALL SELECT 'debt.missing', 'before step ' || id
    FROM d WHERE id <> last_id + 1
UNION ALL SELECT 'debt.link', 'step ' || id
    FROM d WHERE id = last_id + 1 AND prev <> last_hash
UNION ALL SELECT 'debt.open', 'step ' || id
    FROM d WHERE open <> last_open + delta OR open < 0
UNION ALL SELECT 'debt.cause', cause FROM d
    WHERE cause NOT LIKE 'adj:' || grant_tx || ':%'
    AND cause NOT LIKE 'repay:' || grant_tx || ':%'
UNION ALL SELECT 'debt.movement', cause FROM d
    WHERE cause LIKE 'repay:%' AND NOT EXISTS (SELECT 1 FROM movements m
        WHERE m.cause = d.cause AND m.tokens = -d.delta AND m.to_account = 3)
UNION ALL SELECT 'debt.movement', m.cause FROM movements m
    WHERE m.cause GLOB 'repay:*' AND m.cause NOT IN (SELECT cause FROM debts)
UNION ALL SELECT 'debt.user', cause FROM d WHERE owner IS NOT user
UNION ALL SELECT 'debt.open', 'grant ' || o.grant_tx FROM debt_open o
    WHERE o.open IS NOT (SELECT d.open FROM debts d
        WHERE d.grant_tx = o.grant_tx ORDER BY d.id DESC LIMIT 1)
    OR o.user IS NOT (SELECT MIN(d.user) FROM debts d
        WHERE d.grant_tx = o.grant_tx)
UNION ALL SELECT DISTINCT 'debt.open', 'grant ' || grant_tx FROM debts
    WHERE grant_tx NOT IN (SELECT grant_tx FROM debt_open)
UNION ALL SELECT 'grant.booked', g.source
    FROM grants g LEFT JOIN (SELECT grant_tx, SUM(taken) AS taken
        FROM steps GROUP BY grant_tx) s ON s.grant_tx = g.tx
    WHERE (g.steps > 0 OR g.booked <> 0)
    AND (g.booked <> COALESCE(s.taken, 0)
        OR g.booked NOT BETWEEN 0 AND g.granted)
UNION ALL SELECT 'grant.step', cause FROM steps
    WHERE NOT EXISTS (SELECT 1 FROM grants g
        WHERE g.tx = steps.grant_tx AND g.steps > steps.number)

-- ---- grants, and what refunds and disputes ask of them ---------------------
UNION ALL SELECT 'grant.lot', g.source
    FROM grants g LEFT JOIN lots l ON l.id = g.lot
    WHERE l.tx IS NOT g.tx OR l.granted IS NOT g.granted
UNION ALL SELECT 'grant.source', g.source FROM grants g
    WHERE NOT EXISTS (SELECT 1 FROM movements m
        WHERE m.tx = g.tx AND m.cause = g.source)
UNION ALL SELECT 'grant.missing', 'lot ' || l.id FROM lots l
    WHERE l.origin IN ('purchase', 'subscription') AND NOT EXISTS
        (SELECT 1 FROM grants g WHERE g.tx = l.tx AND g.lot = l.id)
UNION ALL SELECT 'grant.settled', source FROM g WHERE booked <> want
UNION ALL SELECT 'grant.frozen', source FROM g
    WHERE (booked <> 0 OR steps <> 0 OR since IS NOT NULL
        OR alarm IS NOT NULL OR back + maybe > 0)
    AND frozen <> CASE WHEN alarm IS NULL
        THEN min(want_most - want, free) ELSE free END
UNION ALL SELECT 'grant.since', source FROM g
    WHERE (since IS NULL) = (booked > 0 OR want_most > 0)
UNION ALL SELECT 'refund.rank', re FROM refunds
    WHERE rank <> CASE status WHEN 'requires_action' THEN 2
        WHEN 'succeeded' THEN 3 WHEN 'failed' THEN 4 WHEN 'canceled' THEN 4
        ELSE 1 END
UNION ALL SELECT 'dispute.effect', dp FROM disputes
    WHERE effect <> CASE WHEN status IN ('warning_needs_response',
            'warning_under_review', 'prevented') THEN 'flag'
        WHEN status = 'lost' THEN 'lost'
        WHEN status IN ('won', 'warning_closed') THEN 'none'
        ELSE 'freeze' END

-- ---- transactions ----------------------------------------------------------
UNION ALL SELECT 'transaction.kind', public_id FROM t WHERE known IS NULL
UNION ALL SELECT 'transaction.tokens', public_id FROM t
    WHERE sign <> 0 AND sign * tokens <= 0
UNION ALL SELECT 'transaction.user', public_id
    FROM t WHERE user NOT IN (SELECT id FROM users)
UNION ALL SELECT 'transaction.movements', public_id
    FROM t WHERE movements <> moved
UNION ALL SELECT 'transaction.balance', public_id
    FROM t WHERE NOT moved AND balance_after IS NOT NULL
-- What is shown as a price is what amount and tokens give, cut.
UNION ALL SELECT 'transaction.price', public_id FROM t
    WHERE CASE WHEN amount IS NULL THEN currency IS NOT NULL
        OR price_per_token IS NOT NULL OR total_amount_usd IS NOT NULL
    WHEN amount <= 0 OR tokens <= 0 OR currency IS NULL THEN 1
    ELSE price_per_token IS NOT printf('%d.%03d',
            amount * 1000 / unit / tokens / 1000,
            amount * 1000 / unit / tokens % 1000)
        OR total_amount_usd IS NOT CASE currency WHEN 'usd'
            THEN printf('%d.%02d', amount / 100, amount % 100) END
    END;
