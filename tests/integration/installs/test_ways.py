"""Three ways to link a company, every refusal, and the code's two roads."""

from collections.abc import Iterator
from typing import Any

import pytest

from simulator.admin import admin_app, admin_tree
from simulator.faults import Kind
from simulator.org.corp import Corp as Enterprise
from simulator.org.grant import Scope
from tests.support.people.installing import COMPANY, WHOLE, Road, existing, new
from tests.support.workbench import Workbench, workbench
from workers.inbox.drain import drain
from workers.upkeep import jobs

OTHER = "tapd-2"


@pytest.fixture
def bench(database: str, redis_url: str) -> Iterator[Workbench]:
    with workbench(database=database, redis_url=redis_url) as bench:
        yield bench


def org_of(bench: Workbench) -> list[dict[str, Any]]:
    """What a refusal must leave as it is."""
    return bench.rows(
        "SELECT corp_id, state, company_id FROM corps"
        " WHERE state IN ('linked', 'paused') ORDER BY corp_id"
    ) + bench.rows("SELECT company_id, name, edition FROM companies ORDER BY 1")


def unnamed(bench: Workbench) -> tuple[Enterprise, Road]:
    """A corp whose installer WeCom does not name, and the way to the company."""
    enterprise = bench.found()
    enterprise.tells_installer = False
    return enterprise, existing(bench)


def test_an_existing_company_is_linked(bench: Workbench) -> None:
    enterprise = bench.found()

    ended = existing(bench).walk(enterprise)

    assert ended == ("linked", "")
    assert bench.corp(enterprise).company_id == COMPANY
    assert bench.row("SELECT origin FROM companies") == {"origin": "tapd"}
    install = bench.row("SELECT company_id, run_id FROM installs")
    run = bench.row("SELECT run_id, cause FROM runs")
    assert install == {"company_id": COMPANY, "run_id": run["run_id"]}
    assert run["cause"] == "install"


def test_a_new_company_has_the_chosen_edition_and_the_corps_name(
    bench: Workbench,
) -> None:
    enterprise = bench.found()

    ended = new(bench, "enterprise").walk(enterprise)

    assert ended == ("linked", "")
    company = bench.row("SELECT company_id, name, edition, origin FROM companies")
    assert company["company_id"] == bench.corp(enterprise).company_id
    assert (company["name"], company["edition"]) == (enterprise.name, "enterprise")
    assert company["origin"] == "wecom"


@pytest.mark.parametrize(
    ("scope", "ended"),
    [
        ("a department above", ("linked", "")),
        ("the person", ("linked", "")),
        ("a tag", ("linked", "")),
        ("somebody else", ("refused", "installer_outside")),
        ("nobody", ("refused", "installer_outside")),
    ],
)
def test_the_installer_must_be_usable_in_the_scope(
    bench: Workbench, scope: str, ended: tuple[str, str]
) -> None:
    enterprise = bench.found()
    installer, other = list(enterprise.now.members)[:2]
    enterprise.installer = installer
    scopes = {
        "a department above": WHOLE,
        "the person": Scope(allow_user=(installer,)),
        "a tag": Scope(allow_tag=(_tag_of(bench, enterprise, installer),)),
        "somebody else": Scope(allow_user=(other,), extra_user=(installer,)),
        "nobody": Scope(),
    }
    road = existing(bench)
    before = org_of(bench)

    assert road.walk(enterprise, scopes[scope]) == ended
    assert (org_of(bench) == before) == (ended[0] == "refused")
    assert len(bench.rows("SELECT 1 FROM runs")) == (ended[0] == "linked")


def _tag_of(bench: Workbench, enterprise: Enterprise, userid: str) -> int:
    tag = admin_tree.add_tag(bench.world, enterprise, name="项目组")
    admin_tree.set_tag(
        bench.world, enterprise, tag.tag_id, userids=[userid], department_ids=[]
    )
    return tag.tag_id


def test_a_refused_corp_stays_authorised_until_it_withdraws(bench: Workbench) -> None:
    enterprise = bench.found()
    existing(bench).walk(enterprise, Scope())
    refused = bench.corp(enterprise)

    admin_app.uninstall(bench.world, enterprise)
    bench.deliver_and_drain()

    assert refused.state == "authorised"
    assert refused.permanent_code is not None
    gone = bench.row("SELECT state, permanent_code FROM corps")
    assert gone == {"state": "revoked", "permanent_code": None}


def test_an_installer_who_was_let_in_is_linked_when_asked_again(
    bench: Workbench,
) -> None:
    enterprise = bench.found()
    road = existing(bench)
    road.walk(enterprise, Scope())
    admin_app.set_scope(bench.world, enterprise, WHOLE, quiet=True)

    assert road.go_on() == ("linked", "")


def test_an_unnamed_installer_is_awaited_and_linked_after_signing_in(
    bench: Workbench,
) -> None:
    enterprise, road = unnamed(bench)
    awaited = road.walk(enterprise)
    _sign_in(bench, enterprise.corp_id, next(iter(enterprise.now.members)))

    linked = road.go_on()

    assert awaited == ("exchanged", "installer_awaited")
    assert linked == ("linked", "")


def test_somebody_of_another_corp_is_not_taken_for_the_installer(
    bench: Workbench,
) -> None:
    enterprise, road = unnamed(bench)
    road.walk(enterprise)
    _sign_in(bench, "wpSomebodyElse", next(iter(enterprise.now.members)))

    assert road.go_on() == ("exchanged", "installer_awaited")


