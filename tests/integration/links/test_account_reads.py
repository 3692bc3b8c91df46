"""A company's people are read from TAPD once a day, and trouble is told once."""

import logging
from collections.abc import Iterator

import pytest

from domain.ids import CompanyId
from store.database import transaction
from store.installs import intents
from store.links import account_reads
from tests.support.webclient import BEARER, insert, open_web
from tests.support.workbench import Workbench, workbench
from tests.unit.wecom.scripted import ScriptedServer, says, scripted_server
from workers.links.account_reads import read_accounts
from workers.upkeep import jobs

COMPANY = CompanyId("wpA")
TOKEN = {"status": 1, "data": {"access_token": "t", "expires_in": 7200}}
REFUSED = says({"status": 404, "info": "workspace wpA not existed"}, status=404)


@pytest.fixture
def tapd() -> Iterator[ScriptedServer]:
    with scripted_server() as running:
        yield running


@pytest.fixture
def bench(database: str, redis_url: str, tapd: ScriptedServer) -> Iterator[Workbench]:
    with workbench(
        database=database, redis_url=redis_url, TAPD_API_URL=tapd.url
    ) as bench:
        yield bench


def people(*rows: dict[str, object]) -> dict[str, object]:
    return {"status": 1, "data": [{"UserWorkspace": row} for row in rows]}


def make_due(bench: Workbench) -> None:
    bench.rows("UPDATE account_reads SET due_at = clock_timestamp()")


def standing(bench: Workbench) -> tuple[str, str | None, int]:
    """State and error of the reading, and in how many hours it is due again."""
    row = bench.row(
        "SELECT state, error, extract(epoch FROM due_at - clock_timestamp()) / 3600"
        " AS hours FROM account_reads"
    )
    return row["state"], row["error"], int(row["hours"])


def read(bench: Workbench) -> None:
    """Have it read, as the clock and a worker would."""
    jobs.read_due_accounts(bench.runtime)
    make_due(bench)
    read_accounts(bench.runtime, COMPANY)


def stored(bench: Workbench) -> list[tuple[str, str | None, str | None]]:
    rows = bench.rows("SELECT account_id, nick, email FROM accounts ORDER BY 1")
    return [(row["account_id"], row["nick"], row["email"]) for row in rows]


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [
        each.getMessage()
        for each in caplog.records
        if each.name == "workers.links.account_reads"
        and each.levelno >= logging.WARNING
    ]


def test_the_people_of_a_linked_company_become_accounts(
    bench: Workbench, tapd: ScriptedServer
) -> None:
    bench.add_corp(COMPANY)
    tapd.will(
        TOKEN,
        people(
            {"user_id": "1", "user": "张三", "email": "zhang@example.com"},
            {"user_id": "2", "user": "x" * 257, "email": "not one"},
            {"user": "without id"},
        ),
    )

    read(bench)

    assert stored(bench) == [
        ("1", "张三", "zhang@example.com"),
        ("2", None, None),
    ]
    assert bench.row("SELECT left_out FROM account_reads")["left_out"] == 1
    assert standing(bench) == ("read", None, 24)


def test_the_people_of_a_company_in_the_box_are_read_without_their_mobiles(
    database: str, redis_url: str
) -> None:
    with workbench(database=database, redis_url=redis_url) as bench:
        tapd = bench.world.tapd
        company = tapd.found(name="星河科技", company_id=COMPANY)
        account = tapd.register(
            nick="张三", name="张三丰", mobile="13812345678", email="zhang@example.com"
        )
        tapd.join(company, account, at=0)
        bench.add_corp(COMPANY)

        read(bench)

        (row,) = bench.rows(
            "SELECT account_id, nick, name, mobile, email FROM accounts"
        )
    assert tuple(row.values()) == (
        *(account.account_id, "张三", "张三丰"),
        *(None, "zhang@example.com"),
    )


def test_the_members_are_examined_again_only_if_an_account_changed(
    bench: Workbench, tapd: ScriptedServer
) -> None:
    bench.add_corp(COMPANY)
    listed = people({"user_id": "1", "user": "张三"})
    tapd.will(TOKEN, listed, TOKEN, listed)

    for _ in range(2):
        read(bench)

    mail = bench.rows("SELECT mailbox, kind FROM inbox WHERE mailbox LIKE 'corp:%%'")
    assert mail == [{"mailbox": f"corp:{COMPANY}", "kind": "accounts_changed"}]
    assert bench.runtime.redis.exists(f"ring:corp:{COMPANY}") == 1


