-- 004 references: what a spend or a hold left the user, beside its name.
-- min_reader: 3

-- The same call is answered as the first time, and what was available then
-- cannot be told from the ledger later: holds of that moment are gone.
ALTER TABLE service_references ADD COLUMN available INTEGER;
