-- Who a userid was before, found by the new one: the way back through the journal.

CREATE INDEX journal_renames ON journal (
    corp_pk, (('member:' || (after ->> 'userid')) COLLATE "C"), line_id
) WHERE decision = 'RenameUserid';
