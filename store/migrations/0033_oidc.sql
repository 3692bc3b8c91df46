-- Who signs in elsewhere by us: OpenID Connect clients, their grants, our keys, and logouts that are still to be told.

CREATE TABLE oidc_clients (
    client_id TEXT COLLATE "C" NOT NULL,
    name TEXT NOT NULL,
    secret_hash BYTEA,
    redirect_uris TEXT[] NOT NULL,
    post_logout_uris TEXT[] NOT NULL DEFAULT '{}',
    back_channel_uri TEXT,
    created_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT oidc_clients_pkey PRIMARY KEY (client_id),
    CONSTRAINT oidc_clients_redirects CHECK (cardinality(redirect_uris) > 0)
);
COMMENT ON TABLE oidc_clients IS 'relying parties, TAPD itself among them; made by manage.py create-client';
COMMENT ON COLUMN oidc_clients.secret_hash IS 'SHA-256 of the secret, which is 32 random bytes; null for a public client, which has none';
COMMENT ON COLUMN oidc_clients.redirect_uris IS 'where its users may be sent back to; compared as they stand';
COMMENT ON COLUMN oidc_clients.back_channel_uri IS 'where it is told that a session ended; null when it is not told';

CREATE TABLE oidc_consents (
    corp_pk BIGINT NOT NULL,
    member_pk BIGINT NOT NULL,
    client_id TEXT COLLATE "C" NOT NULL,
    scopes TEXT[] NOT NULL,
    given_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT oidc_consents_pkey PRIMARY KEY (corp_pk, member_pk, client_id),
    CONSTRAINT oidc_consents_member FOREIGN KEY (corp_pk, member_pk) REFERENCES members (corp_pk, member_pk) ON DELETE CASCADE,
    CONSTRAINT oidc_consents_client FOREIGN KEY (client_id) REFERENCES oidc_clients (client_id) ON DELETE CASCADE
);
COMMENT ON TABLE oidc_consents IS 'what members have let a client know of them, so that they are not asked again';
COMMENT ON COLUMN oidc_consents.scopes IS 'everything they ever agreed to, for this client';
CREATE INDEX oidc_consents_by_client ON oidc_consents (client_id);

CREATE TABLE oidc_grants (
    grant_id BIGINT GENERATED ALWAYS AS IDENTITY,
    client_id TEXT COLLATE "C" NOT NULL,
    corp_pk BIGINT NOT NULL,
    member_pk BIGINT NOT NULL,
    account_id TEXT COLLATE "C" NOT NULL,
    sid TEXT NOT NULL,
    scope TEXT NOT NULL,
    nonce TEXT,
    auth_time TIMESTAMPTZ NOT NULL,
    tells_auth_time BOOLEAN NOT NULL,
    code_hash BYTEA NOT NULL,
    code_challenge TEXT,
    redirect_uri TEXT NOT NULL,
    code_used BOOLEAN NOT NULL DEFAULT false,
    handle_hash BYTEA,
    refresh_hash BYTEA,
    began_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    expires_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT oidc_grants_pkey PRIMARY KEY (grant_id),
    CONSTRAINT oidc_grants_client FOREIGN KEY (client_id) REFERENCES oidc_clients (client_id) ON DELETE CASCADE,
    CONSTRAINT oidc_grants_code UNIQUE (code_hash),
    CONSTRAINT oidc_grants_handle UNIQUE (handle_hash),
    CONSTRAINT oidc_grants_refresh CHECK ((handle_hash IS NULL) = (refresh_hash IS NULL))
);
COMMENT ON TABLE oidc_grants IS 'one authorisation each: its code, what came of it, and for how long; without its row nothing of it is good';
COMMENT ON COLUMN oidc_grants.account_id IS 'the subject; the grant ends when the member is linked to another account';
COMMENT ON COLUMN oidc_grants.sid IS 'names the browser session it began in to clients; no cookie can be made from it';
COMMENT ON COLUMN oidc_grants.tells_auth_time IS 'the client asked for max_age, so ID tokens say when WeCom named the member';
COMMENT ON COLUMN oidc_grants.code_hash IS 'SHA-256 of the code; kept when it was used, so that a second use is known';
COMMENT ON COLUMN oidc_grants.code_challenge IS 'of PKCE with S256; null when a confidential client gave none';
COMMENT ON COLUMN oidc_grants.handle_hash IS 'SHA-256 of the part that all refresh tokens of this grant share';
COMMENT ON COLUMN oidc_grants.refresh_hash IS 'SHA-256 of the part that the newest one alone has: any other is an old one';
COMMENT ON COLUMN oidc_grants.expires_at IS 'when its code, then its tokens, are over';
CREATE INDEX oidc_grants_by_member ON oidc_grants (corp_pk, member_pk, client_id);
CREATE INDEX oidc_grants_by_client ON oidc_grants (client_id);
CREATE INDEX oidc_grants_by_session ON oidc_grants (sid);
CREATE INDEX oidc_grants_by_end ON oidc_grants (expires_at);

CREATE TABLE oidc_access_tokens (
    token_hash BYTEA NOT NULL,
    grant_id BIGINT NOT NULL,
    scope TEXT NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT oidc_access_tokens_pkey PRIMARY KEY (token_hash),
    CONSTRAINT oidc_access_tokens_grant FOREIGN KEY (grant_id) REFERENCES oidc_grants (grant_id) ON DELETE CASCADE
);
COMMENT ON TABLE oidc_access_tokens IS 'tokens for /oidc/userinfo; they end with their grant';
COMMENT ON COLUMN oidc_access_tokens.token_hash IS 'SHA-256 of the token';
CREATE INDEX oidc_access_tokens_by_grant ON oidc_access_tokens (grant_id, expires_at);
CREATE INDEX oidc_access_tokens_by_end ON oidc_access_tokens (expires_at);

CREATE TABLE oidc_keys (
    kid TEXT COLLATE "C" NOT NULL,
    public JSONB NOT NULL,
    sealed BYTEA NOT NULL,
    made_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    retired_at TIMESTAMPTZ,
    CONSTRAINT oidc_keys_pkey PRIMARY KEY (kid)
);
COMMENT ON TABLE oidc_keys IS 'what signs ID tokens: the one that is not retired; the others stay known while such a token may be good';
COMMENT ON COLUMN oidc_keys.public IS 'the public key as /oidc/jwks shows it';
COMMENT ON COLUMN oidc_keys.sealed IS 'the private key, sealed by SECRET_KEYS';
CREATE UNIQUE INDEX oidc_keys_one ON oidc_keys ((true)) WHERE retired_at IS NULL;

CREATE TABLE oidc_logouts (
    logout_id BIGINT GENERATED ALWAYS AS IDENTITY,
    client_id TEXT COLLATE "C" NOT NULL,
    account_id TEXT COLLATE "C" NOT NULL,
    sid TEXT NOT NULL,
    corp_pk BIGINT NOT NULL,
    due_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    attempts INTEGER NOT NULL DEFAULT 0,
    CONSTRAINT oidc_logouts_pkey PRIMARY KEY (logout_id),
    CONSTRAINT oidc_logouts_client FOREIGN KEY (client_id) REFERENCES oidc_clients (client_id) ON DELETE CASCADE,
    CONSTRAINT oidc_logouts_once UNIQUE (client_id, sid, account_id)
);
COMMENT ON TABLE oidc_logouts IS 'sessions that ended and whose clients were not told yet; a row goes when they were, or could not be';
COMMENT ON COLUMN oidc_logouts.due_at IS 'when to tell the client, for the first time or again';
CREATE INDEX oidc_logouts_by_due ON oidc_logouts (due_at);
