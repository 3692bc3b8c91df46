"""Where an install cannot go on: the page says why, and nothing was changed."""

from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from simulator.admin import admin_app
from simulator.faults import Kind
from simulator.org.grant import Grant
from tests.support.people.installing import COMPANY, WHOLE
from tests.support.people.walking import Walk, intent_of, path_of, says, untouched
from workers.installs import company


def test_an_address_that_was_changed_leads_nowhere(walk: Walk) -> None:
    url = path_of(intent_of(walk))

    pages = [walk.open("/install"), walk.open(url[:-3]), walk.open("/install?intent=x")]

    assert [page.status for page in pages] == [404, 404, 404]
    assert all(says(page, "install.stop.forged.title") for page in pages)


def test_an_intent_expires_after_20_minutes(walk: Walk) -> None:
    url = path_of(intent_of(walk))
    opened = walk.open(url)
    walk.bench.rows("UPDATE install_intents SET expires_at = clock_timestamp()")

    page = walk.browser.act(opened, "confirm")

    assert page.status == walk.open(url).status == 410
    assert says(page, "install.stop.expired.title")
    assert untouched(walk)


def test_an_install_that_comes_back_too_late_changes_nothing(walk: Walk) -> None:
    enterprise = walk.bench.found()
    at_wecom = walk.browser.act(walk.open(path_of(intent_of(walk))), "confirm")
    walk.bench.rows(
        "UPDATE install_intents SET expires_at = clock_timestamp(),"
        " confirmed_at = confirmed_at - interval '21 minutes'"
    )

    page = walk.browser.act(at_wecom, "authorise", corp_id=enterprise.corp_id)

    assert page.status == 410
    assert walk.bench.rows("SELECT 1 FROM inbox WHERE kind = 'auth_code'") == []


def test_an_intent_belongs_to_the_browser_that_confirmed_it_first(
    walk: Walk,
) -> None:
    url = path_of(intent_of(walk))
    page = walk.open(url)
    other = walk.someone_else()
    seen_before = other.open(url)
    walk.browser.act(page, "confirm")

    confirmed_later = other.browser.act(seen_before, "confirm")
    opened_later = other.open(url)

    assert (confirmed_later.status, opened_later.status) == (403, 403)
    assert says(opened_later, "install.stop.other_browser.title")
    assert walk.open(url).status == 200


@pytest.mark.parametrize("method", ["HEAD", "GET"])
def test_a_program_that_previews_the_link_does_not_take_it(
    walk: Walk, method: str
) -> None:
    url = intent_of(walk)

    previewed = requests.request(method, url, timeout=10)

    assert previewed.status_code == 200
    at_wecom = walk.browser.act(walk.open(path_of(url)), "confirm")
    assert "/3rdapp/install" in at_wecom.url


def test_an_install_that_comes_back_to_another_browser_changes_nothing(
    walk: Walk,
) -> None:
    enterprise = walk.bench.found()
    at_wecom = walk.browser.act(walk.open(path_of(intent_of(walk))), "confirm")
    state = parse_qs(urlsplit(at_wecom.url).query)["state"][0]
    code = admin_app.install_by_redirect(
        walk.bench.world, enterprise, grant=Grant(scope=WHOLE), state=state
    )

    page = walk.someone_else().open(f"/install/done?auth_code={code}&state={state}")

    assert page.status == 403
    walk.work()
    assert untouched(walk)


def test_a_used_intent_is_told_so_and_shows_what_came_of_it(walk: Walk) -> None:
    enterprise = walk.bench.found()
    url = path_of(intent_of(walk))
    opened = walk.open(url)
    back = walk.install(opened, enterprise)
    walk.work()

    again = walk.open(url)
    sent_again = walk.browser.act(opened, "confirm")

    assert again.status == sent_again.status == 410
    assert says(again, "install.stop.used.title")
    assert walk.browser.act(again, "continue").url == back.url


def test_another_code_for_a_used_intent_is_refused(walk: Walk) -> None:
    enterprise, other = walk.bench.found(), walk.bench.found()
    back = walk.install(walk.open(path_of(intent_of(walk))), enterprise)
    code = admin_app.install_by_redirect(
        walk.bench.world, other, grant=Grant(scope=WHOLE)
    )

    page = walk.browser.open(f"{back.url}&auth_code={code}")

    assert page.status == 409
    assert says(page, "install.stop.other_code.title")


def test_without_permission_nothing_happens_and_one_can_try_again(walk: Walk) -> None:
    enterprise = walk.bench.found()
    at_wecom = walk.browser.act(walk.open(path_of(intent_of(walk))), "confirm")

    refused = walk.browser.act(at_wecom, "refuse")

    assert refused.status == 400
    assert says(refused, "install.stop.cancelled.title")
    assert untouched(walk)
    back = walk.install(walk.browser.act(refused, "continue"), enterprise)
    walk.work()
    assert enterprise.name in walk.browser.open(back.url).text


