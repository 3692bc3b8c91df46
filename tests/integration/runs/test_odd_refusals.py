"""An errcode that has no meaning for a question stops nobody but whom it is about."""

from dataclasses import replace

import pytest

from tests.support.org.histories import HOME, KEEPER, TAG, TEAM, company
from tests.support.org.pipeline import Bench, said
from tests.support.wecom.fakes import PERMISSIONS, Person, Truth
from wecom.corp import CorpClient
from wecom.errcodes import error_for
from wecom.errors import Spent
from wecom.wire import MemberAuthPage
from workers.answers.authorised import list_authorised

CORP = "wpCorpA"
# Of each class of refusals one, and one that nobody has heard of.
CODES = [50002, 40035, 99999, 301021, 701008, 45029, 50100, 81013]
QUESTIONS = ["member:woS", f"list:{TEAM}", f"tag:{TAG}"]


def varied() -> Truth:
    """A company with a department, a tag and somebody granted singly in its scope."""
    truth = company()
    truth.allow_tags, truth.allow_members = frozenset({TAG}), frozenset({"woS"})
    truth.people["woS"] = Person(open_userid="oS", departments={4: 0}, main=4)
    truth.people["woT"] = Person(open_userid="oT", departments={TEAM: 0}, main=TEAM)
    return truth


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("question", QUESTIONS)
def test_a_run_goes_on_without_whom_it_is_about_and_names_them(
    bench: Bench, code: int, question: str
) -> None:
    truth = varied()
    tenant = bench.link_in_step(CORP, truth)
    truth.people["woNew"] = Person(open_userid="oN", departments={HOME: 0}, main=HOME)
    tenant.world.faults[question] = error_for(code, endpoint="some/thing")

    run = bench.run(bench.resync(tenant))
    while_refused = bench.org(tenant)
    tenant.world.faults.clear()
    bench.settle(tenant)

    assert run["state"] == "done"
    assert while_refused == truth.org()
    assert run["error"] is None or question.partition(":")[2] in run["error"]
    assert bench.org(tenant) == truth.org()


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("question", QUESTIONS)
def test_a_drain_goes_on_without_whom_it_is_about(
    bench: Bench, code: int, question: str
) -> None:
    tenant = bench.link_in_step(CORP, varied())
    people = tenant.world.truth.people
    people[KEEPER] = replace(people[KEEPER], mobile="13900000000")
    tenant.world.faults[question] = error_for(code, endpoint="some/thing")
    for who in ("woA", "woa", "woT", "woS"):
        bench.post(tenant, said("update_user", f"member:{who}"))
    bench.post(tenant, said("update_tag", f"tag:{TAG}"))
    bench.post(tenant, said("update_user", f"member:{KEEPER}"))

    bench.drain(tenant)
    bench.drain(tenant)

    assert bench.org(tenant) == tenant.world.truth.org()
    assert bench.execute("SELECT count(*) FROM inbox WHERE state = 'failed'") == [(0,)]


@pytest.mark.parametrize("code", CODES)
def test_where_members_authorise_one_of_them_stops_nobody(
    bench: Bench, code: int
) -> None:
    truth = company()
    truth.auth_mode, truth.authorised = 1, frozenset({KEEPER, "woA", "woa"})
    tenant = bench.link_in_step(CORP, truth)
    truth.authorised |= {"woB"}
    tenant.world.faults["member:woA"] = error_for(code, endpoint="some/thing")

    run = bench.run(bench.resync(tenant))

    assert run["state"] == "done"
    assert bench.org(tenant) == truth.org()


@pytest.mark.parametrize("code", [99999, 40035])
def test_permissions_that_are_refused_oddly_stay_as_they_are_known(
    bench: Bench, code: int
) -> None:
    tenant = bench.link_in_step(CORP, company())
    tenant.world.faults["permissions"] = error_for(code, endpoint="some/thing")

    run = bench.run(bench.resync(tenant))

    assert run["state"] == "done"
    assert bench.execute("SELECT permissions FROM corps") == [(sorted(PERMISSIONS),)]


class Paging(CorpClient):
    """Lists who authorised the app, by cursors that end early so many times."""

    def __init__(self, ends: int) -> None:
        # Not the parent's: there is no transport behind this one.
        self._ends = ends

    def authorised_members(self, cursor: str | None) -> MemberAuthPage:
        """Two pages."""
        if cursor is None:
            return MemberAuthPage(open_userids=("oA",), next_cursor="2")
        if self._ends:
            self._ends -= 1
            raise Spent(errcode=50100, endpoint="user/list_member_auth")
        return MemberAuthPage(open_userids=("oB",), next_cursor=None)


def test_a_cursor_that_ended_begins_the_list_anew() -> None:
    found = list_authorised(Paging(1))

    assert sorted(found.userids) == ["oA", "oB"]
    assert found.odd is None


def test_a_cursor_that_ends_each_time_proves_nobodys_absence() -> None:
    found = list_authorised(Paging(9))

    assert sorted(found.userids) == ["oA"]
    assert found.odd == "its pages lead nowhere"
