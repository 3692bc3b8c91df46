"""The audit is never changed, and after a purge it names neither corp nor people."""

from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result

from domain.roles import Role
from manage import cli
from simulator.admin import admin_app
from simulator.org.corp import Corp as Enterprise
from store.database import transaction
from store.events import retries
from store.events.event_filter import EventFilter
from store.platform import audit, audit_proof
from store.platform.audit import AuditLine, OperatorAct
from store.runs import requests
from tests.support.notices.outbox import read_office
from tests.support.workbench import Workbench, environment_for

REASON = "synthetic-reason"


@pytest.fixture
def verify(database: str, redis_url: str) -> Callable[[], Result]:
    """`manage.py verify-audit` over the same stores."""
    settings = environment_for(database=database, redis_url=redis_url)
    return lambda: CliRunner().invoke(cli, ["verify-audit"], env=settings)


def done(bench: Workbench, act: str, *, target: str, corp_id: str | None) -> None:
    with transaction(bench.runtime.pool) as connection:
        audit.record(
            connection,
            OperatorAct(
                actor="operator:li",
                role=Role.ADMIN,
                act=act,
                target=target,
                corp_id=corp_id,
                reason=f"{REASON} {corp_id} {target}",
                before={"who": target},
                after={"corp": corp_id or target},
            ),
            keyring=bench.runtime.keyring,
        )


def lines(bench: Workbench, *, target: str | None = None) -> list[AuditLine]:
    with transaction(bench.runtime.pool) as connection:
        return audit.list_lines(
            connection, keyring=bench.runtime.keyring, target=target, limit=50
        )


def acted(bench: Workbench) -> tuple[Enterprise, list[str]]:
    """A corp about which everything was done; what nobody may read after a purge."""
    office = read_office(bench)
    enterprise, corp, userid = office.enterprise, office.corp, office.userids[0]
    with transaction(bench.runtime.pool) as connection:
        run_id = requests.request_run(connection, corp.corp_pk, cause="operator")
        box = (f"corp:{corp.corp_id}",)
        for wanted in (EventFilter(mailboxes=box), EventFilter(key=f"member:{userid}")):
            query = f"corp:{corp.corp_id}" if wanted.mailboxes else ""
            retries.prepare(connection, wanted, query=query, by="cli")
    event = bench.row("SELECT max(event_id) AS id FROM inbox WHERE mailbox = %s", *box)
    done(bench, "pause", target=f"corp:{corp.corp_id}", corp_id=corp.corp_id)
    done(bench, "resync", target=f"corp:{corp.corp_id}", corp_id=None)
    done(bench, "reveal", target=f"member:{userid}", corp_id=corp.corp_id)
    done(bench, "resync", target=f"run:{run_id}", corp_id=None)
    done(bench, "retry", target=f"event:{event['id'] or 0}", corp_id=None)
    return enterprise, [corp.corp_id, userid]


def dump(bench: Workbench, table: str) -> str:
    rows = bench.rows(f"SELECT t::text AS line FROM {table} AS t")  # noqa: S608 - a name written here
    return "\n".join(row["line"] for row in rows)


def withdraw(bench: Workbench, enterprise: Enterprise) -> None:
    admin_app.uninstall(bench.world, enterprise)
    bench.deliver_and_drain()


def test_an_act_about_a_corp_reads_as_it_was_done(simulated: Workbench) -> None:
    _, (corp_id, userid) = acted(simulated)

    found = {each.target: each for each in lines(simulated)}

    told = found[f"member:{userid}"]
    assert told.corp_id == corp_id
    assert told.reason == f"{REASON} {corp_id} member:{userid}"
    assert (told.before, told.after) == ({"who": f"member:{userid}"}, {"corp": corp_id})
    assert not told.is_forgotten
    assert [each.act for each in lines(simulated, target=f"corp:{corp_id}")] == [
        "resync",
        "pause",
    ]


def test_after_a_purge_the_audit_names_nobody_and_is_whole(
    simulated: Workbench, verify: Callable[[], Result]
) -> None:
    enterprise, names = acted(simulated)
    before = lines(simulated)
    rows = simulated.row("SELECT count(*) AS n FROM audit")["n"]

    withdraw(simulated, enterprise)

    kept = dump(simulated, "audit") + dump(simulated, "retry_batches")
    assert [each for each in names if each in kept] == []
    assert simulated.row("SELECT count(*) AS n FROM audit")["n"] == rows
    after = {each.audit_id: each for each in lines(simulated)}
    for each in before:
        left = after[each.audit_id]
        assert (left.actor, left.act, left.at) == (each.actor, each.act, each.at)
        assert left.chain == each.chain
        assert not [name for name in names if name in repr(left)]
    assert sum(each.is_forgotten for each in after.values()) >= 4
    result = verify()
    assert result.exit_code == 0, result.output


def test_what_is_sealed_is_vouched_for(simulated: Workbench) -> None:
    acted(simulated)
    simulated.rows("ALTER TABLE audit DISABLE TRIGGER USER")
    simulated.rows(
        "UPDATE audit SET sealed = (SELECT sealed FROM audit WHERE act = 'reveal')"
        " WHERE act = 'pause'"
    )

    with transaction(simulated.runtime.pool) as connection:
        proof = audit_proof.verify(
            connection, keyring=simulated.runtime.keyring, witnesses=[]
        )

    assert "altered" in {each.what for each in proof.faults}


def test_an_act_about_no_corp_stays_as_it_is(simulated: Workbench) -> None:
    done(simulated, "rebuild", target="queues", corp_id=None)
    done(simulated, "pause", target="corp:wpNobody", corp_id="wpNobody")

    assert [each.target for each in lines(simulated)] == ["corp:wpNobody", "queues"]
