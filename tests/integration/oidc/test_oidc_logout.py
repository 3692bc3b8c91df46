"""Logout: by a client with a hint, by anybody after a question, and told to clients."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from store.database import transaction
from store.oidc import sealed_keys
from store.oidc.logouts import MOST_ATTEMPTS, end_lost
from tests.support.people.relying import (
    AFTERWARDS,
    ISSUER,
    Party,
    add_party,
    add_subject,
    read_token,
    tokens_of,
    userinfo,
    wired_of,
)
from tests.support.people.visiting import WECOM, Visit, csrf_of
from tests.support.webclient import web_settings
from tests.unit.wecom.scripted import hangs_up, sends
from workers.oidc import logouts
from workers.queue.broker import make_broker
from workers.runtime import Runtime, build


@pytest.fixture
def party(visit: Visit) -> Party:
    """A client that wants to be told, and a linked member who is signed in here."""
    add_subject(visit)
    visit.sign_in("wwcorp", "zhang")
    party = add_party(visit, back_channel=f"{visit.platform.url}/told")
    visit.platform.forget()
    return party


@pytest.fixture
def runtime(visit: Visit, module_database: str, redis_url: str) -> Iterator[Runtime]:
    """A worker on the same stores, keys and address."""
    settings = web_settings(database=module_database, redis_url=redis_url)
    broker = make_broker(redis_url, receiver=False)
    runtime = build(settings, broker=broker, pool_size=2)
    yield runtime
    runtime.tallies.write()
    runtime.pool.close()


def leave(visit: Visit, **given: str) -> Any:
    """The answer to a client that asks to sign out."""
    return visit.client.get(f"/oidc/logout?{urlencode(given)}")


def is_in(visit: Visit) -> bool:
    return visit.client.get("/me", headers=WECOM).status_code == 200


def waiting(visit: Visit) -> list[tuple[Any, ...]]:
    return visit.web.rows.execute(
        "SELECT account_id, sid, attempts FROM oidc_logouts"
    ).fetchall()


def test_a_client_that_shows_its_id_token_signs_out_at_once_and_gets_the_browser_back(
    visit: Visit, party: Party
) -> None:
    tokens = tokens_of(visit, party, scope="openid")

    answer = leave(
        visit,
        id_token_hint=tokens["id_token"],
        post_logout_redirect_uri=AFTERWARDS,
        state="s",
    )

    assert answer.headers["Location"] == f"{AFTERWARDS}?state=s"
    assert not is_in(visit)
    assert userinfo(visit, tokens["access_token"]).status_code == 401


def test_a_hint_that_is_over_is_still_a_hint(visit: Visit, party: Party) -> None:
    tokens = tokens_of(visit, party)
    key = wired_key(visit)
    claims = {**read_token(tokens["id_token"]), "exp": 1, "iat": 0}

    leave(
        visit, id_token_hint=jwt.encode({"alg": "RS256", "kid": key.kid}, claims, key)
    )

    assert not is_in(visit)


@pytest.mark.parametrize(
    "hint", ["", "x", "a.b.c", "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxMDAxIn0."]
)
def test_without_a_good_hint_the_person_is_asked(
    visit: Visit, party: Party, hint: str
) -> None:
    page = leave(visit, id_token_hint=hint, client_id=party.client_id)

    assert page.status_code == 200
    assert 'data-action="confirm"' in page.text
    assert is_in(visit)


def test_another_persons_token_signs_nobody_out(visit: Visit, party: Party) -> None:
    hint = tokens_of(visit, party)["id_token"]
    add_subject(visit, "li", "1002")
    visit.sign_in("wwcorp", "li", "/login")

    page = leave(visit, id_token_hint=hint)

    assert page.status_code == 200
    assert is_in(visit)


def test_ones_own_token_of_an_earlier_session_signs_out(
    visit: Visit, party: Party
) -> None:
    hint = tokens_of(visit, party)["id_token"]
    visit.sign_in("wwcorp", "zhang", "/login")

    leave(visit, id_token_hint=hint)

    assert not is_in(visit)


def test_a_logout_token_is_no_hint_of_an_id_token_of_another_issuer(
    visit: Visit, party: Party
) -> None:
    key = wired_key(visit)
    claims = {**read_token(tokens_of(visit, party)["id_token"]), "iss": "https://else"}

    page = leave(
        visit, id_token_hint=jwt.encode({"alg": "RS256", "kid": key.kid}, claims, key)
    )

    assert page.status_code == 200
    assert is_in(visit)


@pytest.mark.parametrize(
    "wrong", ["https://evil.example/", f"{AFTERWARDS}/", f"{AFTERWARDS}?x"]
)
def test_a_browser_is_sent_back_to_addresses_of_the_client_alone(
    visit: Visit, party: Party, wrong: str
) -> None:
    hint = tokens_of(visit, party)["id_token"]

    answer = leave(visit, id_token_hint=hint, post_logout_redirect_uri=wrong)

    assert answer.headers["Location"] == "/me/sign-out"


@pytest.mark.parametrize(("said", "stays"), [("confirm", False), ("deny", True)])
def test_what_the_person_answers_is_done(
    visit: Visit, party: Party, said: str, stays: bool
) -> None:
    given = {"client_id": party.client_id, "post_logout_redirect_uri": AFTERWARDS}
    page = leave(visit, **given)

    answer = visit.client.post(
        f"/oidc/logout/confirm?{urlencode(given)}",
        data={"csrf_token": csrf_of(page.text), "answer": said},
    )

    assert is_in(visit) is stays
    assert answer.headers["Location"] == ("/me" if stays else AFTERWARDS)


def test_a_forged_answer_signs_nobody_out(visit: Visit, party: Party) -> None:
    answer = visit.client.post("/oidc/logout/confirm", data={"answer": "confirm"})

    assert answer.status_code == 400
    assert is_in(visit)


def test_a_form_of_another_site_goes_on_by_its_query(
    visit: Visit, party: Party
) -> None:
    answer = visit.client.post("/oidc/logout", data={"id_token_hint": "x"})

    assert answer.headers["Location"] == "/oidc/logout?id_token_hint=x"
    assert is_in(visit)


@pytest.mark.parametrize("way", ["client", "own page", "another member"])
def test_a_client_is_told_of_the_end_of_a_session_in_a_token_of_ours(
    visit: Visit, party: Party, runtime: Runtime, way: str
) -> None:
    tokens = tokens_of(visit, party)
    if way == "client":
        leave(visit, id_token_hint=tokens["id_token"])
    elif way == "own page":
        page = visit.client.get("/me").text
        visit.client.post("/me/sign-out", data={"csrf_token": csrf_of(page)})
    else:
        add_subject(visit, "li", "1002")
        visit.sign_in("wwcorp", "li", "/login")
    visit.platform.forget()
    visit.platform.will(sends(b""))

    logouts.tell(runtime, party.client_id)

    [asked] = visit.platform.asked
    keys = KeySet.import_key_set(visit.client.get("/oidc/jwks").get_json())
    token = jwt.decode(asked.body["logout_token"], keys, algorithms=["RS256"])
    id_claims = read_token(tokens["id_token"])
    assert token.header["typ"] == "logout+jwt"
    assert token.claims["iss"] == ISSUER
    assert token.claims["aud"] == party.client_id
    assert token.claims["sid"] == id_claims["sid"]
    assert token.claims["sub"] == id_claims["sub"]
    assert "nonce" not in token.claims
    assert token.claims["events"] == {
        "http://schemas.openid.net/event/backchannel-logout": {}
    }
    assert waiting(visit) == []


def test_what_was_granted_beyond_the_session_outlives_it(
    visit: Visit, party: Party
) -> None:
    tokens = tokens_of(visit, party)

    leave(visit, id_token_hint=tokens["id_token"])

    assert party.refreshes(visit.client, tokens["refresh_token"]).status_code == 200


@pytest.mark.parametrize("fault", ["hangs up", 500, 404, 302, 400])
def test_a_client_that_does_not_take_it_is_told_again_and_in_the_end_given_up(
    visit: Visit, party: Party, runtime: Runtime, fault: str | int
) -> None:
    tokens = tokens_of(visit, party)
    leave(visit, id_token_hint=tokens["id_token"])
    visit.platform.forget()

    for number in range(MOST_ATTEMPTS):
        assert [row[2] for row in waiting(visit)] == [number]
        visit.web.rows.execute("UPDATE oidc_logouts SET due_at = clock_timestamp()")
        reply = hangs_up if fault == "hangs up" else sends(b"", status=int(fault))
        visit.platform.will(reply)
        logouts.tell(runtime, party.client_id)
        # Until its time has come again nobody is told.
        logouts.tell(runtime, party.client_id)

    assert len(visit.platform.asked) == MOST_ATTEMPTS
    assert waiting(visit) == []


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE members SET employment = 'left'",
        "UPDATE members SET state = 'removed', removal = 'scope'",
        "UPDATE members SET state = 'removed', removal = 'deleted'",
        "UPDATE corps SET state = 'revoked'",
        "UPDATE corps SET state = 'authorised'",
        "UPDATE links SET state = 'unlinked', account_id = NULL",
        "DELETE FROM links",
        "DELETE FROM links; DELETE FROM oidc_consents; DELETE FROM members",
    ],
)
def test_who_loses_the_right_loses_the_grant_and_the_client_is_told(
    visit: Visit, party: Party, runtime: Runtime, change: str
) -> None:
    tokens_of(visit, party)
    logouts.end_lost(runtime)
    kept = grants(visit)
    visit.web.rows.execute(change.encode())

    logouts.end_lost(runtime)

    assert (kept, grants(visit)) == (1, 0)
    assert [row[0] for row in waiting(visit)] == ["1001"]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE corps SET state = 'paused'",
        "UPDATE members SET userid = 'zhang.wei', name = NULL",
        "UPDATE links SET stale = true",
    ],
)
def test_who_keeps_the_right_keeps_the_grant(
    visit: Visit, party: Party, change: str
) -> None:
    tokens = tokens_of(visit, party)
    visit.web.rows.execute(change.encode())

    with transaction(wired_of(visit).pool) as connection:
        assert end_lost(connection) == 0

    assert party.refreshes(visit.client, tokens["refresh_token"]).status_code == 200
    visit.web.rows.execute("UPDATE corps SET state = 'linked'")


def test_nobody_is_told_who_did_not_ask_for_it(visit: Visit, party: Party) -> None:
    hint = tokens_of(visit, add_party(visit))["id_token"]

    leave(visit, id_token_hint=hint)

    assert waiting(visit) == []


def grants(visit: Visit) -> int:
    return len(visit.web.rows.execute("SELECT 1 FROM oidc_grants").fetchall())


def wired_key(visit: Visit) -> Any:
    """Our own private key, for tokens that nobody else could make."""
    with transaction(wired_of(visit).pool) as connection:
        return sealed_keys.obtain(connection, wired_of(visit).keyring)
