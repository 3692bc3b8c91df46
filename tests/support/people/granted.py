"""What a corp's members have granted to a relying party, put into the store."""

from store.org.corps import Corp
from tests.support.workbench import Workbench

CLIENT = "client"
# One of each that is over, of the member of a corp.
OVER_GRANTS = """
    INSERT INTO oidc_clients (client_id, name, redirect_uris) VALUES ('c', 'c', '{u}');
    INSERT INTO oidc_keys (kid, public, sealed, retired_at)
        VALUES ('k', '{}', '', clock_timestamp());
    INSERT INTO oidc_grants (client_id, corp_pk, member_pk, account_id, sid, scope,
            auth_time, tells_auth_time, code_hash, redirect_uri, expires_at)
        SELECT 'c', corp_pk, member_pk, 'a', 's', 'openid', clock_timestamp(), false,
            'h', 'u', clock_timestamp() FROM members;
    INSERT INTO oidc_access_tokens (token_hash, grant_id, scope, expires_at)
        SELECT 't', grant_id, 'openid', clock_timestamp() FROM oidc_grants;
    INSERT INTO oidc_logouts (client_id, account_id, sid, corp_pk)
        SELECT 'c', 'a', 's', corp_pk FROM corps;
"""


def add_grants(bench: Workbench, corp: Corp) -> None:
    """A consent and a grant of each member."""
    bench.rows(
        "INSERT INTO oidc_clients (client_id, name, redirect_uris)"
        " VALUES (%s, 'c', '{u}') ON CONFLICT DO NOTHING",
        CLIENT,
    )
    bench.rows(
        "INSERT INTO oidc_consents (corp_pk, member_pk, client_id, scopes)"
        " SELECT corp_pk, member_pk, %s, '{openid}' FROM members WHERE corp_pk = %s",
        CLIENT,
        corp.corp_pk,
    )
    bench.rows(
        "INSERT INTO oidc_grants (client_id, corp_pk, member_pk, account_id, sid,"
        " scope, auth_time, tells_auth_time, code_hash, redirect_uri, expires_at)"
        " SELECT %s, corp_pk, member_pk, 'a', 's', 'openid', clock_timestamp(), false,"
        " convert_to(corp_pk || userid, 'UTF8'), 'u', clock_timestamp() + '1 d'"
        " FROM members WHERE corp_pk = %s",
        CLIENT,
        corp.corp_pk,
    )
