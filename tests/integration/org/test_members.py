"""Members as they are stored and found again, whatever their texts hold."""

import pytest

from benchmarks.query_plans import WatchedPool
from domain.ids import CorpPk, MemberPk
from store.database import transaction
from store.org import aliases, members
from tests.support.org.histories import company
from tests.support.org.pipeline import Bench
from tests.support.values.builders import member

CORP = "wpCorpA"
AWKWARD = ["", " ", "NULL", 'a"b', "a\\b", "{a,b}", "tab\there", "line\nend", "张三"]


def corp_of(bench: Bench) -> CorpPk:
    bench.link_in_step(CORP, company())
    [[corp_pk]] = bench.execute("SELECT corp_pk FROM corps")
    return CorpPk(corp_pk)


def test_awkward_texts_come_back_as_they_were(bench: Bench) -> None:
    corp_pk = corp_of(bench)
    awkward = member(
        'wo"\\{,}',
        name="\\N",
        departments={3: None, 7: 2**40},
        leads=[7, 3],
        leaders=AWKWARD,
        details={"position": "a\\b\t{}"},
        grounds=AWKWARD,
    )

    with transaction(bench.runtime.pool) as connection:
        members.add(connection, corp_pk, [awkward])
        [added] = members.list_known(connection, corp_pk, [awkward.userid])
        members.change(connection, corp_pk, [(added.member_pk, awkward)])
        [changed] = members.list_known(connection, corp_pk, [awkward.userid])

    assert added.member == changed.member == awkward


def test_somebody_named_by_both_userids_is_found_once(bench: Bench) -> None:
    corp_pk = corp_of(bench)

    with transaction(bench.runtime.pool) as connection:
        members.add(connection, corp_pk, [member("woNew")])
        [new] = members.list_known(connection, corp_pk, ["woNew"])
        aliases.remember(connection, corp_pk, new.member_pk, ["woOld"])
        found = members.list_known(connection, corp_pk, ["woNew", "woOld", "woNew"])
        by_old = members.list_known(connection, corp_pk, ["woOld"])

    assert [(each.member_pk, each.aliases) for each in found] == [
        (MemberPk(new.member_pk), frozenset({"woOld"}))
    ]
    assert by_old == found


@pytest.mark.parametrize("sought_for", ["wo7", "woOld"])
def test_looking_for_one_reads_nobody_else_though_nobody_sampled_the_table(
    bench: Bench, sought_for: str
) -> None:
    corp_pk = corp_of(bench)
    pool = WatchedPool(bench.runtime.pool)
    with pool.connection() as connection:
        members.add(connection, corp_pk, [member(f"wo{n}") for n in range(300)])
        [seventh] = members.list_known(connection, corp_pk, ["wo7"])
        aliases.remember(connection, corp_pk, seventh.member_pk, ["woOld"])
        members.list_known(connection, corp_pk, [sought_for])
    sought = pool.sent[-1]

    with bench.own() as connection:
        plan = connection.execute(
            f"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) {sought.query}".encode(),
            sought.parameters,
        ).fetchall()

    assert [line for (line,) in plan if "Rows Removed by Filter" in line] == []
