"""Every act of the console by keys alone: reached, done, and its outcome said.

Where one stands afterwards is the sentence that says what came of it: a reader reads it
out, whoever sees is shown it, and Tab goes on from there.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, Page, expect

from store.intake import refused
from store.intake.refused import RefusedCallback
from tests.support.alarms import tell_worker
from tests.support.console.looking import tab_to
from tests.support.console.pages import context_for, speak
from tests.support.console.populated import Night, night
from tests.support.console.three_ways import HOOK
from tests.support.webclient import insert
from texts.catalogue import catalogue
from wecom.forensics import RefusalCause

SUBJECT = "5" * 64
# What no key does by itself: they lead to a page that one acts on.
OWN = {"open_session", "close_session"}
# A file comes down; an answer comes in place: each has a test of its own.
OTHERWISE = {"export_list", "preview_person"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ByKeys:
    """How an act is done without a mouse.

    Shape: `opens` is what unfolds its form, `action` its button; `says` the key of the
        sentence that stands on the page afterwards.
    """

    path: str
    action: str
    says: str
    opens: str = ""
    gives_reason: bool = True
    picks: str = ""
    form: str = ""


ACTS = {
    "pause_corp": ByKeys(
        path="/console/corps/wwcorp",
        opens=".acts summary",
        action="pause",
        says="acted.pause",
    ),
    "resume_corp": ByKeys(
        path="/console/corps/wwpaused", action="resume", says="acted.resume"
    ),
    "resync_corp": ByKeys(
        path="/console/corps/wwcorp",
        action="resync",
        says="acted.resync",
        gives_reason=False,
    ),
    "plan_corp": ByKeys(
        path="/console/corps/wwcorp",
        action="plan",
        says="acted.plan",
        gives_reason=False,
    ),
    "approve_plan": ByKeys(
        path="/console/plans/plan-c", action="approve", says="acted.approve"
    ),
    "reject_plan": ByKeys(
        path="/console/plans/plan-a", action="reject", says="acted.reject"
    ),
    "retry_event": ByKeys(
        path="/console/events/{event_id}", action="retry", says="acted.retry"
    ),
    "discard_event": ByKeys(
        path="/console/events/{failed_id}",
        opens="details[data-key=discard] summary",
        action="discard",
        says="acted.discard",
    ),
    "retry_matching": ByKeys(
        path="/console/events?q=state:failed",
        action="retry-matching",
        says="acted.count_batch",
        gives_reason=False,
    ),
    "start_batch": ByKeys(
        path="/console/events/batches/batch-1",
        action="start",
        says="acted.start_batch",
    ),
    "stop_batch": ByKeys(
        path="/console/events/batches/batch-2",
        action="stop",
        says="acted.stop_batch",
        gives_reason=False,
    ),
    "rebuild_bell": ByKeys(
        path="/console/queues",
        opens="details[data-key=rebuild] summary",
        action="rebuild",
        says="acted.rebuild",
    ),
    "drain_worker": ByKeys(
        path="/console/queues",
        opens="details[data-key=drain] summary",
        action="drain",
        says="acted.drain_worker",
    ),
    "resume_worker": ByKeys(
        path="/console/queues",
        action="resume",
        says="acted.resume_worker",
        gives_reason=False,
    ),
    "resync_person": ByKeys(
        path="/console/corps/wwcorp/people/fang",
        action="resync",
        says="acted.resync_person",
        gives_reason=False,
    ),
    "reveal_contact": ByKeys(
        path="/console/corps/wwcorp/people/fang",
        opens="#contact summary",
        action="reveal",
        says="acted.reveal",
    ),
    "set_role": ByKeys(
        path="/console/operators",
        opens="tr[data-operator=li] summary",
        form="form[action$='/li/role']",
        action="confirm",
        says="acted.set_role",
    ),
    "end_sessions": ByKeys(
        path="/console/operators",
        opens="tr[data-operator=li] summary",
        form="form[action$='/li/stop']",
        action="stop",
        says="acted.end_sessions",
    ),
    "end_guest_sessions": ByKeys(
        path="/console/operators",
        opens="tr[data-operator='oidc:guest'] summary",
        form="form[action$='/guests/stop']",
        action="stop",
        says="acted.end_sessions",
    ),
    "test_channels": ByKeys(
        path="/console/alerts", action="test", says="acted.test", gives_reason=False
    ),
    "choose_kinds": ByKeys(
        path="/console/alerts",
        picks="input[name=kind]",
        action="confirm",
        says="acted.choose_alerts",
    ),
}


@pytest.fixture(scope="module")
def at_night(module_database: str, redis_server_url: str) -> Iterator[Night]:
    with night(database=module_database, redis_url=redis_server_url, **HOOK) as place:
        _more(place)
        yield place


def _more(place: Night) -> None:
    """Of everything that is acted on once, one more."""
    rows = place.rows
    rows.execute(
        "INSERT INTO plans (corp_pk, plan_id, kind, hash)"
        " SELECT corp_pk, 'plan-c', kind, hash FROM plans WHERE plan_id = 'plan-a'"
    )
    rows.execute(
        "INSERT INTO plan_entries (plan_id, position, corp_pk, key, decision, before,"
        " after, reason) SELECT 'plan-c', 1, corp_pk, 'member:fang', decision, before,"
        " after, reason FROM plan_entries WHERE plan_id = 'plan-a' AND position = 1"
    )
    rows.execute(
        "INSERT INTO retry_batches (batch_id, made_by, query, wanted, matching,"
        " mailboxes, keys, per_minute, up_to_id) SELECT 'batch-2', made_by, query,"
        " wanted, matching, mailboxes, keys, per_minute, up_to_id FROM retry_batches"
    )
    insert(
        rows,
        "operator_sessions",
        session_hash=b"g" * 32,
        provider_subject=SUBJECT,
        provider_name="guest",
        provider_role="viewer",
    )
    insert(rows, "operator_sessions", session_hash=b"l" * 32, operator_name="li")
    services = place.live.visit.web.app.extensions["sync-services"]
    for number in range(2):
        refused.keep(
            services.redis,
            services.keyring,
            RefusedCallback(
                refused_id=f"refused-{number}",
                at=datetime.now(UTC),
                path="/wecom/command",
                method="POST",
                status=403,
                reason="signature",
                query="msg_signature=x&timestamp=1&nonce=2",
                body="",
            ),
            fault=RefusalCause.TOKEN,
        )


@pytest.fixture
def page(browser: Browser, at_night: Night) -> Iterator[Page]:
    context = context_for(browser, at_night)
    yield context.new_page()
    context.close()


def a_failed_event(place: Night) -> int:
    """Another event than the one that is retried."""
    row = place.rows.execute(
        "SELECT min(event_id) FROM inbox WHERE state = 'failed'"
    ).fetchone()
    return int(row[0])


def outcome_is_said(page: Page, language: str, key: str) -> None:
    """The sentence stands there, has the focus, shows it, and a reader says it."""
    outcome = page.locator("#outcome")
    expect(outcome).to_be_focused()
    expect(outcome).to_have_attribute("role", "status")
    said = catalogue(language)[key].partition("{")[0]
    expect(outcome).to_contain_text(said)
    box = outcome.bounding_box()
    assert box is not None
    # In sight, without a scroll.
    assert 0 <= box["y"] < 900


def test_every_form_of_the_console_is_sent_by_keys_here(at_night: Night) -> None:
    posts = {
        rule.endpoint.removeprefix("console.")
        for rule in at_night.live.visit.web.app.url_map.iter_rules()
        if rule.rule.startswith("/console") and "POST" in (rule.methods or set())
    }

    assert posts - OWN - OTHERWISE == ACTS.keys()


@pytest.mark.parametrize("name", list(ACTS))
def test_an_act_is_done_by_keys_and_says_what_came_of_it(
    at_night: Night, page: Page, name: str
) -> None:
    act = ACTS[name]
    language = ("en", "zh-CN")[list(ACTS).index(name) % 2]
    speak(page, at_night, language)
    redis = at_night.live.visit.web.app.extensions["sync-services"].redis
    tell_worker(redis)
    if name == "resume_worker":
        redis.hset("workers:drained", "alive-1", "1")
    page.goto(act.path.format(**at_night.names, failed_id=a_failed_event(at_night)))
    form = act.form or f"form:has([data-action={act.action}])"

    if act.opens:
        tab_to(page, act.opens)
        page.keyboard.press("Enter")
    if act.picks:
        tab_to(page, act.picks)
        page.keyboard.press("Space")
    if act.gives_reason:
        tab_to(page, f"{form} input[name=reason]")
        page.keyboard.type("why")
    tab_to(page, f"{form} button[type=submit]")
    page.keyboard.press("Enter")
    page.wait_for_url("**done=**")

    outcome_is_said(page, language, act.says)
    page.keyboard.press("Tab")
    # From there on to what the page holds, not back to the top.
    assert page.evaluate("document.activeElement.closest('main') !== null")


def test_a_list_is_taken_along_by_keys(at_night: Night, page: Page) -> None:
    speak(page, at_night, "en")
    page.goto("/console/corps")
    tab_to(page, "details[data-key=export] summary")
    page.keyboard.press("Enter")
    tab_to(page, "details[data-key=export] input[name=reason]")
    page.keyboard.type("for the auditors")
    tab_to(page, "[data-action=export-json]")

    with page.expect_download() as taken:
        page.keyboard.press("Enter")

    assert taken.value.suggested_filename == "corps.json"


def test_what_a_sync_of_one_person_would_do_is_asked_by_keys(
    at_night: Night, page: Page
) -> None:
    speak(page, at_night, "en")
    page.goto("/console/corps/wwcorp/people/user-2")
    tab_to(page, "[data-action=preview]")

    page.keyboard.press("Enter")

    page.wait_for_url("**done=preview**#preview")
    # In sight, and said: nobody has answered yet.
    expect(page.locator("#preview [role=status]")).to_be_in_viewport()


def test_a_zone_is_chosen_by_keys(at_night: Night, page: Page) -> None:
    speak(page, at_night, "zh-CN")
    page.goto("/console/queues")
    tab_to(page, "details.zone summary")
    page.keyboard.press("Enter")
    tab_to(page, "details.zone input[name=name]")
    page.keyboard.press("Control+a")
    page.keyboard.type("America/New_York")

    page.keyboard.press("Enter")

    expect(page.locator("main")).to_have_attribute("data-zone", "America/New_York")


def test_refused_callbacks_are_verified_again_by_keys(
    at_night: Night, page: Page
) -> None:
    speak(page, at_night, "zh-CN")
    page.goto("/console/refused")
    tab_to(page, "[data-action=verify]")

    page.keyboard.press("Enter")

    page.wait_for_url("**done=verify**")
    outcome_is_said(page, "zh-CN", "verified_again.other")


@pytest.mark.parametrize(
    ("typed", "place"),
    [("queues", "queues"), ("审计", "audit"), ("Alerts", "alerts"), ("企业", "corps")],
)
def test_control_k_goes_to_a_place_by_its_name(
    at_night: Night, page: Page, typed: str, place: str
) -> None:
    speak(page, at_night, "en")
    page.goto("/console/")

    page.keyboard.press("Control+k")
    page.keyboard.type(typed)
    page.keyboard.press("Enter")

    page.wait_for_url(f"**/console/{place}")
    here = page.locator("nav.places [aria-current=page]")
    expect(here).to_have_attribute("data-place", place)


def test_somebody_leaves_by_keys_and_is_told_so(at_night: Night, page: Page) -> None:
    # The last of this module: whoever comes afterwards is not signed in any more.
    speak(page, at_night, "en")
    page.goto("/console/queues")
    tab_to(page, "[data-action=sign-out]")

    page.keyboard.press("Enter")

    page.wait_for_url("**/console/sign-in?out=1")
    expect(page.locator("#out")).to_have_text(catalogue("en")["sign_in_out"])
    expect(page.locator("#token")).to_be_focused()
    expect(page.locator("#token")).to_have_attribute("aria-describedby", "out")