@pytest.mark.parametrize("query", ["", "?auth_code=c", "?auth_code=c&state=unknown"])
def test_an_install_that_nobody_began_here_is_not_taken(walk: Walk, query: str) -> None:
    page = walk.open(f"/install/done{query}")

    assert page.status == 400
    assert says(page, "install.stop.strange.title")
    assert walk.bench.rows("SELECT 1 FROM inbox WHERE kind = 'auth_code'") == []


def test_while_wecom_is_away_nobody_is_sent_there(walk: Walk) -> None:
    opened = walk.open(path_of(intent_of(walk)))
    walk.bench.misbehave(Kind.HTTP_500, match="service/get_pre_auth_code")

    page = walk.browser.act(opened, "confirm")

    assert page.status == 503
    assert says(page, "install.stop.away.title")


def test_a_code_that_wecom_calls_invalid_ends_on_a_page_that_says_so(
    walk: Walk,
) -> None:
    at_wecom = walk.browser.act(walk.open(path_of(intent_of(walk))), "confirm")
    state = parse_qs(urlsplit(at_wecom.url).query)["state"][0]

    page = walk.open(f"/install/done?auth_code={'x' * 80}&state={state}")
    walk.work()
    ended = walk.browser.open(page.url)

    assert says(ended, "install.reason.auth_code_spent.what")
    assert says(ended, "install.unchanged")
    assert untouched(walk)


def test_an_installer_outside_the_scope_is_let_in_and_checks_again(walk: Walk) -> None:
    enterprise = walk.bench.found()
    other = list(enterprise.now.members)[1]
    begun = walk.open(path_of(intent_of(walk)))
    back = walk.install(begun, enterprise, allow_party="", allow_user=other)
    walk.work()

    refused = walk.browser.open(back.url)
    admin_app.set_scope(walk.bench.world, enterprise, WHOLE, quiet=True)
    again = walk.browser.act(refused, "continue")
    walk.work()

    assert says(refused, "install.reason.installer_outside.do")
    assert says(refused, "install.unchanged")
    assert 'http-equiv="refresh"' in again.text
    assert walk.bench.corp(enterprise).company_id == COMPANY


def test_a_company_that_is_linked_already_ends_on_a_page_that_says_so(
    walk: Walk,
) -> None:
    first, second = walk.bench.found(), walk.bench.found()
    walk.install(walk.open(path_of(intent_of(walk))), first)
    walk.work()

    back = walk.install(walk.open(path_of(intent_of(walk))), second)
    walk.work()

    page = walk.browser.open(back.url)
    assert says(page, "install.reason.company_linked.what")
    assert walk.bench.corp(second).state == "authorised"
    assert walk.bench.corp(first).company_id == COMPANY


def test_a_corp_that_is_linked_already_ends_on_a_page_that_says_so(walk: Walk) -> None:
    enterprise = walk.bench.found()
    walk.install(walk.open(path_of(intent_of(walk))), enterprise)
    walk.work()
    enterprise.agent = None

    begun = walk.open(path_of(intent_of(walk, "tapd-2")))
    back = walk.install(begun, enterprise)
    walk.work()

    page = walk.browser.open(back.url)
    assert says(page, "install.reason.corp_linked.what")
    assert walk.bench.corp(enterprise).company_id == COMPANY


def test_an_installer_whom_wecom_does_not_name_signs_in(walk: Walk) -> None:
    enterprise = walk.bench.found()
    enterprise.tells_installer = False
    installer = next(iter(enterprise.now.members))
    back = walk.install(walk.open(path_of(intent_of(walk))), enterprise)
    walk.work()
    asked = walk.browser.open(back.url)
    walk.browser.session.cookies.set("member", f"{enterprise.corp_id}/{installer}")

    signed_in = walk.browser.act(asked, "continue")
    walk.work()

    assert says(asked, "install.stage.sign_in.title")
    assert signed_in.url.partition("#")[0] == back.url
    assert says(signed_in, "install.stage.link.title")
    assert 'http-equiv="refresh"' in signed_in.text
    assert walk.bench.corp(enterprise).company_id == COMPANY


def test_somebody_of_another_corp_is_told_that_they_are(walk: Walk) -> None:
    enterprise, other = walk.bench.found(), walk.bench.found()
    enterprise.tells_installer = False
    back = walk.install(walk.open(path_of(intent_of(walk))), enterprise)
    walk.work()
    stranger = f"{other.corp_id}/{next(iter(other.now.members))}"
    walk.browser.session.cookies.set("member", stranger)

    walk.browser.act(walk.browser.open(back.url), "continue")
    walk.work()

    page = walk.browser.open(back.url)
    assert says(page, "install.stage.sign_in.stranger")
    assert walk.bench.corp(enterprise).state == "authorised"


def test_nobody_signs_in_in_time(walk: Walk) -> None:
    enterprise = walk.bench.found()
    enterprise.tells_installer = False
    back = walk.install(walk.open(path_of(intent_of(walk))), enterprise)
    walk.work()
    walk.bench.rows(
        "UPDATE installs SET state = 'refused', reason = %s", company.INSTALLER_UNPROVEN
    )

    page = walk.browser.open(back.url)

    assert says(page, "install.reason.installer_unproven.what")
