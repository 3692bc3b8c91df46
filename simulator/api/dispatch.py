"""From an HTTP request to WeCom's answer: token, limits, faults, log."""

import threading
import time
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Request, Response, request

from simulator.api import (
    agents,
    authorisation,
    departments,
    members,
    messages,
    oauth,
    tags,
    tokens,
)
from simulator.api.calls import MESSAGES, Call, Endpoint, Needs, Refusal
from simulator.api.spoil import spoil, written
from simulator.faults import Fault, Kind
from simulator.logs import KEPT_ANSWER_CHARS, CallRecord
from simulator.org.corp import Corp
from simulator.tokens import Issued, Paper
from simulator.world import World

ENDPOINTS: dict[str, Endpoint] = {
    **tokens.ENDPOINTS,
    **authorisation.ENDPOINTS,
    **departments.ENDPOINTS,
    **members.ENDPOINTS,
    **tags.ENDPOINTS,
    **agents.ENDPOINTS,
    **messages.ENDPOINTS,
    **oauth.ENDPOINTS,
}
TOKENS = {
    Needs.CORP: (Paper.CORP_TOKEN, 41001, 40014, 42001),
    Needs.SUITE: (Paper.SUITE_TOKEN, 41022, 40082, 42009),
    Needs.PROVIDER: (Paper.PROVIDER_TOKEN, 41001, 40082, 40082),
}
# Calls that are answered before a fault takes the answer away.
NOT_CARRIED_OUT = (Kind.ERRCODE, Kind.THROTTLE, Kind.BUSY, Kind.HTTP_500)
FIXED_CODES = {Kind.BUSY: -1, Kind.THROTTLE: 45009}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """A request, read but not yet believed."""

    path: str
    endpoint: Endpoint
    body: dict[str, Any]
    query: dict[str, str]
    token: Issued | None
    corp: Corp | None

    @property
    def corp_id(self) -> str | None:
        return self.corp.corp_id if self.corp else None


