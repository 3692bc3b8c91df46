-- TAPD's items: what is remembered of them, what was told of them to whom, and who wants it how.

CREATE TABLE workspaces (
    company_id TEXT NOT NULL,
    workspace_id TEXT COLLATE "C" NOT NULL,
    standing TEXT NOT NULL,
    name TEXT,
    new_task BOOLEAN NOT NULL DEFAULT false,
    checked_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    words JSONB NOT NULL DEFAULT '{}',
    CONSTRAINT workspaces_pkey PRIMARY KEY (company_id, workspace_id),
    CONSTRAINT workspaces_company FOREIGN KEY (company_id) REFERENCES companies (company_id),
    CONSTRAINT workspaces_standing CHECK (standing IN ('ours', 'foreign', 'unproven'))
);
COMMENT ON TABLE workspaces IS 'projects of TAPD whose items a company sends us, and what TAPD told about them';
COMMENT ON COLUMN workspaces.standing IS 'whose it is by get_workspace_info; unproven: TAPD did not say, so the secret alone is believed';
COMMENT ON COLUMN workspaces.new_task IS 'its tasks are stories of a type of their own, and are linked as such';
COMMENT ON COLUMN workspaces.words IS 'by kind of item: names of fields and of statuses, and when they were read';

CREATE TABLE items (
    item_pk BIGINT GENERATED ALWAYS AS IDENTITY,
    company_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    item_id TEXT COLLATE "C" NOT NULL,
    workspace_id TEXT COLLATE "C" NOT NULL,
    sealed BYTEA NOT NULL,
    said_at TIMESTAMPTZ,
    deleted BOOLEAN NOT NULL DEFAULT false,
    changed_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT items_pkey PRIMARY KEY (company_id, kind, item_id),
    CONSTRAINT items_number UNIQUE (item_pk),
    CONSTRAINT items_company FOREIGN KEY (company_id) REFERENCES companies (company_id),
    CONSTRAINT items_kind CHECK (kind IN ('story', 'bug', 'task', 'iteration'))
);
COMMENT ON TABLE items IS 'a shadow of each item: an event that leaves out title or people is told by it';
COMMENT ON COLUMN items.sealed IS 'title, status and people as TAPD names them, sealed';
COMMENT ON COLUMN items.said_at IS 'when the newest event that told it happened, by TAPD''s clock';
CREATE INDEX items_by_age ON items (changed_at);

CREATE TABLE item_changes (
    change_id BIGINT GENERATED ALWAYS AS IDENTITY,
    company_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    item_id TEXT COLLATE "C" NOT NULL,
    operator TEXT COLLATE "C" NOT NULL,
    sealed BYTEA NOT NULL,
    opened_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    closes_at TIMESTAMPTZ NOT NULL,
    first BOOLEAN NOT NULL,
    CONSTRAINT item_changes_pkey PRIMARY KEY (company_id, change_id),
    CONSTRAINT item_changes_number UNIQUE (change_id),
    CONSTRAINT item_changes_item FOREIGN KEY (company_id, kind, item_id) REFERENCES items (company_id, kind, item_id)
);
COMMENT ON TABLE item_changes IS 'what one card tells: an edit, or all that one person did to one item within 30 s of it';
COMMENT ON COLUMN item_changes.operator IS 'the nick of who did it';
COMMENT ON COLUMN item_changes.sealed IS 'what was said, sealed';
COMMENT ON COLUMN item_changes.closes_at IS 'until then further edits of the same person come into it, or after a first one into the next';
COMMENT ON COLUMN item_changes.first IS 'carried at once; what follows within its window is another change';
CREATE INDEX item_changes_by_item ON item_changes (company_id, kind, item_id, change_id DESC);
CREATE INDEX item_changes_by_operator ON item_changes (company_id, operator, opened_at);
CREATE INDEX item_changes_by_age ON item_changes (opened_at);

