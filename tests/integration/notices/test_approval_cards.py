"""A held plan is brought to the corp's admins, and decided by a button of theirs."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from simulator.admin import visits
from simulator.faults import Kind
from simulator.org.corp import Message
from simulator.tokens import Paper
from store.database import transaction
from store.runs import approvals, requests
from tests.support.notices.outbox import (
    Post,
    cardless,
    make_due,
    read_in_full,
    read_office,
)
from tests.support.workbench import Workbench, workbench

STRANGER_KEY = "approve:another:plan"


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """A corp with two admins and one who may only send, and a held plan."""

    post: Post
    admins: tuple[str, str]
    sender: str

    @property
    def bench(self) -> Workbench:
        """WeCom's side and ours."""
        return self.post.bench

    @property
    def plan(self) -> dict[str, Any]:
        """The plan."""
        return self.bench.row(
            "SELECT plan_id, state, hash, decided_by, run_id FROM plans"
        )

    def card(self, userid: str) -> Message:
        """The one card on a phone."""
        [message] = self.post.phone(userid)
        return message

    def click(self, userid: str, verb: str, *, key: str | None = None) -> None:
        """Press a button of the card, and let the workers follow."""
        card = self.card(userid)
        buttons = {each["text"]: each["key"] for each in card.sent["button_list"]}
        [pressed] = [each for each in buttons.values() if each.startswith(verb)]
        visits.click(
            self.bench.world,
            self.post.enterprise,
            userid,
            message_id=card.message_id,
            key=key or pressed,
        )
        self.bench.deliver_and_drain()
        self.post.deliver()

    def outcomes(self) -> list[tuple[str, str]]:
        """State and outcome of each click."""
        rows = self.bench.rows(
            "SELECT state, outcome FROM inbox WHERE kind = 'template_card_event'"
            " ORDER BY event_id"
        )
        return [(row["state"], row["outcome"]) for row in rows]

    def title(self, userid: str) -> str:
        """What a phone shows of the card now."""
        return str(self.card(userid).shown["main_title"]["title"])


@pytest.fixture
def bench(database: str, redis_url: str) -> Iterator[Workbench]:
    with workbench(
        database=database, redis_url=redis_url, GUARD="on", GUARD_REMOVALS="2"
    ) as bench:
        yield bench


@pytest.fixture
def board(bench: Workbench) -> Board:
    post = read_office(bench, members=14)
    one, other, sender, *rest = post.userids
    post.enterprise.admins = {one: 1, other: 1, sender: 0}
    for userid in rest[:5]:
        post.enterprise.now.drop_member(userid)
    resync(post)
    post.deliver()
    return Board(post=post, admins=(one, other), sender=sender)


def resync(post: Post) -> None:
    with transaction(post.bench.runtime.pool) as connection:
        requests.request_run(connection, post.corp.corp_pk, cause="operator")
    read_in_full(post.bench)


def test_each_admin_who_may_decide_gets_one_card(board: Board) -> None:
    board.post.deliver()
    resync(board.post)
    board.post.deliver()

    cards = board.post.counts([*board.admins, board.sender])
    assert cards == [1, 1, 0]
    assert "5 " in board.title(board.admins[0])
    assert board.plan["state"] == "held"


def test_an_approval_is_what_the_api_does_and_all_cards_say_so(board: Board) -> None:
    one, other = board.admins

    board.click(one, "approve")
    read_in_full(board.bench)

    assert board.plan["state"] == "approved"
    assert board.plan["decided_by"] == one
    assert board.outcomes() == [("done", "approved")]
    assert board.title(one) == board.title(other) == "已批准移除 · Approved"
    removed = board.bench.row("SELECT count(*) AS n FROM members WHERE removal <> ''")
    assert removed["n"] == 5


def test_a_rejection_keeps_everybody_and_asks_nobody_again(board: Board) -> None:
    one, other = board.admins

    board.click(one, "reject")
    resync(board.post)
    board.post.deliver()

    assert board.plan["state"] == "rejected"
    assert board.title(other) == "已保留 · Kept"
    assert board.post.counts(board.admins) == [1, 1]


