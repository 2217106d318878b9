-- Servers of older schemas must not go on: they would change deals without their sums.

-- How many deals have a status, a currency and a stage, how many of these have an amount, and the sum of the amounts in
-- two parts: that of the amounts divided by 2 to the 32, and that of the remainders, so that neither can overflow.
-- place has the values with blanks between.
CREATE TABLE deal_sums (
  workspace_id BIGINT NOT NULL,
  place TEXT NOT NULL,
  status TEXT NOT NULL,
  currency TEXT NOT NULL,
  stage TEXT,
  n BIGINT NOT NULL,
  amounts BIGINT NOT NULL,
  high BIGINT NOT NULL,
  low BIGINT NOT NULL,
  PRIMARY KEY (workspace_id, place)
) STRICT, CLUSTERED;

INSERT INTO deal_sums (workspace_id, place, status, currency, stage, n, amounts, high, low)
  SELECT workspace_id, status || ' ' || currency || COALESCE(' ' || stage, ''), status, currency, stage, COUNT(*), COUNT(amount_cents),
    COALESCE(SUM(amount_cents / 4294967296), 0), COALESCE(SUM(amount_cents % 4294967296), 0)
  FROM deals WHERE workspace_id > 0 GROUP BY workspace_id, status, currency, stage;
