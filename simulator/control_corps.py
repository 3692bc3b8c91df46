"""The JSON switchboard of single corps: seed, act, truth, phones, stories."""

from dataclasses import asdict
from typing import Any

from flask import Blueprint, Response, abort, jsonify, request

from simulator.admin import stories, visits
from simulator.admin.actions import ACTIONS, act
from simulator.admin.admin_members import Impossible
from simulator.admin.forms import read_flag
from simulator.org.corp import Corp, Minter
from simulator.org.directory import Directory, Member
from simulator.org.people import furnish
from simulator.org.truth import snapshot
from simulator.world import World

Answer = Response | tuple[Response, int]
QUIRKS = (
    "tells_open_userid",
    "tells_installer",
    "tells_details",
    "installer",
    "user_max",
    "name",
)


def blueprint(world: World) -> Blueprint:
    """Everything under /control/corps and /control/oauth."""
    pages = Blueprint("control_corps", __name__, url_prefix="/control")
    pages.register_error_handler(Impossible, _impossible)
    _add_corps(pages, world)
    _add_states(pages, world)
    _add_actions(pages, world)
    _add_members(pages, world)
    _add_oauth(pages, world)
    return pages


def _impossible(refused: Impossible) -> Answer:
    return jsonify({"errcode": refused.errcode, "error": refused.reason}), 409


def _add_corps(pages: Blueprint, world: World) -> None:
    @pages.get("/corps")
    def list_corps() -> Answer:
        return jsonify({"items": [summary(corp) for corp in world.corps.values()]})

    @pages.post("/corps")
    def add_corp() -> Answer:
        return jsonify(summary(seed(world, _body()))), 201

    @pages.route("/corps/<corp_id>", methods=["GET", "PATCH", "DELETE"])
    def one_corp(corp_id: str) -> Answer:
        corp = get_corp(world, corp_id)
        if request.method == "DELETE":
            del world.corps[corp_id]
        if request.method == "PATCH":
            given = _body()
            for name in given.keys() & set(QUIRKS):
                setattr(corp, name, given[name])
        return jsonify(summary(corp))


def _add_states(pages: Blueprint, world: World) -> None:
    @pages.get("/corps/<corp_id>/truth")
    def truth(corp_id: str) -> Answer:
        with world.lock:
            return jsonify(snapshot(get_corp(world, corp_id).now))

    @pages.get("/corps/<corp_id>/directory")
    def directory(corp_id: str) -> Answer:
        with world.lock:
            return jsonify(everything(get_corp(world, corp_id).now))


def _add_actions(pages: Blueprint, world: World) -> None:
    @pages.post("/corps/<corp_id>/actions/<name>")
    def action(corp_id: str, name: str) -> Answer:
        if name not in ACTIONS:
            return jsonify({"error": f"actions are {', '.join(ACTIONS)}"}), 404
        return jsonify(act(world, get_corp(world, corp_id), name, _body()))

    @pages.post("/corps/<corp_id>/stories/<name>")
    def story(corp_id: str, name: str) -> Answer:
        if name not in stories.STORIES:
            return jsonify({"error": f"stories are {', '.join(stories.STORIES)}"}), 404
        steps = stories.play(world, get_corp(world, corp_id), name)
        return jsonify({"steps": steps})


def _add_members(pages: Blueprint, world: World) -> None:
    base = "/corps/<corp_id>/members/<userid>"

    @pages.get(f"{base}/messages")
    def messages(corp_id: str, userid: str) -> Answer:
        corp = get_corp(world, corp_id)
        with world.lock:
            return jsonify({"items": visits.phone(corp, userid)})

    @pages.post(f"{base}/click")
    def click(corp_id: str, userid: str) -> Answer:
        given = _body()
        code = visits.click(
            world,
            get_corp(world, corp_id),
            userid,
            message_id=str(given.get("message_id", "")),
            key=str(given.get("key", "")),
        )
        return jsonify({"response_code": code})

    @pages.post(f"{base}/enter")
    def enter(corp_id: str, userid: str) -> Answer:
        visits.enter_app(world, get_corp(world, corp_id), userid)
        return jsonify({})


def _add_oauth(pages: Blueprint, world: World) -> None:
    @pages.post("/oauth/code")
    def oauth_code() -> Answer:
        given = _body()
        code = visits.oauth_code(
            world,
            corp_id=str(given.get("corp_id", "")),
            userid=str(given.get("userid", "")),
            suite_id=str(given.get("suite_id") or world.config.suite.suite_id),
            private=bool(given.get("private")),
        )
        return jsonify({"code": code})


def seed(world: World, given: dict[str, Any]) -> Corp:
    """A new company, furnished."""
    minter = Minter(int(given.get("seed", 1)))
    plain = given.get("ids") == "plain"
    made_up = minter.opaque("ww" if plain else "wp")
    corp = Corp(
        corp_id=str(given.get("corp_id") or made_up),
        name=str(given.get("name") or "星河科技"),
        minter=minter,
        plain_ids=plain,
        tells_details=read_flag(given, "tells_details"),
    )
    furnish(
        corp,
        members=int(given.get("members", 600)),
        departments=int(given.get("departments", 40)),
    )
    with world.lock:
        world.corps[corp.corp_id] = corp
    return corp


def get_corp(world: World, corp_id: str) -> Corp:
    """The corp, or 404."""
    corp = world.corps.get(corp_id)
    if corp is None:
        abort(404)
    return corp


def summary(corp: Corp) -> dict[str, Any]:
    """One line about a corp."""
    scope = corp.now.grant.scope
    names = ("allow_party", "allow_user", "allow_tag")
    extra = ("extra_party", "extra_user", "extra_tag")
    return {
        "corp_id": corp.corp_id,
        "name": corp.name,
        "departments": len(corp.now.departments),
        "members": len(corp.now.members),
        "installed": corp.agent is not None,
        "agent_id": corp.agent.agent_id if corp.agent else None,
        "auth_mode": int(corp.now.grant.auth_mode),
        "permissions": sorted(corp.now.grant.permissions),
        "scope": {name: list(getattr(scope, name)) for name in (*names, *extra)},
        "installer": corp.installer,
        "admins": corp.admins,
        "messages_discarded": corp.discarded,
    }


def everything(directory: Directory) -> dict[str, Any]:
    """What the admin sees, names included."""
    return {
        "departments": [asdict(one) for one in directory.departments.values()],
        "members": [_admin_view(one) for one in directory.members.values()],
        "tags": [
            {
                "tag_id": one.tag_id,
                "name": one.name,
                "userids": sorted(one.userids),
                "department_ids": sorted(one.department_ids),
            }
            for one in directory.tags.values()
        ],
    }


def _admin_view(member: Member) -> dict[str, Any]:
    sets = {"leads": sorted(member.leads), "status": int(member.status)}
    return {**asdict(member), **sets}


def _body() -> dict[str, Any]:
    body = request.get_json(silent=True)
    return body if isinstance(body, dict) else {}
