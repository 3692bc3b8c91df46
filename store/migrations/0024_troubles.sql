-- What one key waits for by itself, and how WeCom spells people whose ids ignore case.

ALTER TABLE inbox ADD COLUMN troubles INTEGER NOT NULL DEFAULT 0;
ALTER TABLE inbox ADD COLUMN waits_for TEXT;
ALTER TABLE inbox ADD COLUMN waiting_since TIMESTAMPTZ;
COMMENT ON COLUMN inbox.troubles IS 'answers so far about this key alone that failed or could not be used; sets its own wait';
COMMENT ON COLUMN inbox.waits_for IS 'why this row alone waits: late_answer, odd_answer, unavailable, redirect, retry';
COMMENT ON COLUMN inbox.waiting_since IS 'since when this row waits for that';

ALTER TABLE mailboxes ADD COLUMN waiting_since TIMESTAMPTZ;
ALTER TABLE mailboxes ADD COLUMN error TEXT;
COMMENT ON COLUMN mailboxes.waiting_since IS 'since when the mailbox waits for the same thing';
COMMENT ON COLUMN mailboxes.error IS 'endpoint, status and what came when it last failed; never a body';

ALTER TABLE corps ADD COLUMN spellings JSONB NOT NULL DEFAULT '{}';
ALTER TABLE corps ADD COLUMN pause_looks INTEGER NOT NULL DEFAULT 0;
ALTER TABLE corps ADD COLUMN pause_look_at TIMESTAMPTZ;
COMMENT ON COLUMN corps.spellings IS 'userids as WeCom spells them, by another spelling that it answered to: ids of old corps ignore case';
COMMENT ON COLUMN corps.pause_looks IS 'how often it was looked whether WeCom still keeps the app closed';
COMMENT ON COLUMN corps.pause_look_at IS 'when to look next whether WeCom still keeps the app closed';

ALTER TABLE pauses ADD COLUMN error TEXT;
COMMENT ON COLUMN pauses.error IS 'endpoint, status and what came when these endpoints last failed; never a body';
