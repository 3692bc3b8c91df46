"""What a fault does to an answer on its way out."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from flask import Response

from simulator.faults import Fault, Kind
from simulator.world import World

TRICKLES = 20


def spoil(
    world: World, answer: dict[str, Any], text: str, fault: Fault | None
) -> tuple[Response, bool]:
    """The response, and whether it still says what was answered.

    Shape: `text` is the answer as written, so that it is written only once.
    """
    kind = fault.kind if fault else None
    seconds = fault.seconds if fault else 0.0
    if kind in _INSTEAD:
        return _INSTEAD[kind](), False
    if kind is Kind.EMPTY:
        return _json(written(_emptied(answer))), True
    if fault is not None and kind is Kind.SHRUNKEN:
        left_out = frozenset(fault.key.split(","))
        return _json(written(_shrunken(answer, left_out))), True
    if fault is not None and kind is Kind.ODD:
        return _json(written(_odd(answer, fault))), True
    if kind is Kind.TIMEOUT:
        world.stopping.wait(seconds)
        return Response(b"", status=504, headers={"Connection": "close"}), False
    if kind is Kind.TRUNCATED:
        return _cut(text.encode()), False
    if kind is Kind.TRICKLING:
        return _slow(world, text.encode(), seconds), True
    return _json(text), True


# What comes although nothing was asked of WeCom's own, or nothing is left of it.
_INSTEAD: Mapping[Kind | None, Callable[[], Response]] = {
    Kind.HTML: lambda: Response("<!DOCTYPE html><title>Sign in</title>"),
    Kind.REDIRECT: lambda: Response(status=301, headers={"Location": "/portal"}),
    Kind.HTTP_500: lambda: Response("Internal Server Error", status=500),
    Kind.BLANK: lambda: Response(b"", mimetype="application/json"),
}


def written(answer: dict[str, Any]) -> str:
    """An answer as JSON."""
    return json.dumps(answer, ensure_ascii=False, separators=(",", ":"))


def _json(text: str) -> Response:
    return Response(text, mimetype="application/json")


def _emptied(answer: dict[str, Any]) -> dict[str, Any]:
    """Every list empty, all else but the errcode gone."""
    kept = ("errcode", "errmsg")
    return {
        name: [] if isinstance(value, list) else value
        for name, value in answer.items()
        if name in kept or isinstance(value, list)
    }


# What names the row of one person, department or tag.
_NAMES = ("userid", "open_userid", "id", "tagid")


def _odd(value: Any, fault: Fault) -> Any:
    """The answer with another value in a field of the rows that the fault is about."""
    if isinstance(value, list):
        return [_odd(each, fault) for each in value]
    if not isinstance(value, dict):
        return value
    told = {name: _odd(each, fault) for name, each in value.items()}
    named = [str(value[name]) for name in _NAMES if name in value]
    if fault.field in value and (not fault.key or fault.key in named):
        told[fault.field] = fault.value
    return told


def _shrunken(answer: dict[str, Any], left_out: frozenset[str]) -> dict[str, Any]:
    """The answer whose lists lack these rows or ids; a row of a parent tears a tree."""
    told: dict[str, Any] = {}
    for name, value in answer.items():
        if isinstance(value, dict):
            told[name] = _shrunken(value, left_out)
        elif isinstance(value, list) and name != "agent":
            told[name] = [each for each in value if not left_out & _ids_of(each)]
        elif isinstance(value, list):
            told[name] = [_shrunken(each, left_out) for each in value]
        else:
            told[name] = value
    return told


def _ids_of(row: Any) -> frozenset[str]:
    if not isinstance(row, dict):
        return frozenset({str(row)})
    return frozenset(str(row[name]) for name in _NAMES if name in row)


def _cut(body: bytes) -> Response:
    """Half of what the Content-Length promises, then the connection ends."""
    headers = {"Content-Length": str(len(body)), "Connection": "close"}
    half = body[: len(body) // 2]
    return Response(iter([half]), mimetype="application/json", headers=headers)


def _slow(world: World, body: bytes, seconds: float) -> Response:
    """The whole body in small pieces, spread over the seconds."""
    size = max(1, -(-len(body) // TRICKLES))

    def pieces() -> Iterator[bytes]:
        for start in range(0, len(body), size):
            yield body[start : start + size]
            world.stopping.wait(seconds / TRICKLES)

    headers = {"Content-Length": str(len(body))}
    return Response(pieces(), mimetype="application/json", headers=headers)
