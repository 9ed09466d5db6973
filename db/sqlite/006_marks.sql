-- 006 marks: what of each lot was held or frozen, and when, so that a
-- balance can be shown as it was.
-- min_reader: 6

-- Each change of lot_left.held and .frozen, as a difference: their sum is
-- what stands there, in whichever order the times of two processes come.
CREATE TABLE lot_marks (
    id INTEGER PRIMARY KEY,
    lot INTEGER NOT NULL REFERENCES lots (id),
    held INTEGER NOT NULL,
    frozen INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    CHECK (held <> 0 OR frozen <> 0)
) STRICT;
CREATE INDEX lot_marks_lot ON lot_marks (lot, created_at);
CREATE TRIGGER lot_marks_append BEFORE INSERT ON lot_marks
WHEN EXISTS (SELECT 1 FROM lot_marks WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'lot marks are never replaced'); END;
CREATE TRIGGER lot_marks_no_update BEFORE UPDATE ON lot_marks
BEGIN SELECT RAISE(ABORT, 'lot marks are never changed'); END;
CREATE TRIGGER lot_marks_no_delete BEFORE DELETE ON lot_marks
BEGIN SELECT RAISE(ABORT, 'lot marks are never deleted'); END;

-- Of the time before this step only what still is held or frozen is known:
-- holds since they were made, the frozen since its grant's first trouble.
INSERT INTO lot_marks (lot, held, frozen, created_at)
SELECT p.lot, p.tokens, 0, h.created_at
FROM hold_lots p JOIN holds h ON h.id = p.hold ORDER BY h.id, p.lot;
INSERT INTO lot_marks (lot, held, frozen, created_at)
SELECT f.lot, 0, f.frozen, COALESCE(g.since, l.created_at)
FROM lot_left f JOIN lots l ON l.id = f.lot
LEFT JOIN grants g ON g.tx = l.tx AND g.lot = l.id
WHERE f.frozen > 0 ORDER BY f.lot;

-- What a user owed at a moment.
CREATE INDEX debts_user ON debts (user, created_at);
