-- Installs that begin on our own pages, and what each install has come to know.

CREATE TABLE install_intents (
    intent_id TEXT COLLATE "C" NOT NULL,
    company_id TEXT,
    admin_account_id TEXT COLLATE "C",
    edition TEXT,
    state TEXT COLLATE "C" NOT NULL,
    browser BYTEA,
    code_hash TEXT,
    installer_corp_id TEXT COLLATE "C",
    installer_userid TEXT COLLATE "C",
    created_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    expires_at TIMESTAMPTZ NOT NULL,
    confirmed_at TIMESTAMPTZ,
    returned_at TIMESTAMPTZ,
    CONSTRAINT install_intents_pkey PRIMARY KEY (intent_id),
    CONSTRAINT install_intents_company FOREIGN KEY (company_id) REFERENCES companies (company_id),
    CONSTRAINT install_intents_way CHECK (num_nonnulls(company_id, edition) = 1),
    CONSTRAINT install_intents_edition CHECK (edition IN ('standard', 'professional', 'enterprise'))
);
COMMENT ON TABLE install_intents IS 'what somebody wants before WeCom is asked: link this company, or make one of this edition';
COMMENT ON COLUMN install_intents.company_id IS 'way 1: the company to link';
COMMENT ON COLUMN install_intents.admin_account_id IS 'way 1: for whom TAPD asked; shown, and not checked against accounts';
COMMENT ON COLUMN install_intents.edition IS 'way 2: of the company to make';
COMMENT ON COLUMN install_intents.state IS 'what WeCom hands back with the auth code';
COMMENT ON COLUMN install_intents.browser IS 'SHA-256 of the cookie of the browser that opened it first; no other may use it';
COMMENT ON COLUMN install_intents.code_hash IS 'SHA-256 of the auth code that came back: the intent is used';
COMMENT ON COLUMN install_intents.installer_userid IS 'who signed in after the install, where WeCom did not name the installer';
COMMENT ON COLUMN install_intents.confirmed_at IS 'sent to WeCom''s install page; its pre_auth_code lives 20 min from then';
CREATE UNIQUE INDEX install_intents_by_state ON install_intents (state);
CREATE INDEX install_intents_by_code ON install_intents (code_hash) WHERE code_hash IS NOT NULL;

ALTER TABLE installs ADD COLUMN installer_userid TEXT COLLATE "C";
ALTER TABLE installs ADD COLUMN company_id TEXT REFERENCES companies (company_id);
ALTER TABLE installs ADD COLUMN run_id TEXT;
ALTER TABLE installs ADD COLUMN exchanged_at TIMESTAMPTZ;
COMMENT ON COLUMN installs.installer_userid IS 'who installed the app, as far as WeCom says';
COMMENT ON COLUMN installs.company_id IS 'what the corp was linked to by this install';
COMMENT ON COLUMN installs.run_id IS 'the first full read that this install asked for';
CREATE INDEX installs_awaiting ON installs (exchanged_at) WHERE state = 'exchanged';
CREATE INDEX installs_by_corp ON installs (corp_pk);
