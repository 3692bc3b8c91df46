"""A list is recognised by its bytes alone, and only one that was a success."""

from __future__ import annotations

import pytest

from tests.unit.wecom.keeping import START, Clock, MemoryStore, MemoryTickets
from tests.unit.wecom.scripted import ScriptedServer
from wecom.client import SuiteCredentials, WeCom
from wecom.corp import CorpClient
from wecom.errors import TooLarge, Unavailable
from wecom.tokens import HeldTicket, Tokens
from wecom.transport import Transport

LISTED = {"errcode": 0, "errmsg": "ok", "userlist": [{"userid": "woA"}]}


class Counted:
    """Remembers which errcodes the meter was told."""

    def __init__(self) -> None:
        self.told: list[int | None] = []

    def before(self, endpoint: str, corp_id: str | None) -> None:
        """Let the call through."""

    def after(
        self,
        endpoint: str,
        corp_id: str | None,
        errcode: int | None,
        seconds: float,
        *,
        came: str = "",
    ) -> None:
        """Remember the errcode."""
        self.told.append(errcode)


@pytest.fixture
def meter() -> Counted:
    return Counted()


@pytest.fixture
def corp(server: ScriptedServer, meter: Counted) -> CorpClient:
    clock = Clock()
    store = MemoryStore(clock)
    later = START.replace(hour=11)
    store.save("suite:wwsuite", token="st-1", expires_at=later)
    store.save("corp:wwsuite:7", token="ct-1", expires_at=later)
    wecom = WeCom(
        Transport(server.url, meter=meter),
        suite=SuiteCredentials(suite_id="wwsuite", secret="secret-1"),
        tokens=Tokens(store, now=clock.now),
        tickets=MemoryTickets(HeldTicket(value="ticket-1", sent_at=START)),
        now=clock.now,
    )
    return wecom.corp("wpCorpA", permanent_code=lambda: "pc-1", key="7")


def test_the_known_answer_comes_without_rows_and_counts_as_answered(
    server: ScriptedServer, corp: CorpClient, meter: Counted
) -> None:
    server.will(LISTED)
    server.will(LISTED)
    known = corp.members_unless(2, None)

    again = corp.members_unless(2, known.digest)

    assert [row.userid for row in known.rows or ()] == ["woA"]
    assert (again.rows, again.digest) == (None, known.digest)
    assert meter.told == [0, 0]


def test_one_more_person_is_another_answer(
    server: ScriptedServer, corp: CorpClient
) -> None:
    server.will(LISTED)
    server.will({**LISTED, "userlist": [{"userid": "woA"}, {"userid": "woB"}]})
    known = corp.members_unless(2, None)

    again = corp.members_unless(2, known.digest)

    assert [row.userid for row in again.rows or ()] == ["woA", "woB"]
    assert again.digest != known.digest


def test_a_refusal_is_one_whatever_is_known(
    server: ScriptedServer, corp: CorpClient, meter: Counted
) -> None:
    server.will(LISTED)
    server.will({"errcode": 45029, "errmsg": ""})
    server.will({"errcode": 0, "errmsg": "ok"})
    known = corp.members_unless(2, None)

    with pytest.raises(TooLarge):
        corp.members_unless(2, known.digest)
    with pytest.raises(Unavailable, match="userlist"):
        corp.members_unless(2, known.digest)

    assert meter.told == [0, 45029, 0]


def test_a_token_that_ran_out_is_renewed_on_the_way(
    server: ScriptedServer, corp: CorpClient
) -> None:
    server.will(LISTED)
    known = corp.members_unless(2, None)
    server.will({"errcode": 42001, "errmsg": ""})
    server.will({"access_token": "ct-2", "expires_in": 7200})
    server.will(LISTED)

    assert corp.members_unless(2, known.digest).rows is None
