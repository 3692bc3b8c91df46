"""Whoever was removed half a year ago is forgotten; the journal still folds."""

from tests.support.org.histories import HOME, Company, company
from tests.support.org.pipeline import Bench, Tenant
from workers.upkeep.pruning import prune

CORP = "wpCorpA"


def removed(bench: Bench, *, days: int) -> Tenant:
    """A corp in which somebody with an alias and a link was removed so long ago."""
    tenant = bench.link_in_step(CORP, company())
    life = Company(tenant.world)
    life.rename("woA", "woZ")
    bench.resync(tenant)
    life.leave("woZ")
    bench.resync(tenant)
    bench.execute(
        "UPDATE members SET removed_at = clock_timestamp() - make_interval(days => %s)"
        " WHERE state = 'removed'",
        days,
    )
    return tenant


def tombstones(bench: Bench) -> int:
    [[count]] = bench.execute("SELECT count(*) FROM members WHERE state = 'removed'")
    return int(count)


def test_after_180_days_nothing_of_the_person_is_left_but_the_journal(
    bench: Bench,
) -> None:
    tenant = removed(bench, days=181)

    prune(bench.runtime)

    assert tombstones(bench) == 0
    assert bench.execute("SELECT userid FROM aliases") == []
    [[links]] = bench.execute("SELECT count(*) FROM links")
    assert links == len(bench.org(tenant).members)
    assert bench.replayed(tenant) == bench.org(tenant)


def test_before_that_they_are_remembered(bench: Bench) -> None:
    removed(bench, days=179)

    prune(bench.runtime)

    assert tombstones(bench) == 1


def test_whoever_returns_later_is_somebody_new(bench: Bench) -> None:
    tenant = removed(bench, days=181)
    prune(bench.runtime)

    Company(tenant.world).hire("woZ", HOME)
    bench.resync(tenant)

    told = bench.execute(
        "SELECT decision FROM journal WHERE key = 'member:woZ'"
        " AND decision IN ('AddMember', 'RestoreMember')"
    )
    assert told == [("AddMember",)]
    assert bench.replayed(tenant) == bench.org(tenant) == tenant.world.truth.org()


def test_a_corp_that_withdrew_keeps_everybody_for_its_return(bench: Bench) -> None:
    removed(bench, days=400)
    bench.execute("UPDATE corps SET state = 'revoked'")

    prune(bench.runtime)

    assert tombstones(bench) == 1