CREATE TABLE item_notices (
    company_id TEXT NOT NULL,
    mail_id BIGINT NOT NULL,
    nick TEXT COLLATE "C" NOT NULL,
    event_id TEXT NOT NULL,
    event TEXT NOT NULL,
    kind TEXT NOT NULL,
    item_id TEXT COLLATE "C" NOT NULL,
    change_id BIGINT NOT NULL,
    roles TEXT [] NOT NULL,
    role TEXT NOT NULL,
    account_id TEXT COLLATE "C",
    corp_pk BIGINT,
    member_pk BIGINT,
    notice_id BIGINT,
    reason TEXT,
    waits_until TIMESTAMPTZ,
    noted_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT item_notices_pkey PRIMARY KEY (company_id, mail_id, nick),
    CONSTRAINT item_notices_reason CHECK (
        reason IN (
            'operator', 'creator_or_cc', 'no_owner', 'left', 'out_of_scope', 'held',
            'not_linked', 'unknown_nick', 'muted', 'kind', 'role', 'item_muted',
            'quiet_hours', 'company_off'
        )
    )
);
COMMENT ON TABLE item_notices IS 'each person whom an event concerns: the message that carries it, or why none does';
COMMENT ON COLUMN item_notices.mail_id IS 'the event in the inbox';
COMMENT ON COLUMN item_notices.event_id IS 'as TAPD calls it, else ours';
COMMENT ON COLUMN item_notices.nick IS 'as the item names the person';
COMMENT ON COLUMN item_notices.roles IS 'all of this person, the weightiest first';
COMMENT ON COLUMN item_notices.role IS 'the one in which they are told';
COMMENT ON COLUMN item_notices.notice_id IS 'the message, of corp_pk; null when none was queued';
COMMENT ON COLUMN item_notices.waits_until IS 'so long the nick may still turn out to be somebody''s';
CREATE INDEX item_notices_by_item ON item_notices (company_id, kind, item_id, mail_id DESC, nick);
CREATE INDEX item_notices_by_change ON item_notices (company_id, change_id);
CREATE INDEX item_notices_by_member ON item_notices (corp_pk, member_pk, mail_id DESC) WHERE member_pk IS NOT NULL;
CREATE INDEX item_notices_by_notice ON item_notices (corp_pk, notice_id) WHERE notice_id IS NOT NULL;
CREATE INDEX item_notices_waiting ON item_notices (company_id, waits_until) WHERE waits_until IS NOT NULL;
CREATE INDEX item_notices_by_age ON item_notices (noted_at);

CREATE TABLE item_preferences (
    corp_pk BIGINT NOT NULL,
    member_pk BIGINT NOT NULL,
    item_notices BOOLEAN NOT NULL,
    kinds TEXT [] NOT NULL,
    roles TEXT [] NOT NULL,
    quiet_from TEXT,
    quiet_to TEXT,
    muted_items TEXT [] NOT NULL DEFAULT '{}',
    language TEXT,
    changed_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT item_preferences_pkey PRIMARY KEY (corp_pk, member_pk),
    CONSTRAINT item_preferences_member FOREIGN KEY (corp_pk, member_pk) REFERENCES members (corp_pk, member_pk),
    CONSTRAINT item_preferences_quiet CHECK ((quiet_from IS NULL) = (quiet_to IS NULL))
);
COMMENT ON TABLE item_preferences IS 'how a member wants item notices; without a row the company''s defaults hold';
COMMENT ON COLUMN item_preferences.kinds IS 'kinds of items they hear of';
COMMENT ON COLUMN item_preferences.roles IS 'roles in which they hear of them';
COMMENT ON COLUMN item_preferences.quiet_from IS 'HH:MM in SYNC_TIME_ZONE';
COMMENT ON COLUMN item_preferences.muted_items IS 'ids of items they do not hear of, the newest last';
COMMENT ON COLUMN item_preferences.language IS 'of their cards: that of the page on which they chose';

CREATE TABLE item_answers (
    corp_pk BIGINT NOT NULL,
    answer_id BIGINT GENERATED ALWAYS AS IDENTITY,
    said TEXT NOT NULL,
    kind TEXT NOT NULL,
    language TEXT NOT NULL,
    sealed BYTEA NOT NULL,
    queued_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT item_answers_pkey PRIMARY KEY (corp_pk, answer_id),
    CONSTRAINT item_answers_said CHECK (said IN ('item_muted', 'kind_muted'))
);
COMMENT ON TABLE item_answers IS 'who muted something by a button on a card sees so on that card; then the row goes';
COMMENT ON COLUMN item_answers.sealed IS 'userid, title and response code, sealed with the corp''s data key';

