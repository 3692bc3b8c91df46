"""Callbacks over real HTTP: sealed, signed, repeated, lost and shuffled."""

from collections import Counter
from collections.abc import Iterator

import pytest

from tests.support.processes.simulating import (
    PROVIDER,
    SUITE_ID,
    Scene,
    pushed_value,
    running,
)


@pytest.fixture
def scene() -> Iterator[Scene]:
    with running() as scene:
        scene.settle()
        yield scene


def test_a_ticket_is_pushed_at_once_to_the_suite(scene: Scene) -> None:
    scene.settle()

    [ticket] = scene.inbox.received
    assert (ticket.path, ticket.receiver, ticket.signed) == ("/command", SUITE_ID, True)
    assert "<InfoType><![CDATA[suite_ticket]]></InfoType>" in ticket.message


def test_data_callbacks_are_sealed_for_the_corp_and_named_in_the_url(
    scene: Scene,
) -> None:
    corp_id = scene.make_corp()

    scene.act(corp_id, "install", way="market", quiet=True)
    scene.settle()

    data = next(one for one in scene.inbox.received if one.path.startswith("/data"))
    assert data.path == f"/data/{corp_id}"
    assert (data.receiver, data.signed) == (corp_id, True)
    assert "<Event><![CDATA[change_app_admin]]></Event>" in data.message


def test_both_addresses_are_verified_with_the_providers_id(scene: Scene) -> None:
    checked = scene.control("POST", "verify")

    assert checked["command"]["success"]
    assert checked["data"]["success"]
    assert scene.inbox.verified == [PROVIDER, PROVIDER]


def test_success_is_checked_to_the_byte_and_not_repeated(scene: Scene) -> None:
    scene.inbox.answer = b"success\n"

    scene.control("POST", "ticket")
    scene.settle()

    push = scene.pushes("suite_ticket")[-1]
    assert push["fate"] == "refused"
    assert [one["body"] for one in push["attempts"]] == ["success\n"]


def test_a_silent_receiver_is_asked_three_times() -> None:
    with running(callback_seconds=0.3) as scene:
        scene.settle()
        scene.inbox.hang.clear()

        scene.control("POST", "ticket")
        scene.settle()

        push = scene.pushes("suite_ticket")[1]
    errors = [one["error"] for one in push["attempts"]]
    assert push["fate"] == "failed"
    assert errors == ["ReadTimeout"] * 3


def test_an_absent_receiver_is_asked_three_times() -> None:
    with running(command_url="http://127.0.0.1:9/") as scene:
        # Not the first one, which a simulator pushes by itself, perhaps later.
        scene.control("POST", "ticket")
        scene.settle()

        push = scene.pushes("suite_ticket")[-1]

    assert push["fate"] == "failed"
    assert [one["error"] for one in push["attempts"]] == ["ConnectionError"] * 3


def test_pushes_are_duplicated_and_dropped_on_request(scene: Scene) -> None:
    corp_id = scene.make_corp()
    scene.act(corp_id, "install", way="market", quiet=True)
    scene.control("POST", "faults", kind="duplicate", match="create_party", times=3)
    scene.control("POST", "faults", kind="drop", match="update_party", count=1)

    made = scene.act(corp_id, "add-department", parent_id=1)["department_id"]
    scene.act(corp_id, "move-department", department_id=made, parent_id=2)
    scene.settle()

    seen = Counter(
        pushed_value(one.message, "ChangeType")
        for one in scene.inbox.received
        if "ChangeType" in one.message
    )
    assert seen == {"create_party": 3}
    assert scene.pushes("update_party")[0]["fate"] == "dropped"


def test_pushes_are_reordered_within_their_window(scene: Scene) -> None:
    corp_id = scene.make_corp()
    scene.act(corp_id, "install", way="market", quiet=True)
    scene.settle()
    scene.control("POST", "faults", kind="reorder", match="create_party", window=3)

    made = [
        scene.act(corp_id, "add-department", parent_id=1)["department_id"]
        for _ in range(3)
    ]
    scene.settle()

    messages = [one.message for one in scene.inbox.received]
    arrived = [one for one in messages if "create_party" in one]
    expected = [f"<Id>{one}</Id>" for one in reversed(made)]
    assert [id_ in message for id_, message in zip(expected, arrived, strict=True)] == [
        True
    ] * 3


def test_a_half_filled_window_is_released_in_the_end(scene: Scene) -> None:
    scene.control(
        "POST", "faults", kind="reorder", match="suite_ticket", window=9, seconds=0.1
    )

    scene.control("POST", "ticket")
    scene.settle()

    assert scene.pushes("suite_ticket")[-1]["fate"] == "delivered"


def test_a_story_leaves_its_events(scene: Scene) -> None:
    corp_id = scene.make_corp()
    scene.act(corp_id, "install", way="market", quiet=True)

    steps = scene.control("POST", f"corps/{corp_id}/stories/leave-and-return")["steps"]
    scene.settle()

    kinds = Counter(one["name"] for one in scene.control("GET", "pushes")["items"])
    assert steps == ["disable", "enable", "leave"]
    assert kinds["unsubscribe"] == 2
    assert (kinds["update_user"], kinds["delete_user"]) == (1, 1)
