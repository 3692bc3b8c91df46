"""The audit keeps who did what, and whoever alters, removes or cuts it is found out."""

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
import redis as redis_client
from click.testing import CliRunner, Result

from domain.roles import Role
from manage import cli
from store.database import Pool, StoreUnavailable, transaction
from store.platform import audit, audit_proof
from store.platform.audit import OperatorAct
from tests.integration.commands.test_manage import encoded
from tests.integration.commands.test_manage import environment as settings_of
from tests.support.console.desk import Desk, as_role, open_desk, words_in
from tests.support.webclient import add_corp, add_event, keyring

OTHER_KEY = b"y" * 32
FREE = "ALTER TABLE audit DISABLE TRIGGER USER"


@pytest.fixture
def redis(redis_url: str) -> Iterator[redis_client.Redis]:
    with redis_client.Redis.from_url(redis_url) as redis:
        yield redis
        redis.delete(audit_proof.WITNESS)


@pytest.fixture
def desk(database: str, redis_url: str, redis: redis_client.Redis) -> Iterator[Desk]:
    with open_desk(database=database, redis_url=redis_url) as desk:
        yield desk


@pytest.fixture
def verify(database: str, redis_url: str) -> Callable[..., Result]:
    """`manage.py verify-audit` over the same stores."""

    def run(*arguments: str, **settings: str) -> Result:
        return CliRunner().invoke(
            cli,
            ["verify-audit", *arguments],
            env={**settings_of(database, redis_url), **settings},
        )

    return run


def act(desk: Desk, number: int) -> None:
    with transaction(desk.web.app.extensions["sync-services"].pool) as connection:
        done = OperatorAct(
            actor="operator:li",
            role=Role.OPERATOR,
            act="retry",
            target=f"event:{number}",
            reason='因为 "quotes" and 中文',
            after={"n": number, "deep": {"list": [1, None, True, "é"]}},
        )
        audit.record(connection, done, keyring=keyring())


def acted(desk: Desk, *, times: int = 4) -> psycopg.Connection[Any]:
    for number in range(1, times + 1):
        act(desk, number)
    return desk.web.rows


def record_soon(pool: Pool, done: OperatorAct) -> None:
    with transaction(pool) as connection:
        connection.execute("SET LOCAL lock_timeout = '50ms'")
        audit.record(connection, done, keyring=keyring())


def head_of(desk: Desk) -> str:
    with transaction(desk.web.app.extensions["sync-services"].pool) as connection:
        return str(audit_proof.find_head(connection))


def test_an_audit_that_nobody_touched_is_whole(
    desk: Desk, verify: Callable[..., Result]
) -> None:
    empty = verify()
    acted(desk)

    whole = verify()

    assert (empty.exit_code, whole.exit_code) == (0, 0), whole.output
    assert "4 acts" in whole.output
    assert head_of(desk) in whole.output


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET reason = 'x'",
        "DELETE FROM audit",
        "DELETE FROM audit WHERE audit_id = 2",
        "TRUNCATE audit",
    ],
)
def test_postgres_itself_refuses_to_change_the_audit(
    desk: Desk, statement: str
) -> None:
    rows = acted(desk)

    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        rows.execute(statement)

    assert rows.execute("SELECT count(*) FROM audit").fetchone() == (4,)


EDITS = {
    "a reason": "UPDATE audit SET reason = 'x' WHERE audit_id = 2",
    "an actor": "UPDATE audit SET actor = 'operator:wang' WHERE audit_id = 4",
    "a role": "UPDATE audit SET role = 'admin' WHERE audit_id = 1",
    "a moment": "UPDATE audit SET at = at + interval '1 microsecond'"
    " WHERE audit_id = 3",
    "what came of it": "UPDATE audit SET after = '{}' WHERE audit_id = 3",
    "the first is removed": "DELETE FROM audit WHERE audit_id = 1",
    "one is removed": "DELETE FROM audit WHERE audit_id = 2",
    "the end is cut off": "DELETE FROM audit WHERE audit_id = 4",
    "all is removed": "DELETE FROM audit",
    "a chain": "UPDATE audit SET chain = sha256('x') WHERE audit_id = 2",
    "two are swapped": "UPDATE audit SET audit_id = CASE audit_id WHEN 2 THEN 30"
    " ELSE 2 END WHERE audit_id IN (2, 3); UPDATE audit SET audit_id = 3"
    " WHERE audit_id = 30",
    "one is put in": "INSERT INTO audit SELECT 5, at, actor, role, act, target,"
    " corp_id, reason, before, after, true, chain FROM audit WHERE audit_id = 4",
    "the end and its note are put back": "DELETE FROM audit WHERE audit_id = 4;"
    " UPDATE audit_head SET audit_id = 3,"
    " chain = (SELECT chain FROM audit WHERE audit_id = 3)",
    "the note is emptied": "DELETE FROM audit;"
    " UPDATE audit_head SET audit_id = 0, chain = '', proof = ''",
    "the note is taken away": "DELETE FROM audit_head",
}


@pytest.mark.parametrize("edit", EDITS, ids=str)
def test_whatever_is_done_in_the_database_is_found_out(
    desk: Desk, verify: Callable[..., Result], edit: str
) -> None:
    rows = acted(desk)
    rows.execute(FREE)

    rows.execute(EDITS[edit].encode())

    found = verify()
    assert found.exit_code == 1, found.output
    assert "not whole" in found.output


