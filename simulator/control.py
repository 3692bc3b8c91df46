"""The JSON switchboard of the whole simulator: reset, faults, logs, clock, tokens."""

from dataclasses import asdict, fields, replace
from typing import Any

from flask import Blueprint, Response, jsonify, request

from simulator.faults import Fault, Kind
from simulator.tapd.items.projects import Projects
from simulator.tapd.people import Tapd
from simulator.tokens import Paper
from simulator.world import Knobs, World

SETTABLE = {one.name for one in fields(Fault)} - {"fault_id", "seen", "struck"}
NUMBERS = {"count", "share", "seconds", "errcode", "times", "window"}
DEFAULT_SECONDS = {
    Kind.LATE: 5.0,
    Kind.TIMEOUT: 30.0,
    Kind.TRICKLING: 20.0,
    Kind.DELAY: 2.0,
}
Answer = Response | tuple[Response, int]


def blueprint(world: World) -> Blueprint:
    """Everything under /control/ that is not about one corp."""
    pages = Blueprint("control", __name__, url_prefix="/control")
    _add_general(pages, world)
    _add_provider(pages, world)
    _add_faults(pages, world)
    _add_pushes(pages, world)
    _add_raw_pushes(pages, world)
    _add_calls(pages, world)
    return pages


def _add_general(pages: Blueprint, world: World) -> None:
    @pages.get("/healthz")
    def healthz() -> Answer:
        return jsonify({"ok": True})

    @pages.post("/reset")
    def reset() -> Answer:
        reset_world(world)
        return jsonify({})

    @pages.route("/knobs", methods=["GET", "PATCH"])
    def knobs() -> Answer:
        if request.method == "PATCH":
            given = _body()
            unknown = given.keys() - {one.name for one in fields(Knobs)}
            if unknown:
                return _refuse(f"no such knob: {sorted(unknown)[0]}")
            wrong = [one for one, value in given.items() if not _fits(one, value)]
            if wrong:
                return _refuse(f"{wrong[0]} cannot be {given[wrong[0]]!r}")
            world.knobs = replace(world.knobs, **given)
        return jsonify(asdict(world.knobs))


def _add_provider(pages: Blueprint, world: World) -> None:
    @pages.post("/tokens/expire")
    def expire() -> Answer:
        given = _body()
        kind, owner = given.get("kind", Paper.CORP_TOKEN), given.get("owner")
        if kind not in set(Paper):
            return _refuse(f"no such kind: {kind}")
        ended = world.papers.end(
            Paper(kind), owner=owner, forget=bool(given.get("forget"))
        )
        return jsonify({"ended": ended})

    @pages.post("/ticket")
    def ticket() -> Answer:
        return jsonify({"push_ids": [one.push_id for one in world.push_ticket()]})

    @pages.post("/clock")
    def clock() -> Answer:
        world.clock_offset += float(_body().get("advance_seconds", 0))
        return jsonify({"now": world.now(), "offset_seconds": world.clock_offset})

    @pages.post("/verify")
    def verify() -> Answer:
        provider = world.config.provider_corp_id
        command = world.courier.verify(world.command_address(provider))
        data = world.courier.verify(world.data_address(provider))
        return jsonify({"command": asdict(command), "data": asdict(data)})


def _add_faults(pages: Blueprint, world: World) -> None:
    @pages.get("/faults")
    def list_faults() -> Answer:
        return jsonify({"items": [asdict(one) for one in world.faults.list_rules()]})

    @pages.post("/faults")
    def add_fault() -> Answer:
        try:
            fault = read_fault(world, _body())
        except ValueError as error:
            return _refuse(str(error))
        return jsonify(asdict(world.faults.add(fault))), 201

    @pages.delete("/faults")
    def clear_faults() -> Answer:
        world.faults.clear()
        return jsonify({})

    @pages.delete("/faults/<fault_id>")
    def remove_fault(fault_id: str) -> Answer:
        if not world.faults.remove(fault_id):
            return jsonify({"error": "no such fault"}), 404
        return jsonify({})


