"""A company pauses, gets another code, withdraws and comes back."""

from collections.abc import Iterator

import psycopg
from psycopg import sql

from tests.e2e.office import Install, Office
from tests.e2e.product import Product


def state_is(office: Office, state: str) -> None:
    office.product.eventually(
        lambda: (corp := office.read())["state"] != state and corp
    )


def order(office: Office, word: str) -> None:
    answer = office.product.ask("POST", f"corps/{office.corp_id}/{word}")
    assert answer.status_code == 200, answer.text


def reorganise(office: Office) -> None:
    people = office.people()
    office.act("leave", userid=people[0]["userid"])
    office.act("rename-userid", userid=people[1]["userid"])
    office.act("hire", departments=office.departments()[:1])
    office.act("add-department", parent_id=office.departments()[0])


def texts(product: Product) -> Iterator[tuple[str, str]]:
    """Every row of every table, as text."""
    tables = """
        SELECT table_schema, table_name FROM information_schema.tables
        WHERE table_schema NOT IN ('pg_catalog', 'information_schema')
            AND table_type = 'BASE TABLE'
    """
    with psycopg.connect(product.settings["DATABASE_URL"]) as connection:
        for schema, name in connection.execute(tables).fetchall():
            table = sql.Identifier(schema, name)
            query = sql.SQL("SELECT row_to_json(t)::text FROM {} AS t").format(table)
            for (row,) in connection.execute(query):
                yield name, row


def traces(product: Product, names: set[str]) -> list[str]:
    return [
        f"{table}: {row[:300]}"
        for table, row in texts(product)
        if any(name in row for name in names)
    ]


def test_what_happens_while_an_operator_has_paused_is_made_up_for(
    install: Install,
) -> None:
    office = install()
    before = office.decisions()

    order(office, "pause")
    reorganise(office)
    state_is(office, "paused")
    held = office.decisions()
    order(office, "resume")

    office.await_in_step()
    assert held == before


def test_an_app_that_wecom_closes_is_paused_and_made_up_for_when_reopened(
    install: Install,
) -> None:
    office = install()

    office.act("report-activity", event="close_inactive_agent")
    state_is(office, "paused")
    reorganise(office)
    office.act("report-activity", event="reopen_inactive_agent")

    office.await_in_step()


def test_a_new_permanent_code_is_fetched_and_used(
    product: Product, install: Install
) -> None:
    office = install()
    before = codes_exchanged(product)

    office.act("reset-permanent-code")
    product.eventually(lambda: codes_exchanged(product) == before and "not yet")
    for kind in ("corp_token", "suite_token"):
        product.control("POST", "tokens/expire", {"kind": kind, "forget": True})
    reorganise(office)

    office.await_in_step()


def codes_exchanged(product: Product) -> int:
    rows = product.rows("events", state="done")
    return sum(row["kind"] == "reset_permanent_code" for row in rows)


def test_nothing_of_a_company_that_withdrew_can_be_found(
    product: Product, install: Install
) -> None:
    office, other = install(), install()
    reorganise(office)
    office.await_in_step()
    directory = office.directory()
    names = {office.corp_id}
    for row in directory["members"]:
        names |= {row["userid"], row["open_userid"]}
    assert traces(product, names)

    office.act("uninstall")

    product.eventually(lambda: traces(product, names))
    state_is(office, "revoked")
    assert other.unsettled() == []


def test_a_company_that_withdrew_may_come_back(
    product: Product, install: Install
) -> None:
    office = install()
    office.act("uninstall")
    state_is(office, "revoked")

    office.act("hire", departments=office.departments()[:1])
    office.install()

    office.await_in_step()
    rows = list(product.rows("corps"))
    assert [row["corp_id"] for row in rows].count(office.corp_id) == 1


def test_a_forged_withdrawal_is_ignored(product: Product, install: Install) -> None:
    office = install()
    cancel = (
        f"<xml><SuiteId>{product.settings['WECOM_SUITE_ID']}</SuiteId>"
        "<InfoType>cancel_auth</InfoType><TimeStamp>1700000000</TimeStamp>"
        f"<AuthCorpId>{office.corp_id}</AuthCorpId></xml>"
    )

    given = {"name": "cancel_auth", "xml": cancel, "corp_id": office.corp_id}
    product.control("POST", "pushes", given)

    def outcomes() -> set[str]:
        events = product.rows("events", corp_id=office.corp_id, state="ignored")
        return {row["outcome"] for row in events}

    # The org was in step before the push, and is until it has been looked into.
    product.eventually(lambda: {"stale_cancel"} - outcomes())
    office.await_in_step()
