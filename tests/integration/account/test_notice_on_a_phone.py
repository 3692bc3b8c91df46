"""The notice's page in a real browser, as wide as a phone and without scripts."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Locator, Page, ViewportSize
from werkzeug.serving import make_server

from tests.support.people.linking_rows import (
    TOKEN,
    Member,
    add_account,
    add_link,
    add_notice,
    add_signed_in,
    claims,
    decide,
)
from tests.support.people.visiting import Visit, open_visit
from tests.support.webclient import cookies_of

PHONE: ViewportSize = {"width": 390, "height": 844}
# A finger needs about nine millimetres.
FINGER_PIXELS = 44


@pytest.fixture
def visit(database: str, redis_url: str) -> Iterator[Visit]:
    with open_visit(database=database, redis_url=redis_url) as visit:
        yield visit


@pytest.fixture
def member(visit: Visit) -> Member:
    """A member with a long name, who was asked which account is theirs."""
    member = add_signed_in(visit, name="A-very-long-name-of-somebody-" * 3)
    add_account(visit)
    add_link(visit, member, "pending")
    add_notice(visit, member)
    return member


@contextmanager
def phone(visit: Visit, browser: Browser, language: str) -> Iterator[tuple[Page, str]]:
    """The member's phone, signed in already, and where the web is."""
    server = make_server("127.0.0.1", 0, visit.web.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    base = f"http://127.0.0.1:{server.server_port}"
    context = browser.new_context(
        locale=language, viewport=PHONE, has_touch=True, java_script_enabled=False
    )
    for name, value in cookies_of(visit.client).items():
        context.add_cookies([{"name": name, "value": value, "url": base}])
    try:
        yield context.new_page(), base
    finally:
        context.close()
        server.shutdown()
        thread.join()
        server.server_close()


def height_of(control: Locator) -> float:
    box = control.bounding_box()
    assert box is not None
    return box["height"]


def link_to_new_account(visit: Visit) -> None:
    """What a worker makes of the member's wish."""
    decide(visit)
    visit.web.rows.execute(
        "UPDATE links SET state = 'linked', asks = NULL, reason = 'own_wish',"
        " account_id = (SELECT account_id FROM accounts)"
    )


@pytest.mark.parametrize(
    ("language", "question", "done"),
    [
        ("zh-CN", "哪个 TAPD 帐号是你的？", "完成：你的 TAPD 帐号已关联"),
        ("en-GB", "Which TAPD account is yours?", "Done: your TAPD account is linked"),
    ],
)
@pytest.mark.usefixtures("member")
def test_a_finger_gets_from_the_question_to_the_answer(
    visit: Visit, browser: Browser, language: str, question: str, done: str
) -> None:
    with phone(visit, browser, language) as (page, base):
        page.goto(f"{base}/link/{TOKEN}")
        asked = page.locator("h1").inner_text()
        controls = page.locator("[data-action]").all()
        heights = [height_of(each) for each in controls]
        widest = page.evaluate("document.documentElement.scrollWidth")
        page.locator("[data-action=create-account]").tap()
        waiting = page.locator("[role=status]").inner_text()
        link_to_new_account(visit)
        # Nobody touches it: the page looks again by itself.
        page.get_by_role("heading", name=re.compile(re.escape(done))).wait_for()
        page.go_back()
        after_back = page.locator("h1").inner_text()

    assert asked == question
    assert waiting != ""
    assert min(heights) >= FINGER_PIXELS
    assert widest <= PHONE["width"]
    assert after_back == done
    assert claims(visit) == [("create", None, "member")]
