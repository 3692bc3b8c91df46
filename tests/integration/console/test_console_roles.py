"""Every route of the console asks for a role, and shows nobody what they may not do."""

import re
from collections.abc import Iterator

import pytest
from werkzeug.routing import Rule

from domain.roles import Role
from tests.support.console.desk import Desk, as_role, csrf_in, marks_in, open_desk
from tests.support.driving import address_of
from tests.support.webclient import add_corp, add_event, add_member, insert
from web.access import Audience, audience_of

ADMINS_ALONE = {
    "console.list_operators",
    "console.set_role",
    "console.end_sessions",
    "console.end_guest_sessions",
}
# Whoever is signed in may look, choose how it looks, and go.
VIEWERS_POST = {"console.close_session"}
NAMES = {
    "corp_id": "wwcorp",
    "userid": "zhang",
    "plan_id": "plan-a",
    "name": "li",
    "event_id": "1",
    "filename": "operators.css",
}


@pytest.fixture
def desk(database: str, redis_url: str) -> Iterator[Desk]:
    """A console with one of everything that can be acted on."""
    with open_desk(database=database, redis_url=redis_url) as desk:
        corp_pk = add_corp(desk.rows, "wwcorp")
        add_member(desk.rows, corp_pk, "zhang", details={"mobile": "13800005678"})
        add_event(desk.rows, "corp:wwcorp", "failed", error="errcode 60011: x")
        insert(
            desk.rows,
            "plans",
            corp_pk=corp_pk,
            plan_id="plan-a",
            kind="members",
            hash="h",
        )
        insert(
            desk.rows,
            "plan_entries",
            plan_id="plan-a",
            position=0,
            corp_pk=corp_pk,
            key="member:zhang",
            decision="RemoveMember",
            before={},
            after={},
            reason="out_of_scope",
        )
        yield desk


def routes(desk: Desk) -> list[tuple[Rule, str]]:
    """Every route of operators with each of its methods."""
    found = [
        (rule, method)
        for rule in desk.web.app.url_map.iter_rules()
        if audience_of(desk.web.app, rule.endpoint) is Audience.OPERATOR
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
    ]
    assert len(found) > 25
    return found


def is_refused_by_role(desk: Desk, rule: Rule, method: str) -> bool:
    answer = desk.web.client.open(
        address_of(rule, NAMES),
        method=method,
        data={"csrf_token": csrf_in(desk.page("/console/"))},
        headers={"Accept-Language": "en"},
    )
    if rule.endpoint in VIEWERS_POST:
        return answer.status_code == 403
    assert answer.location is None or "/sign-in" not in answer.location, rule.endpoint
    return answer.status_code == 403 and "This needs the role" in answer.text


@pytest.mark.parametrize("role", list(Role))
def test_every_route_asks_for_the_role_it_needs(desk: Desk, role: Role) -> None:
    somebody = as_role(desk.web, role, name="li")

    refused = {
        (rule.endpoint, method)
        for rule, method in routes(desk)
        if rule.endpoint not in VIEWERS_POST
        and is_refused_by_role(somebody, rule, method)
        # Ends the sessions that this test looks with.
        and rule.endpoint != "console.end_sessions"
    }

    all_routes = {(rule.endpoint, method) for rule, method in routes(desk)}
    admins = {each for each in all_routes if each[0] in ADMINS_ALONE}
    acting = {each for each in all_routes if each[1] != "GET"} - {
        (endpoint, "POST") for endpoint in VIEWERS_POST
    }
    expected = {
        Role.VIEWER: acting | admins,
        Role.OPERATOR: admins,
        Role.ADMIN: set(),
    }[role]
    assert refused == {each for each in expected if each[0] != "console.end_sessions"}


def test_a_viewer_is_refused_before_anything_of_the_form_is_read(desk: Desk) -> None:
    viewer = as_role(desk.web, Role.VIEWER, name="li")

    answer = viewer.post("/console/plans/plan-a/approve", reason="x", hash="h")

    assert answer.status_code == 403
    assert desk.rows.execute("SELECT state FROM plans").fetchall() == [("held",)]
    assert desk.rows.execute("SELECT count(*) FROM audit").fetchone() == (0,)


