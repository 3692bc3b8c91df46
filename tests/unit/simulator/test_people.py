"""The made-up company."""

from simulator.org.corp import Corp, Minter
from simulator.org.people import furnish


def made(*, seed: int, members: int = 200, departments: int = 40) -> Corp:
    corp = Corp(corp_id="wpX", name="星河", minter=Minter(seed))
    furnish(corp, members=members, departments=departments)
    return corp


def test_the_same_seed_makes_the_same_company() -> None:
    assert made(seed=3).now.members == made(seed=3).now.members
    assert made(seed=3).now.members.keys() != made(seed=4).now.members.keys()


def test_the_size_is_what_was_asked_for() -> None:
    corp = made(seed=1, members=1500, departments=300)

    assert len(corp.now.members) == 1500
    assert len(corp.now.departments) == 301


def test_some_department_ids_do_not_fit_31_bits() -> None:
    assert max(made(seed=1).now.departments) >= 2**31


def test_some_userids_differ_by_case_alone() -> None:
    userids = made(seed=1).now.members.keys()

    assert len({one.lower() for one in userids}) < len(userids)


def test_every_department_leads_up_to_the_root() -> None:
    corp = made(seed=1, departments=200)

    assert corp.now.subtree([1]) == set(corp.now.departments)
