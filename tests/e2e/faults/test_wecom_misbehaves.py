"""Whatever WeCom answers wrongly, nobody is lost and the truth is found in the end."""

from collections.abc import Callable

import pytest

from tests.e2e.office import InstallAll, Office

# Throttling is waited for up to a minute, and failures double their wait.
PATIENCE_SECONDS = 120.0
pytestmark = pytest.mark.timeout(3 * PATIENCE_SECONDS)

Spoil = Callable[[Office], None]


def spoilt(kind: str, *, count: int = 4, **given: object) -> Spoil:
    return lambda office: office.fault(kind, count=count, **given)


def some_of_everything(office: Office) -> None:
    for kind in ("busy", "http_500", "truncated", "blank"):
        office.fault(kind, share=0.1, count=6)


def lists_without_some(office: Office) -> None:
    some = ",".join(str(each["userid"]) for each in office.people()[:5])
    office.fault("shrunken", match="user/list", key=some, count=4)


def tree_without_some(office: Office) -> None:
    some = ",".join(str(each) for each in office.departments()[1:3])
    office.fault("shrunken", match="department/simplelist", key=some, count=1)


def expire_tokens(office: Office) -> None:
    control = office.product.control
    control("POST", "tokens/expire", {"kind": "corp_token", "owner": office.corp_id})


def expire_all_tokens(office: Office) -> None:
    for kind in ("suite_token", "corp_token"):
        given = {"kind": kind, "forget": True}
        office.product.control("POST", "tokens/expire", given)


CASES: dict[str, Spoil] = {
    "busy": spoilt("busy"),
    "HTTP 500": spoilt("http_500"),
    "throttled": spoilt("throttle", count=1),
    "too many at once": spoilt("throttle", errcode=45033, count=2),
    "truncated": spoilt("truncated"),
    "trickling": spoilt("trickling", seconds=3, count=3),
    "trickling past the deadline": spoilt("trickling", seconds=15, count=1),
    "timeout": spoilt("timeout", seconds=12, count=1),
    "blank": spoilt("blank"),
    "empty list of departments": spoilt("empty", match="department/simplelist"),
    # An emptied user/get names nobody: that is odd, and asked again after ten minutes.
    "empty lists of people": spoilt("empty", match="user/*list"),
    "late by a moment": spoilt("late", seconds=2, count=200),
    "expired token": expire_tokens,
    "forgotten tokens": expire_all_tokens,
    "some of everything": some_of_everything,
}


# What looks like the truth is believed until the next full read.
LIES: dict[str, Spoil] = {
    "out of scope": spoilt("errcode", errcode=60011, match="user/get", count=3),
    "unknown": spoilt("errcode", errcode=60111, match="user/*", count=6),
}
# It names nobody and decides nothing: asked again after ten minutes, or by a full read.
ODD: dict[str, Spoil] = {
    "emptied answers about one": spoilt("empty", match="user/get", count=1_000),
}
RUN_CASES: dict[str, Spoil] = {
    f"{name} in a full read": CASES[name]
    for name in ("busy", "throttled", "truncated", "blank", "some of everything")
} | {
    "empty list of departments in a full read": spoilt(
        "empty", match="department/simplelist", count=2
    ),
    "empty lists of people in a full read": spoilt("empty", match="user/*list"),
    "lists that lack people in a full read": lists_without_some,
    "a tree that lacks departments in a full read": tree_without_some,
}


def reorganise(office: Office) -> None:
    """People come, go, move and are renamed; a department comes, another moves."""
    places, people = office.departments(), office.people()
    made = office.act("add-department", parent_id=places[0])
    office.act("hire", departments=[made["department_id"]])
    office.act("leave", userid=people[0]["userid"])
    office.act("disable", userid=people[1]["userid"])
    office.act("rename-userid", userid=people[2]["userid"])
    for row in people[3:8]:
        office.act("move", userid=row["userid"], departments=places[1:3])
    leaf = next(each for each in places if not office.children(each))
    parent = next(each for each in places if each != leaf)
    office.act("move-department", department_id=leaf, parent_id=parent)


@pytest.fixture(scope="module")
def offices(install_all: InstallAll) -> dict[str, Office]:
    """All are reorganised under their fault at once, for most of it is waiting."""
    offices = install_all([*CASES, *LIES, *ODD, *RUN_CASES])
    for name, spoil in (CASES | LIES | ODD).items():
        spoil(offices[name])
        reorganise(offices[name])
    for name, spoil in RUN_CASES.items():
        spoil(offices[name])
        office = offices[name]
        office.act("set-scope", allow_party=office.departments()[:3])
    return offices


@pytest.mark.parametrize("case", [*CASES, *RUN_CASES])
def test_a_company_is_in_step_when_wecom_has_recovered(
    offices: dict[str, Office], case: str
) -> None:
    office = offices[case]

    office.await_in_step(seconds=PATIENCE_SECONDS)

    failed = [run for run in office.runs() if run["state"] == "failed"]
    assert failed == []


@pytest.mark.parametrize("case", LIES)
def test_people_whom_wecom_disowned_for_a_while_are_back_after_a_full_read(
    offices: dict[str, Office], case: str
) -> None:
    office = offices[case]
    office.await_rest(seconds=PATIENCE_SECONDS)
    office.behave()

    office.resync()

    office.await_in_step()


@pytest.mark.parametrize("case", ODD)
def test_nobody_is_lost_by_an_answer_that_names_nobody(
    offices: dict[str, Office], case: str
) -> None:
    office = offices[case]

    def unstruck() -> bool:
        rules = office.product.control("GET", "faults")["items"]
        mine = [each for each in rules if each["corp_id"] == office.corp_id]
        return not any(each["struck"] for each in mine)

    office.product.eventually(unstruck, seconds=PATIENCE_SECONDS)
    office.behave()

    office.resync()

    office.await_equal(seconds=PATIENCE_SECONDS)