class _Limits:
    """Calls per minute and at once, per corp and endpoint (90454)."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._lock = threading.Lock()
        self._running: Counter[tuple[str, str]] = Counter()
        self._times: dict[tuple[str, str], deque[float]] = {}

    @contextmanager
    def within(self, asked: _Asked) -> Iterator[int]:
        """The errcode to answer with, 0 if there is room."""
        key = (asked.corp_id or "", asked.path)
        with self._lock:
            self._running[key] += 1
            code = self._verdict(key)
        try:
            yield code
        finally:
            with self._lock:
                self._running[key] -= 1

    def _verdict(self, key: tuple[str, str]) -> int:
        knobs, now = self._world.knobs, time.monotonic()
        if knobs.concurrent is not None and self._running[key] > knobs.concurrent:
            return 45033
        if knobs.per_minute is None:
            return 0
        times = self._times.setdefault(key, deque())
        while times and times[0] < now - 60:
            times.popleft()
        if len(times) >= knobs.per_minute:
            return 45009
        times.append(now)
        return 0


def blueprint(world: World) -> Blueprint:
    """Everything under /cgi-bin/."""
    pages = Blueprint("api", __name__, url_prefix="/cgi-bin")
    limits = _Limits(world)

    @pages.route("/<path:path>", methods=["GET", "POST", "PUT", "DELETE"])
    def call(path: str) -> Response:
        endpoint = ENDPOINTS.get(path)
        if endpoint is None:
            return Response("<html><body>404 Not Found</body></html>", status=404)
        return _answer(world, limits, _read(world, path, endpoint, request))

    return pages


def _read(world: World, path: str, endpoint: Endpoint, sent: Request) -> _Asked:
    body = sent.get_json(force=True, silent=True) if sent.method == "POST" else {}
    fields = body if isinstance(body, dict) else {}
    query = sent.args.to_dict()
    token = None
    if endpoint.needs is not Needs.NOTHING:
        value = query.pop(endpoint.needs, "")
        token = world.papers.find(TOKENS[endpoint.needs][0], value)
    names_corp = endpoint.needs is Needs.CORP and token is not None
    corp_id = token.owner if token and names_corp else fields.get("auth_corpid")
    return _Asked(
        path=path,
        endpoint=endpoint,
        body=fields,
        query=query,
        token=token,
        corp=world.corps.get(str(corp_id)),
    )


def _answer(world: World, limits: _Limits, asked: _Asked) -> Response:
    started, clock = time.time(), time.perf_counter()
    fault = world.faults.for_answer(asked.path, asked.corp_id)
    with limits.within(asked) as crowded:
        world.stopping.wait(world.knobs.answer_milliseconds / 1000)
        answer = _outcome(world, asked, fault, crowded)
        text = written(answer)
        response, whole = spoil(world, answer, text, fault)
    code = answer.get("errcode", 0) if whole else None
    world.logs.add_call(
        CallRecord(
            call_id=world.logs.next_call_id(),
            at=started,
            milliseconds=round((time.perf_counter() - clock) * 1000, 1),
            corp_id=asked.corp_id,
            endpoint=asked.path,
            method=request.method,
            status=response.status_code,
            errcode=code,
            fault=fault.kind if fault else None,
            query=asked.query,
            request=asked.body,
            answer=text[:KEPT_ANSWER_CHARS],
        )
    )
    return response


def _outcome(
    world: World, asked: _Asked, fault: Fault | None, crowded: int
) -> dict[str, Any]:
    try:
        if fault is not None and (fault.kind in NOT_CARRIED_OUT or not fault.effect):
            raise Refusal(_fault_code(fault), f"fault {fault.fault_id}")
        if crowded:
            raise Refusal(crowded)
        if request.method != asked.endpoint.method:
            raise Refusal(40058, f"use {asked.endpoint.method}")
        with world.lock:
            found = asked.endpoint.handler(_call(world, asked))
    except Refusal as refusal:
        return _refused(refusal)
    return found if asked.endpoint.bare else {"errcode": 0, "errmsg": "ok", **found}


def _fault_code(fault: Fault) -> int:
    if fault.kind is Kind.THROTTLE and fault.errcode == 45033:
        return 45033
    return FIXED_CODES.get(fault.kind, fault.errcode)


def _call(world: World, asked: _Asked) -> Call:
    needs = asked.endpoint.needs
    if needs is not Needs.NOTHING:
        _check_token(world, asked)
    corp = asked.corp if needs is Needs.CORP else None
    if corp is not None:
        _check_tie(corp)
    late = world.faults.late_for(asked.path, asked.corp_id)
    return Call(
        world=world,
        query=asked.query,
        body=asked.body,
        suite_id=asked.token.owner if asked.token and needs is Needs.SUITE else "",
        tenant=corp,
        late=late is not None and _is_fresh(world, asked.corp, late),
    )


def _check_token(world: World, asked: _Asked) -> None:
    _, missing, invalid, expired = TOKENS[asked.endpoint.needs]
    if asked.token is None:
        named = request.args.get(asked.endpoint.needs)
        raise Refusal(invalid if named else missing)
    if world.papers.is_expired(asked.token):
        raise Refusal(expired)


def _check_tie(corp: Corp) -> None:
    if corp.agent is None:
        raise Refusal(48004)
    if corp.agent.suspended:
        raise Refusal(48006)
    if corp.agent.closed:
        raise Refusal(50003)


def _is_fresh(world: World, corp: Corp | None, late: Fault) -> bool:
    """Whether the last change is young enough not to be answered yet."""
    return corp is not None and world.now() - corp.changed_at < late.seconds


def _refused(refusal: Refusal) -> dict[str, Any]:
    code = refusal.errcode
    words = MESSAGES.get(code, "request refused")
    hint = f", {refusal.hint}" if refusal.hint else ""
    return {
        "errcode": code,
        "errmsg": f"{words}{hint}, hint: [{int(time.time())}_1_simulator], "
        f"from ip: {request.remote_addr}, more info at "
        f"https://open.work.weixin.qq.com/devtool/query?e={code}",
    }
