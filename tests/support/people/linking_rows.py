"""Links, claims and notices of one member as rows, and TAPD's part in proving."""

import hashlib
from typing import Any

from werkzeug.test import TestResponse

from tests.support.people.visiting import WECOM, Visit, data_actions, query_of
from tests.support.webclient import add_corp, add_member, insert

COMPANY = "7"
ACCOUNT = "1155000001"
TOKEN = "token-of-the-batch"

Member = tuple[int, int]


def add_signed_in(visit: Visit, **fields: Any) -> Member:
    """The keys of a member, `zhang` of `wwcorp`, who is signed in."""
    corp_pk = add_corp(visit.web.rows, "wwcorp", name="Example", company_id=COMPANY)
    fields = {"name": "Zhang Wei", **fields}
    member_pk = add_member(visit.web.rows, corp_pk, "zhang", **fields)
    visit.sign_in("wwcorp", "zhang")
    return corp_pk, member_pk


def add_account(visit: Visit, account_id: str = ACCOUNT) -> None:
    """An account of which everything is known."""
    insert(
        visit.web.rows,
        "accounts",
        account_id=account_id,
        nick="张伟伟",
        mobile="13812345678",
        mobile_e164="+8613812345678",
        email="zhang@example.com",
        email_folded="zhang@example.com",
    )


def add_link(visit: Visit, member: Member, state: str, **fields: Any) -> None:
    """The member's link in this state."""
    reasons = {"linked": "own_proof", "pending": "not_visible"}
    values = {
        "company_id": COMPANY,
        "state": state,
        "reason": reasons.get(state, "several_accounts"),
        "asks": "link" if state == "pending" else None,
        **fields,
    }
    insert(visit.web.rows, "links", corp_pk=member[0], member_pk=member[1], **values)


def add_linked(visit: Visit, member: Member) -> None:
    """The member is linked to that account."""
    add_account(visit)
    add_link(visit, member, "linked", account_id=ACCOUNT)


def add_notice(visit: Visit, member: Member, kind: str = "link", **fields: Any) -> str:
    """A notice that the member got; the path that it opens."""
    insert(
        visit.web.rows,
        "notice_batches",
        batch_id="b1",
        corp_pk=member[0],
        kind=kind,
        token_hash=hashlib.sha256(TOKEN.encode()).digest(),
        state="sent",
    )
    values = {
        "company_id": COMPANY,
        "kind": kind,
        "round": 1,
        "origin": "sync",
        "state": "sent",
        "batch_id": "b1",
        "expires_at": "2999-01-01T00:00:00Z",
        **fields,
    }
    insert(visit.web.rows, "notices", corp_pk=member[0], member_pk=member[1], **values)
    return f"/{kind}/{TOKEN}"


def claims(visit: Visit) -> list[tuple[Any, ...]]:
    """What was said: kind, account, by whom."""
    return visit.web.rows.execute(
        "SELECT kind, account_id, said_by FROM link_claims ORDER BY claim_id"
    ).fetchall()


def mail(visit: Visit) -> list[tuple[Any, ...]]:
    """What the workers were told: mailbox, kind, key, hint."""
    return visit.web.rows.execute(
        "SELECT mailbox, kind, key, hint FROM inbox ORDER BY event_id"
    ).fetchall()


def decide(visit: Visit) -> None:
    """A worker has decided by everything that was said."""
    visit.web.rows.execute("UPDATE link_claims SET taken_at = clock_timestamp()")


def way_to_tapd(visit: Visit, path: str = "/me") -> dict[str, str]:
    """What TAPD's page is told by the link that a page shows."""
    shown = visit.client.get(path, headers=WECOM)
    [address] = data_actions(shown.text)["link-existing"]
    assert address.startswith("https://tapd.example/oauth/?")
    return query_of(address)


def tapd_names(account_id: str, nick: str = "阿伟") -> list[dict[str, Any]]:
    """TAPD's answers about a code of this account's owner."""
    return [
        {"status": 1, "data": {"access_token": "token-nobody-may-see"}},
        {"status": 1, "data": {"id": account_id, "nick": nick}},
    ]


def come_back(visit: Visit, state: str, *replies: Any, **query: str) -> TestResponse:
    """Return from TAPD's page, where TAPD then answers this."""
    visit.platform.will(*replies)
    given = {"code": "c1", "state": state, "resource": '{"user_id":"9"}', **query}
    return visit.client.get("/tapd/done", query_string=given)
