"""Where members authorise the app themselves, the list of them is the scope."""

from dataclasses import replace

import pytest

from domain.org.org import Activation
from tests.support.org.histories import KEEPER, Company, company
from tests.support.org.pipeline import Bench, Tenant
from tests.support.wecom.fakes import FakeCorp
from wecom.wire import MemberAuthPage

CORP = "wpCorpA"
GONE = [Activation.DISABLED, Activation.QUIT]
STATUS = {Activation.DISABLED: 2, Activation.QUIT: 5}


def push(bench: Bench, tenant: Tenant, moved: Company) -> None:
    for event in moved.outbox:
        bench.post(tenant, event)
    moved.outbox.clear()


@pytest.mark.parametrize("gone", GONE)
def test_who_did_not_authorise_leaves_with_a_switch_though_said_to_be_disabled(
    bench: Bench, gone: Activation
) -> None:
    tenant = bench.link_in_step(CORP, company())
    moved = Company(tenant.world)
    moved.change("woA", status=STATUS[gone])
    moved.authorise(auth_mode=1)
    # The switch overtakes what was said before it.
    moved.outbox.reverse()
    push(bench, tenant, moved)

    bench.settle(tenant)

    assert bench.org(tenant) == tenant.world.truth.org()


@pytest.mark.parametrize("gone", GONE)
def test_who_is_disabled_and_takes_their_authorisation_back_is_removed_by_scope(
    bench: Bench, gone: Activation
) -> None:
    authorised = frozenset({KEEPER, "woA"})
    by_members = replace(company(), auth_mode=1, authorised=authorised)
    tenant = bench.link_in_step(CORP, by_members)
    moved = Company(tenant.world)
    moved.change("woA", status=STATUS[gone])
    moved.authorise(authorised=frozenset({KEEPER}))
    push(bench, tenant, moved)

    bench.drain(tenant)

    assert bench.org(tenant) == tenant.world.truth.org()
    assert bench.execute("SELECT removal FROM members WHERE userid = 'woA'") == [
        ("scope",)
    ]


def test_a_new_userid_of_an_earlier_bearer_keeps_the_present_one_from_nothing(
    bench: Bench,
) -> None:
    tenant = bench.link_in_step(CORP, company())
    moved = Company(tenant.world, tells_person=True)
    moved.rename("woA", "woZ")
    earlier = moved.outbox.pop()
    moved.rename("woa", "woA")
    bench.resync(tenant)
    moved.leave("woZ")
    moved.leave("woA")
    bench.post(tenant, earlier)
    push(bench, tenant, moved)

    bench.drain(tenant)

    assert bench.pending(tenant) == 0
    assert bench.org(tenant) == tenant.world.truth.org()


def test_a_list_of_the_authorised_that_leads_back_to_itself_ends(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    authorised = frozenset({KEEPER, "woA", "woB"})
    by_members = replace(company(), auth_mode=1, authorised=authorised)
    tenant = bench.link_in_step(CORP, by_members)
    before = bench.org(tenant)
    page = FakeCorp.authorised_members

    def first_page_again(corp: FakeCorp, cursor: str | None) -> MemberAuthPage:
        return replace(page(corp, None), next_cursor="2")

    monkeypatch.setattr(FakeCorp, "authorised_members", first_page_again)

    run = bench.run(bench.resync(tenant))

    assert run["state"] == "done"
    assert "a page leads back to itself" in run["error"]
    # Whoever is on no page that came may be on one that did not.
    assert bench.org(tenant) == before
