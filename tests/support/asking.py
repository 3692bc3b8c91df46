"""What an operator reads on a page, in each language, and where its links lead."""

import re
from html import unescape

from tests.support.desk import Desk, words_in

LANGUAGES = ("en", "zh-CN")


def answers(desk: Desk, path: str, *, en: str, zh: str) -> None:
    """The page says this in English and that in Chinese, as patterns."""
    for language, wanted in zip(LANGUAGES, (en, zh), strict=True):
        said = words_in(desk.page(path, language=language))
        assert re.search(wanted, said), f"{wanted!r} is not in {said!r}"


def leads_to(desk: Desk, path: str, address: str) -> None:
    """A link of the page leads there, and there is a page."""
    links = [unescape(each) for each in re.findall(r'href="([^"]*)"', desk.page(path))]
    assert address in links, links
    assert desk.get(address).status_code == 200