def test_who_is_no_admin_any_more_decides_nothing(board: Board) -> None:
    one, other = board.admins
    board.post.enterprise.admins = {one: 0, other: 1}

    board.click(one, "approve")

    assert board.plan["state"] == "held"
    assert board.outcomes() == [("done", "not_an_admin")]
    assert board.title(one) == "未生效 · Not done"
    assert "5 " in board.title(other)


def test_a_click_on_a_decided_plan_changes_nothing(board: Board) -> None:
    one, other = board.admins
    board.click(one, "reject")

    board.click(other, "approve")

    assert board.plan["state"] == "rejected"
    assert board.outcomes() == [("done", "rejected"), ("done", "overtaken")]
    assert board.title(other) == "已保留 · Kept"


def test_a_button_of_no_card_of_ours_is_ignored(board: Board) -> None:
    board.click(board.admins[0], "approve", key=STRANGER_KEY)

    assert board.plan["state"] == "held"
    assert board.outcomes() == [("ignored", "unknown_card")]


def test_a_repeated_click_is_one_click(board: Board) -> None:
    board.click(board.admins[0], "approve")

    board.bench.repeat("template_card_event")
    board.bench.deliver_and_drain()

    assert board.outcomes() == [("done", "approved")]


def test_a_plan_that_the_api_decides_is_told_on_the_cards(board: Board) -> None:
    with transaction(board.bench.runtime.pool) as connection:
        approvals.reject(connection, board.plan["plan_id"], by="api")

    board.post.deliver()

    assert {board.title(each) for each in board.admins} == {"已保留 · Kept"}


def test_a_code_that_is_used_up_is_no_reason_to_try_for_ever(board: Board) -> None:
    board.bench.world.papers.end(Paper.RESPONSE_CODE, owner=None, forget=False)
    with transaction(board.bench.runtime.pool) as connection:
        approvals.reject(connection, board.plan["plan_id"], by="api")

    board.post.deliver()
    board.post.deliver()

    assert board.bench.calls("message/update_template_card") == 1


def test_no_response_code_is_kept_open(board: Board) -> None:
    board.click(board.admins[0], "approve")

    kept = board.bench.rows("SELECT body FROM inbox WHERE kind = 'template_card_event'")
    assert kept == [{"body": None}]


@pytest.mark.parametrize("errcode", [43012, 42014, 42051])
def test_a_card_that_wecom_does_not_take_keeps_nobody_from_their_notice(
    bench: Workbench, errcode: int
) -> None:
    post = read_office(bench, members=14)
    one, other, *rest = post.userids
    post.enterprise.admins = {one: 1, other: 1}
    for userid in rest[:5]:
        post.enterprise.now.drop_member(userid)
    resync(post)
    bench.runtime = cardless(bench.runtime, errcode)
    post.ask(rest[6])

    for _ in range(4):
        make_due(bench)
        post.deliver()

    assert post.counts([one, other, rest[6]]) == [0, 0, 1]
    assert sorted(state for state, _ in post.states()) == [
        "sent",
        "undeliverable",
        "undeliverable",
    ]
    assert bench.rows("SELECT state FROM plans") == [{"state": "held"}]


@pytest.mark.parametrize("errcode", [-1, 99999])
def test_a_click_waits_alone_while_wecom_does_not_name_the_admins(
    board: Board, errcode: int
) -> None:
    board.bench.misbehave(Kind.ERRCODE, match="agent/get_admin_list", errcode=errcode)
    board.bench.rows(
        "INSERT INTO inbox (mailbox, kind, change, key, state)"
        " VALUES (%s, 'change_contact', 'update_user', %s, 'pending')",
        board.post.corp.mailbox,
        f"member:{board.sender}",
    )

    board.click(board.admins[0], "approve")

    states = board.bench.rows(
        "SELECT state FROM inbox"
        " WHERE kind IN ('template_card_event', 'change_contact')"
        " ORDER BY kind"
    )
    assert [row["state"] for row in states] == ["done", "pending"]
    assert board.plan["state"] == "held"