def test_what_tapd_does_not_tell_is_left_alone(
    bench: Workbench, tapd: ScriptedServer
) -> None:
    bench.add_corp(COMPANY)
    bench.rows(
        "INSERT INTO accounts (account_id, nick, mobile, mobile_e164, email,"
        " email_folded) VALUES ('1', 'old', '13812345678', '+8613812345678', 'a@b',"
        " 'a@b')"
    )
    tapd.will(TOKEN, people({"user_id": "1", "user": "new", "email": ""}))

    read(bench)

    row = bench.row("SELECT nick, mobile_e164, email FROM accounts")
    assert row == {"nick": "new", "mobile_e164": "+8613812345678", "email": "a@b"}


def test_an_app_that_is_not_installed_is_told_once_and_tried_daily(
    bench: Workbench, tapd: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    bench.add_corp(COMPANY)
    tapd.will(TOKEN, REFUSED, TOKEN, REFUSED)

    read(bench)
    read(bench)

    state, error, hours = standing(bench)
    assert (state, hours) == ("refused", 24)
    assert error == "workspaces/users: status 404, TAPD says no"
    assert warnings(caplog) == ["accounts not read from tapd"]


def test_an_outage_is_tried_again_within_minutes(
    bench: Workbench, tapd: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    bench.add_corp(COMPANY)
    busy = says({"status": 429, "info": "To many requests"}, status=429)
    tapd.will(TOKEN, says({}, status=502), TOKEN, busy, TOKEN, people())

    read(bench)
    assert standing(bench)[::2] == ("failed", 0)
    read(bench)
    assert bench.row("SELECT strikes FROM account_reads")["strikes"] == 2
    read(bench)

    assert standing(bench) == ("read", None, 24)
    assert bench.row("SELECT strikes FROM account_reads")["strikes"] == 0
    assert len(warnings(caplog)) == 1


def test_only_linked_companies_that_tapd_knows_are_read(bench: Workbench) -> None:
    bench.add_corp("wpA")
    bench.add_corp("wpB", state="paused")
    bench.add_corp("wpC")
    bench.rows("UPDATE companies SET origin = 'wecom' WHERE company_id = 'wpC'")

    jobs.read_due_accounts(bench.runtime)

    assert bench.row("SELECT company_id FROM account_reads")["company_id"] == "wpA"
    assert bench.runtime.redis.exists("ring:accounts:wpA") == 1


def test_a_company_that_is_about_to_be_linked_is_read_before(
    bench: Workbench, tapd: ScriptedServer
) -> None:
    bench.rows(
        "INSERT INTO companies (company_id, name, origin) VALUES (%s, 'c', 'tapd')",
        COMPANY,
    )
    with transaction(bench.runtime.pool) as connection:
        account_reads.want(connection, COMPANY)
        intents.make_for_company(
            connection, company_id=COMPANY, admin_account_id="admin-1"
        )
    tapd.will(TOKEN, people({"user_id": "1", "user": "张三"}))

    read_accounts(bench.runtime, COMPANY)

    assert stored(bench) == [("1", "张三", None)]
    with transaction(bench.runtime.pool) as connection:
        account_reads.want(connection, COMPANY)
    assert standing(bench) == ("read", None, 24)


def test_an_install_intent_has_the_company_read_at_once(
    bench: Workbench, database: str, redis_url: str
) -> None:
    with open_web(database=database, redis_url=redis_url) as web:
        insert(web.rows, "companies", company_id=COMPANY, name="C", origin="tapd")

        answer = web.client.post(
            "/api/v1/install-intents",
            json={"company_id": COMPANY, "admin_account_id": "admin-1"},
            headers=BEARER,
        )

    assert answer.status_code == 201, answer.text
    assert standing(bench)[0] == "new"
    assert bench.runtime.redis.exists(f"ring:accounts:{COMPANY}") == 1


def test_a_company_that_is_not_linked_any_more_is_left_alone(
    bench: Workbench, tapd: ScriptedServer
) -> None:
    bench.add_corp(COMPANY)
    jobs.read_due_accounts(bench.runtime)
    bench.rows("UPDATE corps SET state = 'paused'")

    read_accounts(bench.runtime, COMPANY)

    assert tapd.asked == []


def test_one_worker_at_a_time_reads_a_company(
    bench: Workbench, tapd: ScriptedServer
) -> None:
    bench.add_corp(COMPANY)
    jobs.read_due_accounts(bench.runtime)
    with transaction(bench.runtime.pool) as connection:
        assert account_reads.claim(connection, COMPANY, seconds=60)

    read_accounts(bench.runtime, COMPANY)

    assert tapd.asked == []


def test_without_credentials_tapd_is_not_asked(database: str, redis_url: str) -> None:
    with workbench(
        database=database, redis_url=redis_url, TAPD_CLIENT_ID="", TAPD_CLIENT_SECRET=""
    ) as bench:
        bench.add_corp(COMPANY)

        jobs.read_due_accounts(bench.runtime)
        read_accounts(bench.runtime, COMPANY)

        assert bench.rows("SELECT company_id FROM account_reads") == []