CREATE TABLE former_nicks (
    account_id TEXT COLLATE "C" NOT NULL,
    nick TEXT COLLATE "C" NOT NULL,
    given_up_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT former_nicks_pkey PRIMARY KEY (nick, account_id),
    CONSTRAINT former_nicks_account FOREIGN KEY (account_id) REFERENCES accounts (account_id)
);
COMMENT ON TABLE former_nicks IS 'what accounts were called before: items go on naming them so for a while';
CREATE INDEX former_nicks_by_account ON former_nicks (account_id);
CREATE INDEX accounts_by_odd_nick ON accounts (nick) WHERE nick LIKE '%;%';
CREATE INDEX links_by_account ON links (company_id, account_id) WHERE state = 'linked';

ALTER TABLE companies ADD COLUMN item_notices JSONB;
COMMENT ON COLUMN companies.item_notices IS 'switch, kinds and roles for members who chose nothing; null follows ITEM_NOTICES';

ALTER TABLE account_reads ADD COLUMN nick_wanted_at TIMESTAMPTZ;
COMMENT ON COLUMN account_reads.nick_wanted_at IS 'when an item last named somebody whom nobody knows';

ALTER TABLE notices ADD COLUMN change_id BIGINT;
ALTER TABLE notices ADD COLUMN changes BIGINT [];
ALTER TABLE notices ADD COLUMN gathered BOOLEAN NOT NULL DEFAULT false;
ALTER TABLE notices ADD COLUMN plain BOOLEAN NOT NULL DEFAULT false;
ALTER TABLE notices ADD COLUMN language TEXT;
COMMENT ON COLUMN notices.change_id IS 'what an item''s card tells; with the member the cause';
COMMENT ON COLUMN notices.changes IS 'what a digest tells, the oldest first';
COMMENT ON COLUMN notices.gathered IS 'waits until it is due, and is then told in one digest with the others';
COMMENT ON COLUMN notices.plain IS 'WeCom refused the template card: a textcard takes its place';
COMMENT ON COLUMN notices.language IS 'of an item''s card; the others speak both';
ALTER TABLE notices DROP CONSTRAINT notices_kind;
ALTER TABLE notices ADD CONSTRAINT notices_kind CHECK (kind IN ('link', 'invite', 'approval', 'item', 'digest'));
ALTER TABLE notices ADD CONSTRAINT notices_item CHECK (
    (kind = 'item') = (change_id IS NOT NULL) AND (kind = 'digest') = (changes IS NOT NULL)
);
DROP INDEX notices_one_live;
DROP INDEX notices_by_cause;
CREATE UNIQUE INDEX notices_one_live ON notices (corp_pk, member_pk, company_id, kind)
WHERE origin = 'sync' AND kind IN ('link', 'invite') AND closed IS NULL AND state IN ('queued', 'sent', 'unknown');
CREATE UNIQUE INDEX notices_by_cause ON notices (corp_pk, member_pk, company_id, kind, round) WHERE kind IN ('link', 'invite');
CREATE UNIQUE INDEX notices_one_item ON notices (corp_pk, member_pk, change_id) WHERE kind = 'item';
CREATE INDEX notices_gathered ON notices (corp_pk, not_before) WHERE kind = 'item' AND gathered AND state = 'queued' AND batch_id IS NULL;

ALTER TABLE deliveries ADD COLUMN cards_refused_at TIMESTAMPTZ;
COMMENT ON COLUMN deliveries.cards_refused_at IS 'when WeCom last refused a template card as such: textcards for an hour';

ALTER TABLE company_acts DROP CONSTRAINT company_acts_kind;
ALTER TABLE company_acts ADD CONSTRAINT company_acts_kind CHECK (kind IN ('invite', 'resolve', 'unlink', 'items'));
