"""Who may use the app, how much of it we may read, and whether it runs at all."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.e2e.office import PERMISSIONS, ROOT, InstallAll, Office

Act = Callable[[Office], None]


def scope(office: Office, **given: Any) -> None:
    office.act("set-scope", **given)
    office.await_in_step()


def whole(office: Office) -> None:
    scope(office, allow_party=[ROOT])


def departments(office: Office) -> None:
    scope(office, allow_party=office.children(ROOT)[:2])


def one_team(office: Office) -> None:
    scope(office, allow_party=office.departments()[-1:])


def members(office: Office) -> None:
    scope(office, allow_user=[row["userid"] for row in office.people()[:5]])


def tags(office: Office) -> None:
    scope(office, allow_tag=[row["tag_id"] for row in office.tags()])


def everything_at_once(office: Office) -> None:
    scope(
        office,
        allow_party=office.departments()[-1:],
        allow_user=[row["userid"] for row in office.people()[:3]],
        allow_tag=[office.tags()[0]["tag_id"]],
    )


def nobody(office: Office) -> None:
    scope(office)


def quietly(office: Office) -> None:
    scope(office, allow_party=office.children(ROOT)[:1], quiet=True)


def a_tag_that_changes(office: Office) -> None:
    made = office.act("add-tag", name="试点")
    scope(office, allow_tag=[made["tag_id"]])
    people = [row["userid"] for row in office.people()[:4]]
    team = office.departments()[-1:]
    for names, places in ((people, []), (people[:2], team), (people[1:], [])):
        given = {"userids": names, "department_ids": places}
        office.act("set-tag", tag_id=made["tag_id"], **given)
        office.await_in_step()


def a_tag_that_is_removed(office: Office) -> None:
    everything_at_once(office)
    office.act("remove-tag", tag_id=office.tags()[0]["tag_id"])


def members_authorise_themselves(office: Office) -> None:
    alone = [row["userid"] for row in office.people()[:3]]
    office.act("set-auth-mode", auth_mode=1, self_authorised=alone)
    office.await_in_step()
    office.act("authorise-self", userid=office.people()[4]["userid"])
    office.await_in_step()


def without_permissions(office: Office) -> None:
    office.act("set-permissions", permissions=[])
    office.await_in_step()


def partly_and_without_permissions(office: Office) -> None:
    departments(office)
    without_permissions(office)


def a_part_and_the_rest_readable(office: Office) -> None:
    first, second = office.children(ROOT)[:2]
    scope(office, allow_party=[first], extra_party=[second])


CASES: dict[str, Act] = {
    "departments": departments,
    "one team": one_team,
    "members": members,
    "tags": tags,
    "everything at once": everything_at_once,
    "nobody": nobody,
    "quietly": quietly,
    "a tag that changes": a_tag_that_changes,
    "a tag that is removed": a_tag_that_is_removed,
    "member authorisation": members_authorise_themselves,
    "without permissions": without_permissions,
    "partly and without permissions": partly_and_without_permissions,
    "readable but not usable": a_part_and_the_rest_readable,
}


@pytest.fixture(scope="module")
def offices(install_all: InstallAll) -> dict[str, Office]:
    return install_all(CASES)


def whole_again(office: Office) -> None:
    if office.summary()["auth_mode"]:
        office.act("set-auth-mode", auth_mode=0)
    office.act("set-permissions", permissions=PERMISSIONS)
    whole(office)


@pytest.mark.parametrize("case", CASES)
def test_another_scope_is_followed_and_so_is_the_way_back(
    offices: dict[str, Office], case: str
) -> None:
    office = offices[case]
    everybody = list(office.product.rows(f"corps/{office.corp_id}/members"))

    CASES[case](office)
    office.await_in_step()
    office.await_scope()
    whole_again(office)

    office.await_scope()
    back = list(office.product.rows(f"corps/{office.corp_id}/members"))
    assert back == everybody
