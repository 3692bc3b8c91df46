-- A right to fetch a token has an owner, so that nobody ends another's.

ALTER TABLE tokens ADD COLUMN refreshing_by UUID;
COMMENT ON COLUMN tokens.refreshing_by IS 'who fetches a new token until refreshing_until; null: nobody, and until then nobody tries ahead of time';
