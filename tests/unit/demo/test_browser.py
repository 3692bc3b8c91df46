"""The screenless browser sends what a real one would."""

import json
from collections.abc import Iterator
from threading import Thread
from typing import Any

import pytest
from flask import Flask, redirect, request
from werkzeug.serving import make_server
from werkzeug.wrappers import Response

from demo.browser import Browser, NoSuchAction

FORM = """
<form method="post" action="/send?keep=1">
  <input type="hidden" name="csrf" value="t">
  <input name="word" value="old">
  <input type="radio" name="edition" value="a">
  <input type="radio" name="edition" value="b" checked>
  <input type="checkbox" name="tick" value="1">
  <select name="who"><option value="x">X</option><option value="y" selected>Y</option>
  </select>
  <button name="go" value="yes" data-action="confirm">Go</button>
  <button name="go" value="no" data-action="refuse">No</button>
</form>
<form><input name="other"><button data-action="elsewhere">E</button></form>
<a href="next?n=1" data-action="continue">On</a>
"""


@pytest.fixture
def address() -> Iterator[str]:
    app = Flask("site")

    @app.get("/place/form")
    def form() -> str:
        return FORM

    @app.post("/send")
    def send() -> dict[str, Any]:
        told = {name: request.form.getlist(name) for name in request.form}
        return {**told, "query": request.args.to_dict(), **request.cookies}

    @app.get("/place/next")
    def go_on() -> Response:
        answer = redirect("/end")
        answer.set_cookie("seen", request.args["n"])
        return answer

    @app.get("/end")
    def end() -> str:
        return "the end"

    server = make_server("127.0.0.1", 0, app)
    thread = Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def browser() -> Iterator[Browser]:
    browser = Browser()
    yield browser
    browser.close()


def test_a_button_sends_its_own_form_as_it_stands(
    address: str, browser: Browser
) -> None:
    page = browser.open(f"{address}/place/form")

    sent = browser.act(page, "confirm", word="new")

    assert json.loads(sent.text) == {
        "csrf": ["t"],
        "word": ["new"],
        "edition": ["b"],
        "who": ["y"],
        "go": ["yes"],
        "query": {"keep": "1"},
    }


def test_a_link_is_followed_and_cookies_are_kept(
    address: str, browser: Browser
) -> None:
    page = browser.open(f"{address}/place/form")

    end = browser.act(page, "continue")
    sent = browser.act(page, "refuse")

    assert (end.text, end.url) == ("the end", f"{address}/end")
    assert '"seen":"1"' in sent.text.replace(" ", "")


def test_a_missing_control_is_told_with_those_there_are(
    address: str, browser: Browser
) -> None:
    page = browser.open(f"{address}/place/form")

    with pytest.raises(NoSuchAction, match=r"confirm.*continue.*elsewhere"):
        browser.act(page, "no-such")
