-- 002 catalogue: what an installation sells until its owner says otherwise.
-- min_reader: 1

INSERT INTO catalog_versions
    (version, custom_min, custom_max, note, actor, created_at)
VALUES (1, 5, 1000, 'as shipped', 'vantage', 0);

INSERT INTO packages (version, id, name, tokens, position)
VALUES (1, 'starter', 'Starter', 10, 1),
    (1, 'professional', 'Professional', 50, 2),
    (1, 'enterprise', 'Enterprise', 150, 3);

INSERT INTO plans (version, id, name, tokens, interval, position)
VALUES (1, 'monthly_basic', 'Monthly Basic', 25, 'month', 1),
    (1, 'monthly_pro', 'Monthly Pro', 100, 'month', 2);

INSERT INTO prices (version, item, currency, amount)
VALUES (1, 'starter', 'usd', 999),
    (1, 'professional', 'usd', 3999),
    (1, 'enterprise', 'usd', 9999),
    (1, 'monthly_basic', 'usd', 1999),
    (1, 'monthly_pro', 'usd', 5999),
    (1, 'starter', 'eur', 949),
    (1, 'professional', 'eur', 3749),
    (1, 'enterprise', 'eur', 9399),
    (1, 'monthly_basic', 'eur', 1899),
    (1, 'monthly_pro', 'eur', 5649);
