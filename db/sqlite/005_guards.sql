-- 005 guards: what was told and what follows from it cannot be untold.
-- min_reader: 3
--
-- OR REPLACE deletes without asking delete triggers, so an insert is refused
-- where its row, or another with its unique names, is there already.

-- What a transaction was paid with is told once; why it was made stays.
CREATE TRIGGER token_transactions_told
BEFORE UPDATE OF payment_intent_id, stripe_charge_id, stripe_invoice_id
    ON token_transactions
WHEN OLD.payment_intent_id IS NOT NULL
        AND NEW.payment_intent_id IS NOT OLD.payment_intent_id
    OR OLD.stripe_charge_id IS NOT NULL
        AND NEW.stripe_charge_id IS NOT OLD.stripe_charge_id
    OR OLD.stripe_invoice_id IS NOT NULL
        AND NEW.stripe_invoice_id IS NOT OLD.stripe_invoice_id
BEGIN SELECT RAISE(ABORT, 'what a transaction was paid with stays'); END;
CREATE TRIGGER token_transactions_notes
BEFORE UPDATE OF metadata, note ON token_transactions
BEGIN SELECT RAISE(ABORT, 'what a transaction was made with stays'); END;
CREATE TRIGGER token_transactions_append BEFORE INSERT ON token_transactions
WHEN EXISTS (SELECT 1 FROM token_transactions
        WHERE id = NEW.id OR public_id = NEW.public_id)
BEGIN SELECT RAISE(ABORT, 'transactions are never replaced'); END;

CREATE TRIGGER grants_append BEFORE INSERT ON grants
WHEN EXISTS (SELECT 1 FROM grants WHERE tx = NEW.tx OR source = NEW.source)
    OR NEW.booked <> 0 OR NEW.steps <> 0
    OR NOT EXISTS (SELECT 1 FROM lots WHERE id = NEW.lot AND tx = NEW.tx
        AND granted = NEW.granted)
BEGIN SELECT RAISE(ABORT, 'a grant is made once, as its lot'); END;
CREATE TRIGGER grants_fixed BEFORE UPDATE OF tx, source, lot, granted ON grants
BEGIN SELECT RAISE(ABORT, 'a grant keeps what it was made with'); END;
CREATE TRIGGER grants_told BEFORE UPDATE OF charge ON grants
WHEN OLD.charge IS NOT NULL AND NEW.charge IS NOT OLD.charge
BEGIN SELECT RAISE(ABORT, 'a grant keeps its charge'); END;
-- One step of settle at a time.
CREATE TRIGGER grants_step BEFORE UPDATE OF booked, steps ON grants
WHEN NEW.steps <> OLD.steps + 1
BEGIN SELECT RAISE(ABORT, 'a grant changes by steps'); END;
CREATE TRIGGER grants_no_delete BEFORE DELETE ON grants
BEGIN SELECT RAISE(ABORT, 'grants are never deleted'); END;

CREATE TRIGGER refunds_append BEFORE INSERT ON refunds
WHEN EXISTS (SELECT 1 FROM refunds WHERE re = NEW.re)
BEGIN SELECT RAISE(ABORT, 'refunds are never replaced'); END;
CREATE TRIGGER refunds_fixed BEFORE UPDATE OF re, currency, created_at
    ON refunds
BEGIN SELECT RAISE(ABORT, 'a refund keeps what it was made with'); END;
CREATE TRIGGER refunds_told BEFORE UPDATE OF charge, pi ON refunds
WHEN OLD.charge IS NOT NULL AND NEW.charge IS NOT OLD.charge
    OR OLD.pi IS NOT NULL AND NEW.pi IS NOT OLD.pi
BEGIN SELECT RAISE(ABORT, 'a refund keeps its charge'); END;
CREATE TRIGGER refunds_rise BEFORE UPDATE ON refunds
WHEN NEW.rank <= OLD.rank
BEGIN SELECT RAISE(ABORT, 'the rank of a refund only rises'); END;
CREATE TRIGGER refunds_no_delete BEFORE DELETE ON refunds
BEGIN SELECT RAISE(ABORT, 'refunds are never deleted'); END;

CREATE TRIGGER disputes_append BEFORE INSERT ON disputes
WHEN EXISTS (SELECT 1 FROM disputes WHERE dp = NEW.dp)
BEGIN SELECT RAISE(ABORT, 'disputes are never replaced'); END;
CREATE TRIGGER disputes_fixed BEFORE UPDATE OF dp, currency, created_at
    ON disputes
BEGIN SELECT RAISE(ABORT, 'a dispute keeps what it was made with'); END;
CREATE TRIGGER disputes_told BEFORE UPDATE OF charge, pi ON disputes
WHEN OLD.charge IS NOT NULL AND NEW.charge IS NOT OLD.charge
    OR OLD.pi IS NOT NULL AND NEW.pi IS NOT OLD.pi
BEGIN SELECT RAISE(ABORT, 'a dispute keeps its charge'); END;
CREATE TRIGGER disputes_no_delete BEFORE DELETE ON disputes
BEGIN SELECT RAISE(ABORT, 'disputes are never deleted'); END;

CREATE TRIGGER holds_append BEFORE INSERT ON holds
WHEN EXISTS (SELECT 1 FROM holds WHERE id = NEW.id
        OR public_id = NEW.public_id
        OR service = NEW.service AND reference = NEW.reference)
    OR NEW.state <> 'open'
BEGIN SELECT RAISE(ABORT, 'a hold begins open and once'); END;
CREATE TRIGGER holds_fixed
BEFORE UPDATE OF public_id, reference, expires_at, created_at ON holds
BEGIN SELECT RAISE(ABORT, 'a hold keeps what it was made with'); END;
CREATE TRIGGER holds_captured BEFORE UPDATE OF captured ON holds
WHEN NEW.captured <> OLD.captured AND NEW.state <> 'captured'
BEGIN SELECT RAISE(ABORT, 'only a capture takes tokens of a hold'); END;
