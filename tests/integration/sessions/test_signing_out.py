"""Whoever is a member and an operator in one browser is signed in as each apart."""

import pytest

from tests.support.people.visiting import WECOM, Visit, csrf_of
from tests.support.webclient import API_TOKEN, add_corp, add_member


@pytest.fixture(autouse=True)
def zhang(visit: Visit) -> None:
    """A member who is signed in."""
    add_member(visit.web.rows, add_corp(visit.web.rows, "wwcorp"), "zhang")
    visit.sign_in("wwcorp", "zhang")


def as_operator(visit: Visit) -> None:
    """Sign an operator in, in the same browser."""
    token = csrf_of(visit.client.get("/console/sign-in").text)
    form = {"token": API_TOKEN, "csrf_token": token}
    assert visit.client.post("/console/sign-in", data=form).status_code == 303


def standing(visit: Visit) -> dict[str, int]:
    """What the operator's and the member's pages answer to this browser."""
    return {
        page: visit.client.get(page, headers=WECOM).status_code
        for page in ("/console/", "/me")
    }


@pytest.mark.parametrize(
    ("way_out", "left"),
    [
        ("/console/sign-out", {"/console/": 303, "/me": 200}),
        ("/me/sign-out", {"/console/": 200, "/me": 303}),
    ],
)
def test_an_operator_and_a_member_sign_out_apart(
    visit: Visit, way_out: str, left: dict[str, int]
) -> None:
    as_operator(visit)
    assert standing(visit) == {"/console/": 200, "/me": 200}

    token = csrf_of(visit.client.get("/me").text)
    visit.client.post(way_out, data={"csrf_token": token})

    assert standing(visit) == left


def test_a_form_shown_before_an_operator_signed_in_does_nothing(visit: Visit) -> None:
    token = csrf_of(visit.client.get("/me").text)
    as_operator(visit)

    answer = visit.client.post("/console/sign-out", data={"csrf_token": token})

    assert answer.status_code == 400
