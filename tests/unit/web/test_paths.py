"""Only pages of ours are gone to after a detour."""

from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from web.http.paths import local_path

HERE = "https://sync.example/login/done"


@pytest.mark.parametrize("path", ["/", "/me", "/link/a-b_c?x=1&y=%2F", "/a//b", "/:x"])
def test_a_page_of_ours_may_be_gone_to(path: str) -> None:
    assert local_path(path) == path


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "me",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\/evil.example",
        "https://evil.example/me",
        "javascript:alert(1)",
        "/me\nSet-Cookie: a=b",
        "/\t/evil.example",
        " /me",
        "/" + "a" * 2000,
    ],
)
def test_nothing_else_may(text: str | None) -> None:
    assert local_path(text) is None


@given(st.text(alphabet="/\\:@?#.\t\n ae%", max_size=12))
def test_whatever_may_be_gone_to_is_on_this_host(text: str) -> None:
    found = local_path(text)

    # Browsers read a backslash as a slash and drop tabs and line ends.
    if found is not None:
        read = found.replace("\\", "/").translate({9: None, 10: None, 13: None})
        assert urlsplit(urljoin(HERE, read)).netloc == "sync.example"
