-- What each drain asked about mail, for the story of an event: bounded, and gone with the mail.

ALTER TABLE inbox ADD COLUMN asked JSONB;
COMMENT ON COLUMN inbox.asked IS 'the last tries of drains, oldest first: on the first mail of a batch with its calls, on the others with that mail''s id; no personal data';
