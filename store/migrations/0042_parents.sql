-- Companies may belong to another company.

ALTER TABLE companies ADD COLUMN parent_id BIGINT REFERENCES companies (key);
CREATE INDEX companies_parent ON companies (parent_id, created_at) WHERE parent_id IS NOT NULL;
