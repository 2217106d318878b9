-- Phone numbers are compared by their digits, without the 00 that stands for +.

UPDATE contacts SET phone_fold = (
  WITH RECURSIVE d (i, s) AS (
    SELECT 1, '' UNION ALL
    SELECT i + 1, s || CASE WHEN substr(contacts.phone, i, 1) BETWEEN '0' AND '9' THEN substr(contacts.phone, i, 1) ELSE '' END
    FROM d WHERE i <= length(contacts.phone))
  SELECT CASE WHEN substr(s, 1, 2) = '00' THEN substr(s, 3) ELSE s END FROM d ORDER BY i DESC LIMIT 1)
WHERE phone IS NOT NULL;
CREATE INDEX contacts_phone ON contacts (workspace_id, phone_fold) WHERE phone_fold IS NOT NULL;
