-- When a key was last settled is looked up while a page is applied.

CREATE INDEX inbox_settled ON inbox (mailbox, key, sent_at)
WHERE state IN ('done', 'folded') AND sent_at IS NOT NULL;
