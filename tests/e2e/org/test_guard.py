"""Removals beyond the guard wait for a person; all else is applied meanwhile."""

from tests.e2e.office import ROOT, Install, Office
from tests.e2e.product import Finding, Row

GUARD = {"switch": "on", "removals": 3, "share": 0.1}


def guard(office: Office) -> None:
    path = f"companies/{office.read()['company_id']}"
    answer = office.product.ask("PUT", path, json={"guard": GUARD})
    assert answer.status_code == 200, answer.text


def shrink(office: Office) -> None:
    """Only the smallest part of the company may use the app from now on."""
    office.act("set-scope", allow_party=office.departments()[-1:])


def plans(office: Office, state: str) -> list[Row]:
    return list(office.product.rows("plans", corp_id=office.corp_id, state=state))


def userids(office: Office) -> set[str]:
    rows = office.product.rows(f"corps/{office.corp_id}/members")
    return {row["userid"] for row in rows}


def await_held(office: Office) -> None:
    office.product.eventually(lambda: not plans(office, "held") or office.restless())


def approve_all(office: Office) -> list[Finding]:
    """Approve what is held by now; what is still to be done afterwards."""
    for plan in plans(office, "held"):
        path = f"plans/{plan['plan_id']}/approve"
        answer = office.product.ask("POST", path, json={"hash": plan["hash"]})
        assert answer.status_code in {200, 202}, answer.text
    return office.unsettled()


def test_removals_beyond_the_guard_wait_until_they_are_approved(
    install: Install,
) -> None:
    office = install()
    guard(office)
    before = userids(office)

    shrink(office)
    await_held(office)
    held = userids(office)
    office.product.eventually(lambda: approve_all(office))

    assert held == before
    assert plans(office, "approved")
    assert userids(office) < before


def test_rejected_removals_are_not_proposed_again(install: Install) -> None:
    office = install()
    guard(office)
    before = userids(office)
    shrink(office)
    await_held(office)

    for plan in plans(office, "held"):
        answer = office.product.ask("POST", f"plans/{plan['plan_id']}/reject")
        assert answer.status_code == 200, answer.text
    office.resync()

    assert plans(office, "held") == []
    assert userids(office) == before
    office.act("set-scope", allow_party=[ROOT])
    office.await_in_step()


def test_people_who_are_back_before_anybody_decides_are_not_removed(
    install: Install,
) -> None:
    office = install()
    guard(office)
    lines = office.decisions()
    shrink(office)
    await_held(office)

    office.act("set-scope", allow_party=[ROOT])

    office.await_in_step()
    office.product.eventually(lambda: plans(office, "held"))
    assert "RemoveMember" not in office.decisions()[len(lines) :]


def test_few_removals_pass_without_asking(install: Install) -> None:
    office = install()
    guard(office)

    for person in office.people()[:2]:
        office.act("leave", userid=person["userid"])

    office.await_in_step()
    assert plans(office, "held") == []