def test_viewers_see_no_control_that_acts(desk: Desk) -> None:
    viewer = as_role(desk.web, Role.VIEWER, name="li")
    operator = as_role(desk.web, Role.OPERATOR, name="wang")
    harmless = {
        "theme-light",
        "theme-dark",
        "theme-system",
        "sign-out",
        "continue",
        "zone",
    }
    seen: set[str] = set()

    for rule, method in routes(desk):
        if method != "GET" or rule.endpoint in ADMINS_ALONE:
            continue
        path = address_of(rule, NAMES)
        shown = viewer.get(path)
        if shown.mimetype != "text/html" or shown.status_code != 200:
            continue
        assert set(marks_in(shown.text, "action")) <= harmless, path
        forms = re.findall(r'<form[^>]*method="post"[^>]*action="([^"]*)"', shown.text)
        assert forms == ["/console/sign-out"], path
        seen |= set(marks_in(operator.page(path), "action"))

    assert {"approve", "retry", "pause", "resync", "reveal", "rebuild"} <= seen


def test_a_company_page_shows_a_viewer_nothing_to_act_with(desk: Desk) -> None:
    viewer = as_role(desk.web, Role.VIEWER, name="li")
    path = "/company/wwcorp/"

    page = viewer.page(path)
    sent = viewer.post("/company/wwcorp/invitations", form="f", whom="page")

    assert 'action="/company/wwcorp/invitations"' not in page
    assert sent.status_code == 403
    assert viewer.get("/company/wwcorp/people/zhang/desk").status_code == 403
    assert viewer.get("/company/wwcorp/people/zhang/unlink").status_code == 403


def test_a_role_that_is_taken_away_ends_at_once(desk: Desk) -> None:
    operator = as_role(desk.web, Role.OPERATOR, name="li")
    before = operator.post("/console/queues/rebuild", reason="x")

    changed = desk.post("/console/operators/li/role", role="viewer", reason="left us")
    after = operator.post("/console/queues/rebuild", reason="x")

    assert (before.status_code, changed.status_code) == (303, 303)
    assert after.status_code == 403


def test_only_admins_see_who_may_do_what(desk: Desk) -> None:
    operator = as_role(desk.web, Role.OPERATOR, name="li")

    assert operator.get("/console/operators").status_code == 403
    assert marks_in(desk.page("/console/operators"), "operator") == ["li"]


def test_an_operator_who_is_signed_out_by_an_admin_is_out(desk: Desk) -> None:
    operator = as_role(desk.web, Role.OPERATOR, name="li")

    desk.post("/console/operators/li/stop", reason="laptop was stolen")

    assert operator.get("/console/").status_code == 303


def test_contacts_are_masked_until_a_reason_is_given_and_that_is_kept(
    desk: Desk,
) -> None:
    path = "/console/corps/wwcorp/people/zhang"
    other = as_role(desk.web, Role.OPERATOR, name="wang")
    masked = desk.page(path)

    without = desk.post("/console/corps/wwcorp/reveal", userid="zhang", reason=" ")
    given = desk.post("/console/corps/wwcorp/reveal", userid="zhang", reason="call her")

    assert "13800005678" not in masked
    assert (without.status_code, given.status_code) == (400, 303)
    assert "13800005678" in desk.page(path)
    assert "13800005678" not in other.page(path)
    kept = desk.rows.execute("SELECT act, target, reason, after FROM audit").fetchall()
    assert [row[:3] for row in kept] == [("reveal", "member:zhang", "call her")]
    assert "13800005678" not in str(kept)


def test_what_was_revealed_is_masked_again_after_five_minutes(desk: Desk) -> None:
    path = "/console/corps/wwcorp/people/zhang"
    desk.post("/console/corps/wwcorp/reveal", userid="zhang", reason="call her")
    redis = desk.web.app.extensions["sync-services"].redis
    [key] = redis.keys("reveal:*")
    lasts = redis.ttl(key)

    redis.expire(key, 0)

    assert 290 < lasts <= 300
    assert "13800005678" not in desk.page(path)
