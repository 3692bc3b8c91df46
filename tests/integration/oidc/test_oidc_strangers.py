"""Whoever guesses at clients and secrets is slowed down, and nobody else."""

import pytest
from werkzeug.test import TestResponse

from tests.support.people.relying import Party, add_party, add_subject, tokens_of
from tests.support.people.visiting import Visit
from web import limits


@pytest.fixture
def party(visit: Visit) -> Party:
    """A client with a secret, and a linked member who is signed in here."""
    add_subject(visit)
    visit.sign_in("wwcorp", "zhang")
    return add_party(visit)


def guess(visit: Visit, path: str, address: str, client_id: str) -> TestResponse:
    """A wrong secret from an address."""
    return visit.web.app.test_client().post(
        path,
        data={
            "grant_type": "authorization_code",
            "code": "c",
            "token": "t",
            "client_id": client_id,
            "client_secret": "guess",
        },
        environ_overrides={"REMOTE_ADDR": address},
    )


@pytest.mark.parametrize("path", ["/oidc/token", "/oidc/revoke"])
def test_guesses_end_in_429_for_the_guesser_alone(
    visit: Visit, party: Party, path: str
) -> None:
    most = limits.CLIENT.allowed.amount

    told = [
        guess(visit, path, "203.0.113.7", each)
        for each in (party.client_id, "nobody") * (most // 2 + 1)
    ]
    other = guess(visit, path, "203.0.113.8", party.client_id)

    assert {each.status_code for each in told[:most]} <= {400, 401}
    assert {each.status_code for each in told[most:]} == {429}
    assert told[-1].get_json()["error"] == "temporarily_unavailable"
    assert int(told[-1].headers["Retry-After"]) > 0
    assert other.status_code in {400, 401}
    wrong = visit.web.app.test_client().get("/metrics").text
    assert f'sync_wrong_tokens_total{{door="oidc"}} {len(told) + 1}.0' in wrong


def test_the_right_secret_passes_however_many_were_wrong(
    visit: Visit, party: Party
) -> None:
    for _ in range(limits.CLIENT.allowed.amount + 1):
        guess(visit, "/oidc/token", "127.0.0.1", party.client_id)

    tokens = tokens_of(visit, party)

    assert "access_token" in tokens