def test_nobody_waits_for_the_installer_of_a_corp_that_withdrew(
    bench: Workbench,
) -> None:
    enterprise, road = unnamed(bench)
    road.walk(enterprise)

    admin_app.uninstall(bench.world, enterprise)
    bench.deliver_and_drain()

    assert road.ended() == ("failed", "withdrawn")


def test_nobody_waits_for_an_installer_for_longer_than_20_minutes(
    bench: Workbench,
) -> None:
    enterprise, road = unnamed(bench)
    road.walk(enterprise)
    jobs.end_awaited_installs(bench.runtime)
    in_time = road.ended()
    bench.rows("UPDATE installs SET exchanged_at = exchanged_at - interval '21 min'")

    jobs.end_awaited_installs(bench.runtime)

    assert in_time == ("exchanged", "installer_awaited")
    assert road.ended() == ("refused", "installer_unproven")
    _sign_in(bench, enterprise.corp_id, next(iter(enterprise.now.members)))
    assert bench.corp(enterprise).state == "authorised"


def _sign_in(bench: Workbench, corp_id: str, userid: str) -> None:
    bench.rows(
        "UPDATE install_intents SET installer_corp_id = %s, installer_userid = %s",
        corp_id,
        userid,
    )


def test_a_company_whose_corp_lives_is_refused_to_another(bench: Workbench) -> None:
    first, second = bench.found(), bench.found()
    existing(bench).walk(first)
    before = org_of(bench)

    ended = existing(bench).walk(second)

    assert ended == ("refused", "company_linked")
    assert org_of(bench) == before


def test_a_company_whose_corp_has_withdrawn_unheard_is_linked_to_another(
    bench: Workbench,
) -> None:
    first, second = bench.found(), bench.found()
    existing(bench).walk(first)
    first_corp = bench.corp(first)
    first.agent = None

    ended = existing(bench).walk(second)

    assert ended == ("linked", "")
    assert bench.corp(second).company_id == COMPANY
    gone = bench.row("SELECT * FROM corps WHERE corp_pk = %s", first_corp.corp_pk)
    assert (gone["state"], gone["permanent_code"]) == ("revoked", None)


def test_while_nobody_knows_whether_the_other_corp_lives_the_install_waits(
    bench: Workbench,
) -> None:
    first, second = bench.found(), bench.found()
    existing(bench).walk(first)
    road = existing(bench)
    road.install(second)
    road.come_back()
    bench.misbehave(
        Kind.HTTP_500, match="service/v2/get_auth_info", corp_id=first.corp_id
    )

    drain(bench.runtime, road.mailbox)

    assert road.ended() == ("exchanged", "")
    assert bench.corp(first).state == "linked"


@pytest.mark.parametrize("make", [lambda bench: existing(bench, OTHER), new])
def test_a_corp_that_is_linked_is_refused_to_another_company(
    bench: Workbench, make: Any
) -> None:
    enterprise = bench.found()
    existing(bench).walk(enterprise)
    enterprise.agent = None
    road: Road = make(bench)
    before = org_of(bench)

    ended = road.walk(enterprise)

    assert ended == ("refused", "corp_linked")
    assert org_of(bench) == before
    # WeCom has replaced the permanent code; the link goes on with the new one.
    corp = bench.corp(enterprise)
    assert bench.runtime.corp_api(corp).auth_info().corp.corp_id == corp.corp_id


def test_a_corp_that_installs_for_its_own_company_again_is_read_again(
    bench: Workbench,
) -> None:
    enterprise = bench.found()
    existing(bench).walk(enterprise)
    bench.rows("UPDATE runs SET state = 'done'")
    enterprise.agent = None

    ended = existing(bench).walk(enterprise)

    assert ended == ("linked", "")
    assert len(bench.rows("SELECT 1 FROM runs WHERE state = 'queued'")) == 1


@pytest.mark.parametrize("code", ["x" * 80, "short"])
def test_a_code_that_wecom_does_not_know_fails_and_changes_nothing(
    bench: Workbench, code: str
) -> None:
    road = existing(bench)
    road.go()
    before = org_of(bench)

    road.come_back(code)
    drain(bench.runtime, road.mailbox)

    assert road.ended() == ("failed", "auth_code_spent")
    assert org_of(bench) == before
    assert bench.rows("SELECT 1 FROM corps") == []


def test_a_code_of_another_wish_is_refused(bench: Workbench) -> None:
    enterprise = bench.found()
    theirs, mine = existing(bench), existing(bench, OTHER)
    code = theirs.install(enterprise)

    mine.go()
    mine.come_back(code)
    drain(bench.runtime, mine.mailbox)

    assert mine.ended() == ("refused", "foreign_code")
    assert bench.corp(enterprise).state == "authorised"


def test_nothing_about_the_installer_outlives_the_withdrawal(bench: Workbench) -> None:
    enterprise = bench.found()
    road = existing(bench)
    road.walk(enterprise)
    _sign_in(bench, enterprise.corp_id, "woInstaller")

    admin_app.uninstall(bench.world, enterprise)
    bench.deliver_and_drain()

    assert bench.row("SELECT installer_userid FROM installs WHERE corp_pk = 1") == {
        "installer_userid": None
    }
    assert (road.intent.installer_userid, road.intent.installer_corp_id) == (None, None)
