"""A browser without a screen: it follows links and sends forms as they stand."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin

import requests

ANSWER_SECONDS = 30.0
# What a form sends only when somebody ticked or pressed it.
_CHOSEN = {"radio", "checkbox"}
_PRESSED = {"submit", "image", "button", "reset"}

Attributes = dict[str, str]


class NoSuchAction(Exception):
    """The page has no such control; the message shows what it has."""


@dataclass(slots=True, kw_only=True)
class Form:
    """A form and what it would send untouched."""

    action: str
    method: str
    fields: list[tuple[str, str]] = field(default_factory=list)

    def put(self, name: str, value: str) -> None:
        """Say something else in one field."""
        self.fields = [pair for pair in self.fields if pair[0] != name]
        self.fields.append((name, value))


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """Something to press: a link, or a button with the form it belongs to."""

    attributes: Attributes
    form: Form | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What a request ended at, after all redirects."""

    status: int
    url: str
    text: str

    @property
    def actions(self) -> dict[str, Control]:
        """The controls that carry a journey on, by their data-action."""
        reader = _Reader()
        reader.feed(self.text)
        return reader.controls


class Browser:
    """A person's browser, with its cookies; hosts alike in all but port share them."""

    def __init__(self) -> None:
        self.session = requests.Session()
        self.session.trust_env = False

    def close(self) -> None:
        """Let its connections go."""
        self.session.close()

    def open(self, url: str) -> Page:
        """A page by its address."""
        return self._seen(self.session.get(url, timeout=ANSWER_SECONDS))

    def act(self, page: Page, action: str, **filled: str) -> Page:
        """Where the control of that data-action leads, with some fields filled in.

        Raises: NoSuchAction.
        """
        control = page.actions.get(action)
        if control is None:
            raise NoSuchAction(
                f"{page.url} ({page.status}) offers {sorted(page.actions)}, "
                f"not {action}:\n{page.text}"
            )
        if control.form is None:
            return self.open(urljoin(page.url, control.attributes.get("href", "")))
        return self._send(page, control, control.form, filled)

    def _send(
        self, page: Page, control: Control, form: Form, filled: Mapping[str, str]
    ) -> Page:
        for name, value in filled.items():
            form.put(name, value)
        fields = list(form.fields)
        if name := control.attributes.get("name", ""):
            fields.append((name, control.attributes.get("value", "")))
        url = urljoin(page.url, control.attributes.get("formaction", form.action))
        told = {"Referer": page.url}
        if form.method == "POST":
            answer = self.session.post(
                url, data=fields, headers=told, timeout=ANSWER_SECONDS
            )
        else:
            answer = self.session.get(
                url, params=fields, headers=told, timeout=ANSWER_SECONDS
            )
        return self._seen(answer)

    def _seen(self, answer: requests.Response) -> Page:
        answer.encoding = "utf-8"
        return Page(status=answer.status_code, url=answer.url, text=answer.text)


class _Reader(HTMLParser):
    """Finds the controls of a page and what their forms would send."""

    def __init__(self) -> None:
        super().__init__()
        self.controls: dict[str, Control] = {}
        self._form: Form | None = None
        self._choice: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            method = given.get("method", "get").upper()
            self._form = Form(action=given.get("action", ""), method=method)
        if "data-action" in given:
            form = None if tag == "a" else self._form
            self.controls[given["data-action"]] = Control(attributes=given, form=form)
        if self._form is not None:
            self._read_field(self._form, tag, given)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        if tag == "select":
            self._choice = None

    def _read_field(self, form: Form, tag: str, given: Attributes) -> None:
        name, kind = given.get("name", ""), given.get("type", "text")
        if tag == "select":
            self._choice = name
        elif tag == "option" and self._choice:
            self._read_option(form, self._choice, given)
        elif tag == "input" and name and _is_sent(kind, given):
            unsaid = "on" if kind in _CHOSEN else ""
            form.fields.append((name, given.get("value", unsaid)))

    def _read_option(self, form: Form, name: str, given: Attributes) -> None:
        """The first option counts until a selected one comes."""
        value = given.get("value", "")
        if name not in dict(form.fields):
            form.fields.append((name, value))
        elif "selected" in given:
            form.put(name, value)


def _is_sent(kind: str, given: Attributes) -> bool:
    """Whether an input is part of a form that nobody has touched."""
    if kind in _CHOSEN:
        return "checked" in given
    return kind not in _PRESSED
