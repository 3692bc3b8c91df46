"""One HTTP call to TAPD's API: bounded in time and size, out of its envelope, silent.

Shape:  {"status": 1, "data": ..., "info": "success"}; any other status is a failure,
        and so is the greeting that TAPD gives on paths it does not know.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import requests
from urllib3.exceptions import HTTPError

from tapd.errors import Denied, Refused, TapdError, Throttled, Unavailable

CALL_SECONDS = 10.0
CONNECT_SECONDS = 3.0
BODY_BYTES = 64 * 1024 * 1024
CHUNK_BYTES = 64 * 1024
WAIT_SECONDS = 60.0
LONGEST_WAIT_SECONDS = 3600.0

_GOOD = 1
# On paths that it does not know TAPD says so with status 1.
_GREETING = "Hello world"


def basic(client_id: str, secret: str) -> str:
    """The header of a call in the name of our app."""
    return "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()


def bearer(token: str) -> str:
    """The header of a call with a token."""
    return f"Bearer {token}"


class Envelope:
    """Calls TAPD's endpoints; safe to share between threads, retries nothing."""

    def __init__(
        self,
        api_url: str,
        *,
        call_seconds: float = CALL_SECONDS,
        body_bytes: int = BODY_BYTES,
    ) -> None:
        self._base_url = api_url.rstrip("/") + "/"
        self._call_seconds = call_seconds
        self._body_bytes = body_bytes

    def get(self, path: str, *, query: Mapping[str, str], authorization: str) -> object:
        """The `data` of the answer to a GET.

        Raises: TapdError.
        """
        return self._call("GET", path, authorization, params=query)

    def post(self, path: str, *, form: Mapping[str, str], authorization: str) -> object:
        """The `data` of the answer to a POST of a form.

        Raises: TapdError.
        """
        return self._call("POST", path, authorization, data=form)

    def _call(
        self,
        method: str,
        path: str,
        authorization: str,
        **what: Mapping[str, str],
    ) -> object:
        try:
            return _data(self._fetch(method, path, authorization, **what))
        except TapdError as error:
            error.path = path
            raise

    def _fetch(
        self, method: str, path: str, authorization: str, **what: Mapping[str, str]
    ) -> bytes:
        try:
            return self._exchange(method, path, authorization, **what)
        except (OSError, HTTPError) as error:
            failure = type(error).__name__
        # Raised out here because such an error quotes the URL, and with it a person.
        raise Unavailable(failure)

    def _exchange(
        self, method: str, path: str, authorization: str, **what: Any
    ) -> bytes:
        until = time.monotonic() + self._call_seconds
        with (
            _session(self._base_url) as session,
            session.request(
                method,
                self._base_url + path,
                headers={"Authorization": authorization},
                timeout=(min(CONNECT_SECONDS, self._call_seconds), self._call_seconds),
                stream=True,
                # A redirect would carry the credentials to another address.
                allow_redirects=False,
                **what,
            ) as response,
        ):
            _check_status(response)
            return self._body(response, until)

    def _body(self, response: requests.Response, until: float) -> bytes:
        body = bytearray()
        # One read at a time: a server that trickles would hold a longer one for ever.
        while chunk := response.raw.read1(CHUNK_BYTES, decode_content=True):
            body += chunk
            if len(body) > self._body_bytes:
                raise Unavailable("the answer is too large to be one")
            if time.monotonic() > until:
                raise Unavailable("the call's time is over")
        return bytes(body)


def _session(base_url: str) -> requests.Session:
    session = requests.Session()
    found = session.merge_environment_settings(base_url, {}, None, None, None)
    session.proxies, session.verify = found["proxies"], found["verify"]
    # Otherwise a .netrc would replace our credentials.
    session.trust_env = False
    return session


def _check_status(response: requests.Response) -> None:
    """Let those through whose body says what is meant."""
    status = response.status_code
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        wait = _wait_seconds(response.headers.get("Retry-After", ""))
        raise Throttled("too many requests", wait_seconds=wait, status=status)
    if status == HTTPStatus.UNAUTHORIZED:
        # Whatever stands between may have written the body.
        raise Denied("the credentials are not accepted", status=status)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or 300 <= status < 400:
        raise Unavailable("no answer", status=status)


def _wait_seconds(text: str) -> float:
    if text.isascii() and text.isdigit():
        return min(float(text), LONGEST_WAIT_SECONDS)
    return WAIT_SECONDS


def _data(body: bytes) -> object:
    payload = _decoded(body)
    status, data = _number(payload.get("status")), payload.get("data")
    if status == _GOOD:
        if isinstance(data, str) and data.startswith(_GREETING):
            raise Refused("TAPD knows no such path; compare TAPD_API_URL")
        return data
    raise _failure(status, str(payload.get("info") or ""))


def _decoded(body: bytes) -> dict[str, object]:
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        # Not raised in here: the decoder's error holds the text, perhaps a token's.
        payload = None
    if not isinstance(payload, dict) or "status" not in payload:
        raise Unavailable("the answer is not one of TAPD's")
    return payload


def _number(value: object) -> int:
    # TAPD writes numbers as text here and there.
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value[:9])
    if isinstance(value, bool) or not isinstance(value, int):
        raise Unavailable("the answer's status is not a number")
    return value


def _failure(status: int, info: str) -> TapdError:
    """The error of an envelope that says no.

    A token that TAPD does not accept is answered with 422, as wrong parameters are.
    """
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return Throttled("too many requests", wait_seconds=WAIT_SECONDS, status=status)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Unavailable("no answer", status=status)
    of_token = status == HTTPStatus.UNPROCESSABLE_ENTITY and (
        "access token" in info.casefold()
    )
    if status == HTTPStatus.UNAUTHORIZED or of_token:
        return Denied("the credentials are not accepted", status=status)
    return Refused("TAPD says no", status=status)
