"""TAPD's API over HTTP: limits, faults, envelope, log."""

import json
import threading
import time
from collections import deque
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response, request

from simulator.api.spoil import spoil
from simulator.faults import Fault, Kind
from simulator.logs import KEPT_ANSWER_CHARS, CallRecord
from simulator.tapd.asking import (
    KNOWN,
    PLACEHOLDER,
    Asked,
    Refusal,
    refused,
    succeeded,
)
from simulator.tapd.endpoints import ENDPOINTS
from simulator.world import World

SHOWN_LIMIT = 10_000
WINDOW_SECONDS = 60
STATUSES = {Kind.THROTTLE: 429, Kind.BUSY: 502}
UNAUTHORIZED = {"WWW-Authenticate": "Basic realm='TAPD API'"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    status: int
    text: str

    def faulty(self, kind: Kind) -> "_Answer":
        """The answer without its rows, if that is the fault."""
        if kind is not Kind.EMPTY or self.status != HTTPStatus.OK:
            return self
        return _Answer(status=self.status, text=succeeded([]))


class _Limit:
    """Calls per minute of the whole app."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._lock = threading.Lock()
        self._times: deque[float] = deque()

    def left(self) -> int:
        """How many calls are left after this one; below zero it is one too many."""
        most, now = self._world.knobs.tapd_per_minute, time.monotonic()
        with self._lock:
            while self._times and self._times[0] < now - WINDOW_SECONDS:
                self._times.popleft()
            left = (SHOWN_LIMIT if most is None else most) - len(self._times) - 1
            if left >= 0:
                self._times.append(now)
        return SHOWN_LIMIT if most is None else left


def blueprint(world: World) -> Blueprint:
    """Everything under /tapd-api/."""
    pages = Blueprint("tapd_api", __name__, url_prefix="/tapd-api")
    limit = _Limit(world)

    @pages.route("/", defaults={"path": ""})
    @pages.route("/<path:path>", methods=["GET", "POST", "PUT", "DELETE"])
    def call(path: str) -> Response:
        started, clock = time.time(), time.perf_counter()
        fault = world.faults.for_answer(f"tapd/{path}", None)
        left = limit.left()
        world.stopping.wait(world.knobs.answer_milliseconds / 1000)
        response = _answer(world, path, fault, left)
        _log(world, path, response, fault, started, time.perf_counter() - clock)
        return response

    return pages


def _answer(world: World, path: str, fault: Fault | None, left: int) -> Response:
    answer = _outcome(world, path, fault, left)
    if fault is not None:
        answer = answer.faulty(fault.kind)
    response, whole = spoil(world, {}, answer.text, _without_rows(fault))
    if whole:
        response.status_code = answer.status
    response.headers["X-RateLimit-Limit"] = str(SHOWN_LIMIT)
    response.headers["X-RateLimit-Remaining"] = str(max(0, left))
    if answer.status == HTTPStatus.UNAUTHORIZED:
        response.headers.extend(UNAUTHORIZED)
    return response


def _without_rows(fault: Fault | None) -> Fault | None:
    """Emptying is done in TAPD's own envelope, before."""
    return None if fault is not None and fault.kind is Kind.EMPTY else fault


def _outcome(world: World, path: str, fault: Fault | None, left: int) -> _Answer:
    try:
        if fault is not None and fault.kind in (Kind.ERRCODE, *STATUSES):
            status = STATUSES.get(fault.kind, fault.errcode)
            raise Refusal(status, f"fault {fault.fault_id}")
        if left < 0:
            most = world.knobs.tapd_per_minute
            raise Refusal(429, f"To many requests, max request rates is {most}/min")
        return _Answer(status=200, text=succeeded(_handled(world, path)))
    except Refusal as refusal:
        # A fault may name any number; HTTP knows but those.
        known = 400 <= refusal.status < 600
        return _Answer(status=refusal.status if known else 500, text=refused(refusal))


def _handled(world: World, path: str) -> Any:
    endpoint = ENDPOINTS.get(path)
    if endpoint is None:
        if path.partition("/")[0] in KNOWN:
            raise Refusal(404, f"{path} not existed")
        return PLACEHOLDER
    if request.method != endpoint.method:
        raise Refusal(404, f"{request.method} {path} not existed")
    asked = Asked(
        world=world,
        method=request.method,
        path=path,
        given=_given(),
        authorization=request.headers.get("Authorization", ""),
    )
    with world.lock:
        return endpoint.handler(asked)


def _given() -> dict[str, str]:
    """The query, a form, or JSON: TAPD takes a POST in either form."""
    body = request.get_json(silent=True) if request.method == "POST" else None
    fields = body if isinstance(body, dict) else request.form.to_dict()
    return {k: str(v) for k, v in {**request.args.to_dict(), **fields}.items()}


def _log(
    world: World,
    path: str,
    response: Response,
    fault: Fault | None,
    started: float,
    seconds: float,
) -> None:
    text = "" if response.is_streamed else response.get_data(as_text=True)
    world.logs.add_call(
        CallRecord(
            call_id=world.logs.next_call_id(),
            at=started,
            milliseconds=round(seconds * 1000, 1),
            corp_id=None,
            endpoint=f"tapd/{path}",
            method=request.method,
            status=response.status_code,
            errcode=_errcode(response.status_code, text),
            fault=fault.kind if fault else None,
            query=request.args.to_dict(),
            request={k: v for k, v in _given().items() if k not in request.args},
            answer=text[:KEPT_ANSWER_CHARS],
        )
    )


def _errcode(status: int, text: str) -> int | None:
    """0 for success, TAPD's status for an error, None for a spoilt answer."""
    try:
        told = json.loads(text)["status"]
    except (ValueError, KeyError, TypeError):
        return None
    return 0 if told == 1 and status == HTTPStatus.OK else int(told)
