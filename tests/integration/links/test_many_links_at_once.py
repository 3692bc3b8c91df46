"""Many new links are copied, few inserted; the same comes of them."""

import pytest

from store import rows
from tests.support.org.histories import HOME
from tests.support.org.linked import Matched, mobile, people
from tests.support.org.pipeline import Bench

M, N, P, Q = map(mobile, (1, 2, 3, 4))

pytestmark = pytest.mark.parametrize("few", [0, 10], ids=["copied", "inserted"])


@pytest.fixture(autouse=True)
def _few(few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "_FEW_ROWS", few)


def company() -> dict[str, dict[str, object]]:
    """Somebody for each thing that can come of a member."""
    return {
        "woLinked": {"mobile": M},
        "woAsked": {"mobile": "", "email": "a@x.cn"},
        "woWaits": {},
        "woTwin": {"mobile": N},
        "woTwinned": {"mobile": N},
        "woMade": {"mobile": P, "email": 'a "quoted"\\@x.cn'},
        "woMadeAndLeft": {"mobile": Q, "status": 2},
    }


def matched(bench: Bench) -> Matched:
    """The company with accounts, read once."""
    one = Matched.of(bench, people(**company()))
    one.name("u1", mobile=M, nick="a")
    one.name("u2", email="a@x.cn")
    one.name("u3", mobile=N)
    one.read()
    return one


def test_each_first_link_is_as_it_was_decided(bench: Bench) -> None:
    one = matched(bench)

    assert one.link("woLinked") == ("linked", "seen_mobile", "u1")
    assert one.link("woAsked") == ("pending", "email_only", None)
    assert one.link("woWaits") == ("none", "waiting_for_lookups", None)
    assert one.link("woTwin") == ("conflict", "several_members", None)
    assert one.link("woTwinned") == ("conflict", "several_members", None)
    assert one.link("woMade")[:2] == ("linked", "no_account")
    assert bench.execute(
        "SELECT asks, evidence -> 0 ->> 'email' FROM links WHERE reason = 'email_only'"
    ) == [("link", "equal")]
    assert bench.execute("SELECT DISTINCT holds, stale, company_id FROM links") == [
        (True, False, one.company_id)
    ]


def test_accounts_made_here_join_as_their_members_are(bench: Bench) -> None:
    one = matched(bench)

    made, left = one.account_of("woMade"), one.account_of("woMadeAndLeft")

    assert one.membership(str(made)) == ("working", True)
    assert one.membership(str(left)) == ("left", True)
    assert bench.execute(
        "SELECT DISTINCT origin FROM memberships WHERE account_id = ANY(%s)",
        [made, left],
    ) == [("wecom",)]


def test_who_has_a_link_already_gets_another_beside_newcomers(bench: Bench) -> None:
    one = matched(bench)
    changed = one.corp
    changed.change("woTwin", mobile=mobile(7))
    changed.change("woWaits", mobile=mobile(8))
    changed.hire("woNew", HOME)
    changed.change("woNew", mobile=mobile(9))
    one.name("u4", mobile=mobile(9))

    one.read()

    assert one.link("woTwin")[:2] == ("linked", "no_account")
    assert one.link("woTwinned") == ("linked", "seen_mobile", "u3")
    assert one.link("woWaits")[:2] == ("linked", "no_account")
    assert one.link("woNew") == ("linked", "seen_mobile", "u4")
    assert one.membership("u3") == ("working", True)
    one.read()
    assert one.bench.org(one.tenant) == one.bench.replayed(one.tenant)


def test_nothing_of_it_is_written_twice(bench: Bench) -> None:
    one = matched(bench)
    before = one.written()

    one.read()

    assert one.written() == before
