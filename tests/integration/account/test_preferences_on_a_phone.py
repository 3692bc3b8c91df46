"""The members' pages about items in a real browser, as wide as a phone, no scripts."""

import pytest
from playwright.sync_api import Browser

from tests.integration.account.test_notice_on_a_phone import FINGER_PIXELS, PHONE, phone
from tests.support.people.linking_rows import add_linked, add_signed_in
from tests.support.people.visiting import Visit


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_each_choice_is_a_line_of_its_own_that_a_finger_finds(
    visit: Visit, browser: Browser, language: str
) -> None:
    add_linked(visit, add_signed_in(visit, name="A-very-long-name-" * 5))

    with phone(visit, browser, language) as (page, base):
        page.goto(f"{base}/me/preferences")
        boxes = page.locator("label:has(input[type=checkbox])").all()
        assert len(boxes) == 10
        for label in boxes:
            room = label.bounding_box()
            box = label.locator("input").bounding_box()
            assert room is not None
            assert box is not None
            assert room["height"] >= FINGER_PIXELS
            # The box stands before its words, not above them.
            assert box["x"] - room["x"] < FINGER_PIXELS / 4
            assert box["width"] < FINGER_PIXELS
        page.locator("label:has([value=bug])").click()
        page.locator("[data-action=confirm]").click()

        assert page.locator("[role=status]").count() == 1
        assert not page.locator("[value=bug]").is_checked()
        for path in ("/me/preferences", "/me/notices", "/me/apps", "/enter"):
            page.goto(base + path)
            assert page.evaluate("document.body.scrollWidth") <= PHONE["width"]
