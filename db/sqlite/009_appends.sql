-- 009 appends: the guards of what is only ever added, with fewer looks.
-- min_reader: 6
--
-- They refuse what they refused before. What a new row has to continue is
-- read once, the newest row as a whole, where each of its columns was looked
-- for by itself; and two names are looked up one after the other, where an OR
-- within one look-up made the engine keep a list of the rows it had seen.

DROP TRIGGER movements_append;
CREATE TRIGGER movements_append BEFORE INSERT ON movements
WHEN (NEW.id, NEW.prev) IS NOT
        (SELECT id + 1, hash FROM movements ORDER BY id DESC LIMIT 1)
    AND (NEW.id IS NOT 1 OR NEW.prev IS NOT zeroblob(32)
        OR EXISTS (SELECT 1 FROM movements))
BEGIN SELECT RAISE(ABORT, 'movements: the chain would break'); END;

DROP TRIGGER entries_append;
CREATE TRIGGER entries_append BEFORE INSERT ON entries
WHEN NEW.seq IS NULL OR (NEW.seq, NEW.balance) IS NOT
        (SELECT seq + 1, balance + NEW.delta FROM entries
        WHERE account = NEW.account ORDER BY seq DESC LIMIT 1)
    AND (NEW.seq IS NOT 1 OR NEW.balance IS NOT NEW.delta
        OR EXISTS (SELECT 1 FROM entries WHERE account = NEW.account))
BEGIN SELECT RAISE(ABORT, 'entries: the sequence would break'); END;

DROP TRIGGER token_transactions_append;
CREATE TRIGGER token_transactions_append BEFORE INSERT ON token_transactions
WHEN EXISTS (SELECT 1 FROM token_transactions WHERE id = NEW.id)
    OR EXISTS (SELECT 1 FROM token_transactions
        WHERE public_id = NEW.public_id)
BEGIN SELECT RAISE(ABORT, 'transactions are never replaced'); END;

DROP TRIGGER grants_append;
CREATE TRIGGER grants_append BEFORE INSERT ON grants
WHEN EXISTS (SELECT 1 FROM grants WHERE tx = NEW.tx)
    OR EXISTS (SELECT 1 FROM grants WHERE source = NEW.source)
    OR NEW.booked <> 0 OR NEW.steps <> 0
    OR NOT EXISTS (SELECT 1 FROM lots WHERE id = NEW.lot AND tx = NEW.tx
        AND granted = NEW.granted)
BEGIN SELECT RAISE(ABORT, 'a grant is made once, as its lot'); END;
