"""The API over real HTTP: the road to a token, spoilt answers, the switchboard."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.support.processes.simulating import Scene, running


@pytest.fixture(scope="module")
def server() -> Iterator[Scene]:
    with running() as scene:
        yield scene


@pytest.fixture
def scene(server: Scene) -> Scene:
    """The same server, emptied; the ticket stays good."""
    server.control("POST", "reset")
    server.control("POST", "ticket")
    server.settle()
    return server


@pytest.fixture
def linked(scene: Scene) -> tuple[str, str]:
    """A corp id and its token."""
    corp_id = scene.make_corp()
    code = scene.act(corp_id, "install", way="redirect", quiet=True)["auth_code"]
    return corp_id, scene.corp_token(corp_id, code)


def test_a_full_read_finds_the_truth(scene: Scene, linked: tuple[str, str]) -> None:
    corp_id, token = linked
    truth = scene.control("GET", f"corps/{corp_id}/truth")

    nodes = scene.get("department/simplelist", access_token=token).json()
    read = {
        one["userid"]
        for node in nodes["department_id"]
        for one in scene.get(
            "user/list", access_token=token, department_id=node["id"]
        ).json()["userlist"]
    }

    assert {one["id"] for one in nodes["department_id"]} == {
        one["department_id"] for one in truth["departments"]
    }
    assert read == {one["userid"] for one in truth["members"]}


@pytest.mark.parametrize(
    ("fault", "errcode"),
    [
        ({"kind": "throttle"}, 45009),
        ({"kind": "throttle", "errcode": 45033}, 45033),
        ({"kind": "busy"}, -1),
        ({"kind": "errcode", "errcode": 60020}, 60020),
    ],
)
def test_a_fault_answers_its_errcode_once_with_http_200(
    scene: Scene, linked: tuple[str, str], fault: dict[str, object], errcode: int
) -> None:
    scene.control("POST", "faults", match="agent/*", count=1, **fault)

    answers = [scene.get("agent/list", access_token=linked[1]) for _ in range(2)]

    assert [one.status_code for one in answers] == [200, 200]
    assert [one.json()["errcode"] for one in answers] == [errcode, 0]


def test_http_500_is_no_json(scene: Scene, linked: tuple[str, str]) -> None:
    scene.control("POST", "faults", kind="http_500", match="agent/list", count=1)

    answer = scene.get("agent/list", access_token=linked[1])

    assert answer.status_code == 500
    assert not answer.text.startswith("{")


def test_a_truncated_body_ends_before_its_length(
    scene: Scene, linked: tuple[str, str]
) -> None:
    scene.control("POST", "faults", kind="truncated", match="agent/list", count=1)

    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        scene.get("agent/list", access_token=linked[1])


def test_a_trickling_body_is_whole_but_slow(
    scene: Scene, linked: tuple[str, str]
) -> None:
    scene.control(
        "POST", "faults", kind="trickling", match="agent/list", count=1, seconds=0.5
    )
    started = time.monotonic()

    answer = scene.get("agent/list", access_token=linked[1])

    assert answer.json()["errcode"] == 0
    assert time.monotonic() - started > 0.4


def test_a_timed_out_message_may_have_been_delivered(
    scene: Scene, linked: tuple[str, str]
) -> None:
    corp_id, token = linked
    members = scene.control("GET", f"corps/{corp_id}/truth")["members"]
    userid = next(one["userid"] for one in members if one["activation"] == "active")
    scene.control(
        "POST", "faults", kind="timeout", match="message/send", count=1, seconds=0.1
    )
    agent_id = scene.control("GET", f"corps/{corp_id}")["agent_id"]
    body = {
        "touser": userid,
        "agentid": agent_id,
        "msgtype": "text",
        "text": {"content": "你好"},
    }

    answer = scene.session.post(
        f"{scene.base}/cgi-bin/message/send",
        params={"access_token": token},
        json=body,
        timeout=20,
    )

    assert answer.content == b""
    path = f"corps/{corp_id}/members/{userid}/messages"
    [message] = scene.control("GET", path)["items"]
    assert message["shown"] == {"content": "你好"}


def test_more_calls_at_once_than_allowed_are_refused(
    scene: Scene, linked: tuple[str, str]
) -> None:
    scene.control("PATCH", "knobs", concurrent=1, answer_milliseconds=200)

    def ask(_: int) -> int:
        answer = requests.get(
            f"{scene.base}/cgi-bin/agent/list",
            params={"access_token": linked[1]},
            timeout=20,
            proxies={"http": ""},
        )
        return int(answer.json()["errcode"])

    with ThreadPoolExecutor(4) as pool:
        codes = sorted(pool.map(ask, range(4)))

    assert codes[0] == 0
    assert codes[-1] == 45033


def test_connections_are_kept_open(scene: Scene, linked: tuple[str, str]) -> None:
    answers = [scene.get("agent/list", access_token=linked[1]) for _ in range(2)]

    assert [one.headers.get("Connection") for one in answers] == [None, None]


def test_counters_start_again_after_a_reset(
    scene: Scene, linked: tuple[str, str]
) -> None:
    scene.control("DELETE", "calls")

    scene.get("agent/list", access_token=linked[1])
    scene.get("agent/get", access_token=linked[1], agentid=1)

    counted = scene.control("GET", f"counters?corp_id={linked[0]}")
    assert counted == {"agent/list": {"0": 1}, "agent/get": {"40056": 1}}


def test_tokens_can_be_ended_from_outside(
    scene: Scene, linked: tuple[str, str]
) -> None:
    corp_id, token = linked

    scene.control("POST", "tokens/expire", kind="corp_token", owner=corp_id)

    answer = scene.get("agent/list", access_token=token).json()
    assert answer["errcode"] == 42001