def _add_pushes(pages: Blueprint, world: World) -> None:
    @pages.get("/pushes")
    def list_pushes() -> Answer:
        found = world.logs.list_pushes(
            corp_id=request.args.get("corp_id"),
            name=request.args.get("name"),
            since=request.args.get("since", 0, type=int),
        )
        limit = request.args.get("limit", 1000, type=int)
        return jsonify({"items": [asdict(one) for one in found[:limit]]})

    @pages.delete("/pushes")
    def reset_pushes() -> Answer:
        world.logs.reset_pushes()
        return jsonify({})

    @pages.get("/pushes/idle")
    def idle() -> Answer:
        seconds = request.args.get("timeout_seconds", 5.0, type=float)
        return jsonify({"idle": world.courier.wait_idle(seconds)})


def _add_raw_pushes(pages: Blueprint, world: World) -> None:
    @pages.post("/pushes")
    def push_raw() -> Answer:
        given = _body()
        corp_id = given.get("corp_id")
        record = world.push_raw(
            name=str(given.get("name", "raw")),
            xml=str(given.get("xml", "")),
            data_of=corp_id if given.get("channel") == "data" else None,
            corp_id=corp_id,
        )
        return jsonify({"push_id": record.push_id}), 201

    @pages.post("/pushes/<int:push_id>/repeat")
    def repeat(push_id: int) -> Answer:
        found = world.logs.list_pushes(corp_id=None, name=None, since=push_id - 1)
        if not found or found[0].push_id != push_id:
            return jsonify({"error": "no such push"}), 404
        old = found[0]
        record = world.push_raw(
            name=old.name,
            xml=old.xml,
            data_of=old.corp_id if old.channel == "data" else None,
            corp_id=old.corp_id,
        )
        return jsonify({"push_id": record.push_id}), 201


def _add_calls(pages: Blueprint, world: World) -> None:
    @pages.get("/calls")
    def list_calls() -> Answer:
        found = world.logs.list_calls(
            corp_id=request.args.get("corp_id"),
            endpoint=request.args.get("endpoint"),
            since=request.args.get("since", 0, type=int),
        )
        limit = request.args.get("limit", 1000, type=int)
        return jsonify({"items": [asdict(one) for one in found[:limit]]})

    @pages.delete("/calls")
    def reset_calls() -> Answer:
        world.logs.reset_calls()
        return jsonify({})

    @pages.get("/counters")
    def counters() -> Answer:
        corp_id = request.args.get("corp_id")
        return jsonify(world.logs.counters(corp_id=corp_id))


def reset_world(world: World) -> None:
    """As just started, but for the tickets, which stay good."""
    with world.lock:
        world.corps.clear()
        world.tapd = Tapd()
        world.projects = Projects()
        world.hooks.clear()
        world.knobs = Knobs()
        world.clock_offset = 0.0
        for kind in set(Paper) - {Paper.SUITE_TICKET}:
            world.papers.end(kind, owner=None, forget=True)
    world.faults.clear()
    world.logs.reset_calls()
    world.logs.reset_pushes()


def read_fault(world: World, given: dict[str, Any]) -> Fault:
    """The rule that was asked for.

    Raises: ValueError.
    """
    unknown = given.keys() - SETTABLE
    if unknown:
        raise ValueError(f"no such field: {sorted(unknown)[0]}")
    for name in NUMBERS & given.keys():
        if not isinstance(given[name], int | float):
            raise ValueError(f"{name} is not a number")
    kind = Kind(given.get("kind", ""))
    values = {"seconds": DEFAULT_SECONDS.get(kind, 1.0), **given, "kind": kind}
    return Fault(fault_id=world.faults.next_id(), **values)


def _fits(name: str, value: Any) -> bool:
    if name == "tapd_resource":
        return value in ("user", "workspace")
    return value is None or isinstance(value, int | float)


def _body() -> dict[str, Any]:
    body = request.get_json(silent=True)
    return body if isinstance(body, dict) else {}


def _refuse(reason: str) -> Answer:
    return jsonify({"error": reason}), 400
