-- Mail by which a drain asks again is ours: the ledger counts it only until it is settled.

ALTER TABLE inbox ADD COLUMN own BOOLEAN NOT NULL DEFAULT false;
COMMENT ON COLUMN inbox.own IS 'put here by a drain to ask about a key again; nobody sent it';
