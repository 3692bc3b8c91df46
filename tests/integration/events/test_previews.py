"""What a sync of one person would do is what one then does; asking writes nothing."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from psycopg.types.json import Jsonb

from domain.ids import CorpPk
from store.database import transaction
from store.events import previews
from store.events.previews import PreviewState
from store.inbox import leases
from store.org import corps
from tests.support.org.histories import KEEPER, TEAM, company
from tests.support.org.pipeline import Bench, Tenant, said
from tests.support.org.previewing import effect_of, everything, foreseen, key_of, sync
from tests.support.wecom.fakes import Person, Truth
from wecom.errors import Paused, Throttled, Unavailable
from workers.inbox.preview import preview

CORP = "wpCorpA"
WHO = "woA"


def known(truth: Truth, userid: str, **changes: Any) -> None:
    truth.people[userid] = replace(truth.people[userid], **changes)


def nothing(_bench: Bench, _tenant: Tenant) -> str:
    return WHO


def moved(_bench: Bench, tenant: Tenant) -> str:
    known(tenant.world.truth, WHO, departments={2: 7}, main=2)
    return WHO


def details(_bench: Bench, tenant: Tenant) -> str:
    known(tenant.world.truth, WHO, mobile="13800000001", email="a@example.com")
    return WHO


def disabled(_bench: Bench, tenant: Tenant) -> str:
    known(tenant.world.truth, WHO, status=2)
    return WHO


def leader(_bench: Bench, tenant: Tenant) -> str:
    tenant.world.truth.whole_tree = True
    known(tenant.world.truth, WHO, leads=frozenset({TEAM}), leaders=(KEEPER,))
    return WHO


def renamed(bench: Bench, tenant: Tenant) -> str:
    """WeCom has told of it, and no drain has heard it yet."""
    people = tenant.world.truth.people
    people["woNew"] = people.pop(WHO)
    bench.post(
        tenant, said("update_user", f"member:{WHO}", second=5, new_userid="woNew")
    )
    return WHO


def renamed_unheard(_bench: Bench, tenant: Tenant) -> str:
    people = tenant.world.truth.people
    people["woNew"] = people.pop(WHO)
    return "woNew"


def by_scope(_bench: Bench, tenant: Tenant) -> str:
    """Elsewhere, where nothing lets them use the app."""
    known(tenant.world.truth, WHO, departments={4: 0}, main=4)
    return WHO


def deleted(bench: Bench, tenant: Tenant) -> str:
    del tenant.world.truth.people[WHO]
    bench.post(tenant, said("delete_user", f"member:{WHO}", second=5))
    return WHO


def deleted_unheard(_bench: Bench, tenant: Tenant) -> str:
    del tenant.world.truth.people[WHO]
    return WHO


def held(bench: Bench, tenant: Tenant) -> str:
    """The guard lets nobody go."""
    bench.execute(
        "UPDATE companies SET guard = %s",
        Jsonb({"switch": "on", "removals": 0, "share": 0.0, "ceiling": 0}),
    )
    return deleted(bench, tenant)


def held_before(bench: Bench, tenant: Tenant) -> str:
    """The same, and a plan has it already."""
    who = held(bench, tenant)
    bench.drain(tenant)
    assert bench.execute("SELECT 1 FROM plans WHERE state = 'held'")
    return who


def rejected(bench: Bench, tenant: Tenant) -> str:
    who = held_before(bench, tenant)
    bench.execute("UPDATE plans SET state = 'rejected'")
    return who


def newcomer(_bench: Bench, tenant: Tenant) -> str:
    tenant.world.truth.people["woNew"] = Person(
        open_userid="oNew", departments={TEAM: 1}, main=TEAM
    )
    return "woNew"


def returned(bench: Bench, tenant: Tenant) -> str:
    person = tenant.world.truth.people[WHO]
    by_scope(bench, tenant)
    sync(bench, tenant, WHO)
    tenant.world.truth.people[WHO] = person
    return WHO


def nobody(_bench: Bench, _tenant: Tenant) -> str:
    return "woNobody"


def odd(_bench: Bench, tenant: Tenant) -> str:
    tenant.world.odd[f"member:{WHO}"] = {"status": "no such thing"}
    return WHO


def twin(_bench: Bench, tenant: Tenant) -> str:
    """Two userids turn out to be one person."""
    tenant.world.truth.people["woTwin"] = tenant.world.truth.people.pop(WHO)
    return "woTwin"


def late(bench: Bench, tenant: Tenant) -> str:
    """WeCom still answers with whom it says it has deleted."""
    bench.post(tenant, said("delete_user", f"member:{WHO}", second=5))
    return WHO


KINDS: dict[str, Callable[[Bench, Tenant], str]] = {
    each.__name__: each
    for each in (
        nothing, moved, details, disabled, leader, renamed, renamed_unheard, by_scope,
        deleted, deleted_unheard, held, held_before, rejected, newcomer, returned,
        nobody, odd, twin, late,
    )
}  # fmt: skip


@pytest.fixture
def tenant(bench: Bench) -> Tenant:
    return bench.link_in_step(CORP, company())


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_what_the_following_sync_does(
    bench: Bench, tenant: Tenant, kind: str
) -> None:
    who = KINDS[kind](bench, tenant)

    told = foreseen(bench, tenant, who)

    assert effect_of(told) == sync(bench, tenant, who)


@pytest.mark.parametrize("kind", KINDS)
def test_asking_for_it_writes_nothing_and_rings_nobody(
    bench: Bench, tenant: Tenant, kind: str
) -> None:
    who = KINDS[kind](bench, tenant)
    before = everything(bench)
    bench.bell.rung.clear()

    foreseen(bench, tenant, who)

    assert everything(bench) == before
    assert bench.bell.rung == []


def test_only_she_is_asked_about(bench: Bench, tenant: Tenant) -> None:
    moved(bench, tenant)

    foreseen(bench, tenant, WHO)

    assert tenant.world.calls == [f"member:{WHO}"]


@pytest.mark.parametrize(
    ("kind", "state"),
    [("held", "new"), ("held_before", "held"), ("rejected", "rejected")],
)
def test_what_waits_says_why_by_the_guards_numbers(
    bench: Bench, tenant: Tenant, kind: str, state: str
) -> None:
    who = KINDS[kind](bench, tenant)

    (hold,) = foreseen(bench, tenant, who).holds

    assert (hold.plan_state, hold.removals, hold.limit, hold.hours) == (state, 1, 0, 24)
    assert (hold.plan_id is None) == (state == "new")


def test_a_drain_that_asks_meanwhile_is_neither_kept_nor_disturbed(
    bench: Bench, tenant: Tenant
) -> None:
    moved(bench, tenant)
    with bench.own() as connection:
        token = leases.take(connection, tenant.mailbox)
    assert token is not None

    told = foreseen(bench, tenant, WHO)

    assert told.outcome == "applied"
    with bench.own() as connection:
        leases.check(connection, tenant.mailbox, token)


def test_who_is_changed_while_she_is_asked_about_is_asked_about_anew(
    bench: Bench, tenant: Tenant
) -> None:
    moved(bench, tenant)
    tenant.world.watch = lambda _: drain_once(bench, tenant)

    told = foreseen(bench, tenant, WHO)

    assert (told.outcome, list(told.steps)) == ("no_difference", [])


def drain_once(bench: Bench, tenant: Tenant) -> None:
    """Another drain is quicker."""
    tenant.world.watch = lambda _: None
    assert sync(bench, tenant, WHO).outcome == "applied"


def test_two_at_once_are_one_question(bench: Bench, tenant: Tenant) -> None:
    data_key, key = key_of(bench, tenant, WHO)
    redis = bench.runtime.redis

    first = previews.ask(redis, data_key, key, userid=WHO, by="li")
    second = previews.ask(redis, data_key, key, userid=WHO, by="wang")
    preview(bench.runtime, key.reference)
    preview(bench.runtime, key.reference)

    assert (first, second) == (True, False)
    assert tenant.world.calls == [f"member:{WHO}"]


def test_a_worker_that_has_it_is_not_joined_by_another(
    bench: Bench, tenant: Tenant
) -> None:
    data_key, key = key_of(bench, tenant, WHO)
    previews.ask(bench.runtime.redis, data_key, key, userid=WHO, by="li")
    previews.take(bench.runtime.redis, data_key, key)

    preview(bench.runtime, key.reference)

    assert tenant.world.calls == []


def test_one_that_nobody_answers_is_told_to_be_lost(
    bench: Bench, tenant: Tenant
) -> None:
    data_key, key = key_of(bench, tenant, WHO)
    redis = bench.runtime.redis
    previews.ask(redis, data_key, key, userid=WHO, by="li")
    redis.delete(f"preview-work:{key.reference}")

    found = previews.find(redis, data_key, key)

    assert found is not None
    assert found.state is PreviewState.LOST


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        (Throttled("errcode 45009", endpoint="user/get"), "throttle"),
        (Unavailable("HTTP 500", endpoint="user/get"), "unavailable"),
        (Paused("errcode 48006", endpoint="user/get"), "paused"),
        (TypeError("ours"), "retry"),
    ],
)
def test_what_stands_in_the_way_is_named_and_changes_nothing(
    bench: Bench, tenant: Tenant, fault: Exception, outcome: str
) -> None:
    tenant.world.faults[f"member:{WHO}"] = fault
    before = everything(bench)

    told = foreseen(bench, tenant, WHO)

    assert told.outcome == outcome
    assert told.error
    assert everything(bench) == before


@pytest.mark.parametrize("state", ["paused", "authorised"])
def test_a_corp_that_is_not_followed_is_not_asked(
    bench: Bench, tenant: Tenant, state: str
) -> None:
    bench.execute("UPDATE corps SET state = %s", state)

    told = foreseen(bench, tenant, WHO)

    assert told.outcome == state
    assert tenant.world.calls == []


def test_a_corp_that_was_never_read_is_not_asked(bench: Bench) -> None:
    tenant = bench.link(CORP, company())

    assert foreseen(bench, tenant, WHO).outcome == "first_read"


def test_nothing_of_it_can_be_read_once_the_corps_key_is_gone(
    bench: Bench, tenant: Tenant
) -> None:
    details(bench, tenant)
    foreseen(bench, tenant, WHO)
    redis = bench.runtime.redis

    kept = [redis.get(name) or b"" for name in redis.scan_iter("preview*")]

    assert kept
    for secret in (WHO, "13800000001", "a@example.com"):
        assert all(secret.encode() not in each for each in kept)
        assert all(secret.encode() not in name for name in redis.scan_iter("preview*"))
    assert all(0 < redis.ttl(name) <= 600 for name in redis.scan_iter("preview*"))
    with transaction(bench.runtime.pool) as connection:
        assert corps.get(connection, CorpPk(tenant.corp_pk)).data_key
