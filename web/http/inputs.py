"""What is sent to us, read strictly: what cannot be kept is refused by name."""

import json
import re
from collections.abc import Iterator
from typing import Any, NoReturn
from urllib.parse import unquote_to_bytes

from flask import Flask, Request, request
from werkzeug.datastructures import MultiDict

from web.http.problems import Problem

# Deeper than anything that means something here, and far from where parsers give up.
DEEPEST = 32
_FORM = "application/x-www-form-urlencoded"
# What Werkzeug puts in the place of bytes that are no UTF-8.
_REPLACED = "\ufffd"
_SURROGATE = re.compile("[\ud800-\udfff]")


class StrictRequest(Request):
    """A request whose JSON is what it seems to be, or is refused where it is not."""

    def get_json(self, *_: Any, **__: Any) -> Any:
        """The body.

        Raises: Problem 422 that names the place.
        """
        if not self.is_json:
            _refuse_body("Content-Type must be application/json")
        value = _parsed(self.get_data())
        if isinstance(value, str):
            _refuse_body("is a text, not an object or a list")
        _check_json(value, "body", depth=1)
        return value


def guard(app: Flask) -> None:
    """Read every request strictly."""
    app.request_class = StrictRequest
    app.before_request(_check_address)
    app.before_request(_check_form)


def _check_address() -> None:
    if _REPLACED in request.path:
        raise Problem(400, "the path: is not UTF-8.")
    _check_text(request.path, "the path")
    _check_bytes(unquote_to_bytes(request.query_string), "the query")
    _check_fields(request.args, "the query")


def _check_form() -> None:
    if request.mimetype == _FORM:
        body = request.get_data(cache=True)
        _check_bytes(unquote_to_bytes(body.replace(b"+", b" ")), "the form")
    if request.form:
        _check_fields(request.form, "the form")


def _check_bytes(raw: bytes, where: str) -> None:
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        raise Problem(400, f"{where}: is not UTF-8.") from error


def _check_fields(fields: MultiDict[str, str], where: str) -> None:
    for name, text in fields.items(multi=True):
        _check_text(name, f"{where}: a name")
        _check_text(text, name)


def _check_text(text: str, where: str) -> None:
    fault = fault_of(text)
    if fault is not None:
        raise Problem(400, f"{where}: {fault}.")


def fault_of(text: str) -> str | None:
    """Why a text cannot be kept; None when it can."""
    if "\0" in text:
        return "holds a NUL character"
    if _SURROGATE.search(text):
        return "holds half a surrogate pair"
    return None


def _parsed(body: bytes) -> Any:
    if not body.strip():
        _refuse_body("is missing")
    try:
        return json.loads(body.decode(), parse_constant=_refuse_constant)
    except UnicodeDecodeError:
        _refuse_body("is not UTF-8")
    except json.JSONDecodeError as error:
        _refuse_body(f"is not JSON (line {error.lineno}, column {error.colno})")
    except RecursionError:
        _refuse_body(f"is nested deeper than {DEEPEST}")
    except ValueError:
        # Python reads no number of more than some thousand digits.
        _refuse_body("holds a number that is too long")


def _refuse_constant(name: str) -> NoReturn:
    _refuse_body(f"{name} is no JSON")


def _check_json(value: Any, where: str, *, depth: int) -> None:
    if depth > DEEPEST:
        _refuse_body(f"is nested deeper than {DEEPEST}")
    fault = fault_of(value) if isinstance(value, str) else None
    if fault is not None:
        raise Problem(422, f"{where}: {fault}.")
    for name, each in _members(value):
        if fault_of(name) is not None:
            raise Problem(422, f"{where}: a name {fault_of(name)}.")
        _check_json(each, f"{where}.{name}", depth=depth + 1)


def _members(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        yield from value.items()
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield str(number), each


def _refuse_body(fault: str) -> NoReturn:
    raise Problem(422, f"body: {fault}.")