def test_the_next_act_does_not_heal_what_was_cut_off(
    desk: Desk, verify: Callable[..., Result]
) -> None:
    rows = acted(desk)
    rows.execute(FREE)
    rows.execute("DELETE FROM audit WHERE audit_id > 2")
    rows.execute(
        "UPDATE audit_head SET audit_id = 2,"
        " chain = (SELECT chain FROM audit WHERE audit_id = 2)"
    )

    act(desk, 9)

    found = verify()
    assert found.exit_code == 1
    assert "altered before act 3" in found.output


def test_an_older_copy_of_everything_is_found_out_by_what_was_noted_elsewhere(
    desk: Desk, verify: Callable[..., Result], redis: redis_client.Redis
) -> None:
    rows = acted(desk, times=2)
    older = rows.execute("SELECT audit_id, chain, proof FROM audit_head").fetchone()
    act(desk, 3)
    head = head_of(desk)
    rows.execute(FREE)
    rows.execute("DELETE FROM audit WHERE audit_id = 3")
    rows.execute("UPDATE audit_head SET audit_id = %s, chain = %s, proof = %s", older)

    silent, told = verify(), verify("--head", head)
    redis.set(audit_proof.WITNESS, head)
    by_redis = verify()

    assert silent.exit_code == 0
    assert [told.exit_code, by_redis.exit_code] == [1, 1]
    assert "act 3 was there once" in told.output


def test_what_redis_noted_is_never_set_back(
    desk: Desk, redis: redis_client.Redis
) -> None:
    heads = []
    for number in (1, 2):
        act(desk, number)
        heads.append(audit_proof.Head.parse(head_of(desk)))

    noted = [audit_proof.note_witness(redis, each) for each in (*heads, heads[0])]

    assert noted == [True, True, False]
    assert audit_proof.read_witness(redis) == heads[1]


def test_the_chain_outlives_a_rotation_of_the_keys(
    desk: Desk, database: str, redis_url: str, verify: Callable[..., Result]
) -> None:
    acted(desk)
    first = settings_of(database, redis_url)["SECRET_KEYS"]
    both = f"{encoded(OTHER_KEY)},{first}"

    rotated = CliRunner().invoke(
        cli,
        ["rotate-keys"],
        env={**settings_of(database, redis_url), "SECRET_KEYS": both},
    )

    assert rotated.exit_code == 0, rotated.output
    whole = verify(SECRET_KEYS=encoded(OTHER_KEY))
    assert whole.exit_code == 0, whole.output
    assert "5 acts" in whole.output


def test_acts_at_the_same_time_make_one_chain(
    desk: Desk, verify: Callable[..., Result]
) -> None:
    pool = desk.web.app.extensions["sync-services"].pool
    waits = OperatorAct(actor="api", role=Role.ADMIN, act="plan", target="run:1")
    act(desk, 1)
    with transaction(pool) as one:
        audit.record(one, waits, keyring=keyring())
        with pytest.raises(StoreUnavailable, match="LockNotAvailable"):
            record_soon(pool, waits)
    act(desk, 2)

    assert verify().exit_code == 0


def test_every_act_of_the_console_says_who_why_and_what_it_was_before(
    desk: Desk,
) -> None:
    add_corp(desk.rows, "wwcorp")
    event = add_event(desk.rows, "corp:wwcorp", "failed", error="x")
    li = as_role(desk.web, Role.OPERATOR, name="li")

    li.post(f"/console/events/{event}/retry", reason="TAPD is back")

    [kept] = desk.web.get("/audit")["items"]
    assert kept["actor"] == "operator:li"
    assert (kept["role"], kept["act"]) == ("operator", "retry")
    assert (kept["reason"], kept["corp_id"]) == ("TAPD is back", "wwcorp")
    assert (kept["before"], kept["after"]) == (
        {"state": "failed"},
        {"state": "pending"},
    )
    page = words_in(li.page("/console/audit"))
    assert "operator:li" in page
    assert "TAPD is back" in page


def test_what_is_asked_for_with_the_bearer_is_in_the_audit(desk: Desk) -> None:
    add_corp(desk.rows, "wwcorp")
    event = add_event(desk.rows, "corp:wwcorp", "failed", error="x")

    desk.web.post(f"/events/{event}/retry")
    desk.web.post("/corps/wwcorp/resync")

    acts = [(each["actor"], each["act"]) for each in desk.web.get("/audit")["items"]]
    assert acts == [("api", "resync"), ("api", "retry")]


def test_the_audit_is_paged_and_filtered_by_actor_and_moment(desk: Desk) -> None:
    acted(desk)
    with transaction(desk.web.app.extensions["sync-services"].pool) as connection:
        audit.record(
            connection,
            OperatorAct(actor="api", role=Role.ADMIN, act="plan", target="run:1"),
            keyring=keyring(),
        )

    first = desk.web.get("/audit", limit=2, actor="operator:li")
    rest = desk.web.get("/audit", limit=2, actor="operator:li", cursor=first["next"])
    later = desk.web.get("/audit", since="2999-01-01T00:00:00Z")

    assert [each["id"] for each in first["items"] + rest["items"]] == list("4321")
    assert rest["next"] is None
    assert later == {"items": [], "next": None}
