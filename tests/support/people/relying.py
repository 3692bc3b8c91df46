"""Relying parties and a member who signs in at them, over the web in process."""

import base64
import hashlib
import json
import secrets
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import urlencode

from flask.testing import FlaskClient
from joserfc.jwk import RSAKey
from werkzeug.test import TestResponse

from store.database import Connection, transaction
from store.oidc import clients, keys
from store.oidc.secrets import new_secret
from tests.support.people.visiting import Visit, csrf_of, query_of
from tests.support.webclient import add_corp, add_member, insert, keyring
from web.services import Services

ISSUER = "http://sync.example"
_KID = "kept-by-tests"
CALLBACK = "https://rp.example/cb"
AFTERWARDS = "https://rp.example/bye"
EVERYTHING = "openid profile email offline_access"


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """A client of the provider's, and what it sends."""

    client_id: str
    secret: str | None
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))

    def asks(self, **others: str | None) -> str:
        """The address of its request; None leaves a parameter out."""
        given: dict[str, str | None] = {
            "client_id": self.client_id,
            "redirect_uri": CALLBACK,
            "response_type": "code",
            "scope": EVERYTHING,
            "state": "the-state",
            "nonce": "the-nonce",
            "code_challenge": challenge_of(self.verifier),
            "code_challenge_method": "S256",
            **others,
        }
        query = {name: value for name, value in given.items() if value is not None}
        return f"/oidc/authorize?{urlencode(query)}"

    def redeems(self, client: FlaskClient, code: str, **others: str) -> TestResponse:
        """The answer to its code."""
        form = {"grant_type": "authorization_code", "code": code}
        given = {"redirect_uri": CALLBACK, "code_verifier": self.verifier}
        return self.posts(client, "/oidc/token", **{**form, **given, **others})

    def refreshes(self, client: FlaskClient, token: str, **others: str) -> TestResponse:
        """The answer to its refresh token."""
        form = {"grant_type": "refresh_token", "refresh_token": token}
        return self.posts(client, "/oidc/token", **{**form, **others})

    def posts(self, client: FlaskClient, path: str, **form: str) -> TestResponse:
        """The answer to a form, with the proof of who it is."""
        if self.secret is None:
            return client.post(path, data={"client_id": self.client_id, **form})
        basic = base64.b64encode(f"{self.client_id}:{self.secret}".encode()).decode()
        headers = {"Authorization": f"Basic {basic}"}
        return client.post(path, data=form, headers=headers)


def challenge_of(verifier: str) -> str:
    """The S256 challenge of a verifier."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def add_party(
    visit: Visit,
    *,
    public: bool = False,
    back_channel: str | None = None,
    redirect: str = CALLBACK,
) -> Party:
    """A client, with the addresses above unless it has its own."""
    secret = None if public else new_secret()
    with transaction(wired_of(visit).pool) as connection:
        client_id = clients.create(
            connection,
            name="Example RP",
            secret=secret,
            redirect_uris=[redirect],
            post_logout_uris=[AFTERWARDS],
            back_channel_uri=back_channel,
        )
        _sign(connection)
    return Party(client_id=client_id, secret=secret)


def _sign(connection: Connection) -> None:
    """Have tokens signed: to draw and to read a key takes longer than a test."""
    if keys.find_current(connection) is None:
        key = _key()
        sealed = keyring().seal(
            json.dumps(key.as_dict(private=True)).encode(),
            place=keys.key_place(_KID),
        )
        keys.replace(
            connection, kid=_KID, public=key.as_dict(private=False), sealed=sealed
        )


@cache
def _key() -> RSAKey:
    """The same for all tests of a process, as `sealed_keys` makes them."""
    return RSAKey.generate_key(
        2048, {"kid": _KID, "use": "sig", "alg": "RS256"}, private=True
    )


def wired_of(visit: Visit) -> Services:
    """What the web is wired to."""
    wired: Services = visit.web.app.extensions["sync-services"]
    return wired


def add_subject(visit: Visit, userid: str = "zhang", account_id: str = "1001") -> int:
    """A member of wwcorp who is linked to an account; the member's key."""
    rows = visit.web.rows
    found = rows.execute("SELECT corp_pk FROM corps WHERE corp_id = 'wwcorp'")
    known = found.fetchone()
    corp_pk = known[0] if known else add_corp(rows, "wwcorp", company_id="20001")
    member_pk = add_member(rows, corp_pk, userid, name="Zhang Wei")
    email = f"{userid}@example.com"
    insert(rows, "accounts", account_id=account_id, nick=f"{userid}.tapd",
           email=email, email_folded=email)  # fmt: skip
    insert(rows, "links", corp_pk=corp_pk, member_pk=member_pk, company_id="20001",
           state="linked", reason="own_proof", account_id=account_id)  # fmt: skip
    return member_pk


def sign_in(visit: Visit, party: Party, **others: str | None) -> dict[str, str]:
    """What a member who is signed in here brings back to the client."""
    answer = visit.client.get(party.asks(**others))
    if answer.status_code == 200:
        answer = confirm(visit, answer)
    assert answer.headers["Location"].startswith(CALLBACK), answer.text
    return query_of(answer)


def confirm(visit: Visit, page: TestResponse, said: str = "confirm") -> TestResponse:
    """What answering the page on the screen leads to."""
    path = page.request.full_path.replace("/oidc/authorize", "/oidc/consent")
    form = {"csrf_token": csrf_of(page.text), "answer": said}
    return visit.client.post(path, data=form)


def tokens_of(visit: Visit, party: Party, **others: str | None) -> dict[str, Any]:
    """The tokens of a whole sign-in."""
    code = sign_in(visit, party, **others)["code"]
    answer = party.redeems(visit.client, code)
    assert answer.status_code == 200, answer.text
    tokens: dict[str, Any] = answer.get_json()
    return tokens


def userinfo(visit: Visit, token: str) -> TestResponse:
    """The answer of /oidc/userinfo."""
    headers = {"Authorization": f"Bearer {token}"}
    return visit.client.get("/oidc/userinfo", headers=headers)


def read_token(token: str) -> dict[str, Any]:
    """The claims of a token, unchecked."""
    part = token.split(".")[1]
    claims: dict[str, Any] = json.loads(
        base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    )
    return claims
