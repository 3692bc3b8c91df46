"""What a fault does to an answer on its way out."""

import json
from collections.abc import Iterator
from typing import Any

from flask import Response

from simulator.faults import Fault, Kind
from simulator.world import World

TRICKLES = 20


def spoil(
    world: World, answer: dict[str, Any], fault: Fault | None
) -> tuple[Response, bool]:
    """The response, and whether it still says what was answered."""
    kind = fault.kind if fault else None
    seconds = fault.seconds if fault else 0.0
    if kind is Kind.EMPTY:
        return _json(_emptied(answer)), True
    if kind is Kind.HTTP_500:
        return Response("Internal Server Error", status=500), False
    if kind is Kind.BLANK:
        return Response(b"", mimetype="application/json"), False
    if kind is Kind.TIMEOUT:
        world.stopping.wait(seconds)
        return Response(b"", status=504, headers={"Connection": "close"}), False
    if kind is Kind.TRUNCATED:
        return _cut(answer), False
    if kind is Kind.TRICKLING:
        return _slow(world, answer, seconds), True
    return _json(answer), True


def _json(answer: dict[str, Any]) -> Response:
    text = json.dumps(answer, ensure_ascii=False, separators=(",", ":"))
    return Response(text, mimetype="application/json")


def _emptied(answer: dict[str, Any]) -> dict[str, Any]:
    """Every list empty, all else but the errcode gone."""
    kept = ("errcode", "errmsg")
    return {
        name: [] if isinstance(value, list) else value
        for name, value in answer.items()
        if name in kept or isinstance(value, list)
    }


def _cut(answer: dict[str, Any]) -> Response:
    """Half of what the Content-Length promises, then the connection ends."""
    body = _json(answer).get_data()
    headers = {"Content-Length": str(len(body)), "Connection": "close"}
    half = body[: len(body) // 2]
    return Response(iter([half]), mimetype="application/json", headers=headers)


def _slow(world: World, answer: dict[str, Any], seconds: float) -> Response:
    """The whole body in small pieces, spread over the seconds."""
    body = _json(answer).get_data()
    size = max(1, -(-len(body) // TRICKLES))

    def pieces() -> Iterator[bytes]:
        for start in range(0, len(body), size):
            yield body[start : start + size]
            world.stopping.wait(seconds / TRICKLES)

    headers = {"Content-Length": str(len(body))}
    return Response(pieces(), mimetype="application/json", headers=headers)
