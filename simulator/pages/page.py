"""A page on which a person acts as the WeCom admin and reads members' phones."""

from functools import partial
from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from simulator.admin import stories
from simulator.admin.actions import act
from simulator.admin.admin_app import ACTIVITY_EVENTS
from simulator.admin.admin_members import Impossible
from simulator.control import read_fault
from simulator.control_corps import get_corp, seed
from simulator.faults import ANSWER_KINDS, PUSH_KINDS, Kind
from simulator.org.corp import Corp
from simulator.org.directory import ROOT, Department, Directory, Member
from simulator.org.grant import DIRECT_LEADER, ORGANISATION_INFO
from simulator.pages.locales import LANGUAGES, translate
from simulator.tokens import Paper
from simulator.world import World

SHOWN_MEMBERS = 100
SHOWN_TRAFFIC = 60
Page = str | AnyResponse


def blueprint(world: World) -> Blueprint:
    """The admin's pages."""
    pages = Blueprint("page", "simulator", static_folder="static", static_url_path="/s")
    pages.register_error_handler(ValueError, _malformed)
    pages.context_processor(lambda: page_words(world))
    _add_home(pages, world)
    _add_admin(pages, world)
    _add_acts(pages, world)
    _add_faults(pages, world)
    return pages


def page_words(world: World) -> dict[str, Any]:
    """What every template may use."""
    language = chosen_language()
    return {
        "t": partial(translate, language=language),
        "language": language,
        "languages": LANGUAGES,
        "corps": list(world.corps.values()),
        "tapd": world.tapd,
    }


def chosen_language() -> str:
    """The language of this request: the one chosen, else what the browser prefers."""
    chosen = request.cookies.get("language", "")
    if chosen in LANGUAGES:
        return chosen
    wanted = request.accept_languages.best_match(["zh-CN", "zh", "en"])
    return "en" if wanted == "en" else "zh-CN"


def _add_home(pages: Blueprint, world: World) -> None:
    @pages.get("/")
    def home() -> Page:
        return render_template("home.html", config=world.config, checks=None)

    @pages.get("/language/<name>")
    def language(name: str) -> Page:
        back = request.args.get("back", "/")
        own = back.startswith("/") and not back.startswith("//")
        answer = redirect(back if own else "/")
        # The product's pages use the same name and values: one choice for both.
        answer.set_cookie("language", "en" if name == "en" else "zh-CN")
        return answer

    @pages.post("/companies")
    def create() -> Page:
        corp = seed(world, {k: v for k, v in request.form.items() if v})
        return redirect(url_for("page.contacts", corp_id=corp.corp_id))

    @pages.post("/ticket")
    def ticket() -> Page:
        world.push_ticket()
        return redirect("/")

    @pages.post("/verify")
    def verify() -> Page:
        provider = world.config.provider_corp_id
        addresses = (world.command_address(provider), world.data_address(provider))
        checks = [(one.url, world.courier.verify(one)) for one in addresses]
        return render_template("home.html", config=world.config, checks=checks)


def _add_admin(pages: Blueprint, world: World) -> None:
    @pages.get("/admin/<corp_id>/contacts")
    def contacts(corp_id: str) -> Page:
        corp = get_corp(world, corp_id)
        with world.lock:
            return render_template("contacts.html", corp=corp, **_contacts(corp))

    @pages.get("/admin/<corp_id>/app")
    def app(corp_id: str) -> Page:
        return render_template(
            "app.html",
            corp=get_corp(world, corp_id),
            stories=list(stories.STORIES),
            events=ACTIVITY_EVENTS,
            organisation_info=ORGANISATION_INFO,
            direct_leader=DIRECT_LEADER,
        )

    @pages.get("/admin/<corp_id>/traffic")
    def traffic(corp_id: str) -> Page:
        get_corp(world, corp_id)
        return render_template("traffic.html", **_traffic(world, corp_id))


def _add_acts(pages: Blueprint, world: World) -> None:
    @pages.post("/admin/<corp_id>/do/<name>")
    def do(corp_id: str, name: str) -> Page:
        corp = get_corp(world, corp_id)
        given = {key: request.form.getlist(key) for key in request.form}
        flat = {k: v[0] if len(v) == 1 else v for k, v in given.items()}
        back = str(flat.pop("back", ""))
        return _back(corp, back, partial(act, world, corp, name, flat))

    @pages.post("/admin/<corp_id>/play/<name>")
    def play(corp_id: str, name: str) -> Page:
        corp = get_corp(world, corp_id)
        return _back(corp, "app", partial(stories.play, world, corp, name))


def _add_faults(pages: Blueprint, world: World) -> None:
    @pages.get("/admin/<corp_id>/faults")
    def faults(corp_id: str) -> Page:
        return render_template(
            "faults.html",
            corp=get_corp(world, corp_id),
            rules=world.faults.list_rules(),
            kinds=[one for one in Kind if one in PUSH_KINDS | ANSWER_KINDS],
            papers=(Paper.CORP_TOKEN, Paper.SUITE_TOKEN, Paper.SUITE_TICKET),
        )

    @pages.post("/admin/<corp_id>/faults")
    def add_fault(corp_id: str) -> Page:
        numbers = {"count": int, "seconds": float, "errcode": int}
        texts = {k: v for k, v in request.form.items() if v and k != "all_corps"}
        given = {k: numbers.get(k, str)(v) for k, v in texts.items()}
        if "all_corps" not in request.form:
            given["corp_id"] = corp_id
        world.faults.add(read_fault(world, given))
        return redirect(url_for("page.faults", corp_id=corp_id))

    @pages.post("/admin/<corp_id>/faults/<fault_id>/remove")
    def remove_fault(corp_id: str, fault_id: str) -> Page:
        world.faults.remove(fault_id)
        return redirect(url_for("page.faults", corp_id=corp_id))

    @pages.post("/admin/<corp_id>/expire/<kind>")
    def expire(corp_id: str, kind: str) -> Page:
        owner = corp_id if kind == Paper.CORP_TOKEN else None
        world.papers.end(Paper(kind), owner=owner, forget=False)
        return redirect(url_for("page.faults", corp_id=corp_id))


def _malformed(error: ValueError) -> Page:
    return Response(str(error), status=400, mimetype="text/plain")


def _back(corp: Corp, back: str, work: Any) -> Page:
    """To the page the form came from, with WeCom's refusal if there was one."""
    problem: dict[str, Any] = {}
    try:
        work()
    except Impossible as refused:
        problem = {"problem": f"{refused.errcode} {refused.reason}"}
    if back == "app":
        return redirect(url_for("page.app", corp_id=corp.corp_id, **problem))
    place: dict[str, Any] = {
        name: request.form[f"at_{name}"]
        for name in ("department", "member")
        if f"at_{name}" in request.form
    }
    if place.get("member") not in corp.now.members:
        place.pop("member", None)
    return redirect(url_for("page.contacts", corp_id=corp.corp_id, **place, **problem))


def _contacts(corp: Corp) -> dict[str, Any]:
    directory = corp.now
    department_id = request.args.get("department", ROOT, type=int)
    if department_id not in directory.departments:
        department_id = ROOT
    words = request.args.get("search", "").strip()
    people = (
        _found(directory, words) if words else list(directory.people(department_id))
    )
    return {
        "department": directory.departments[department_id],
        "tree": _tree(directory, department_id),
        "people": people[:SHOWN_MEMBERS],
        "more": len(people) > SHOWN_MEMBERS,
        "member": directory.members.get(request.args.get("member", "")),
        "search": words,
        "usable": directory.is_usable,
        "usable_departments": directory.visible.usable_departments,
    }


def _found(directory: Directory, words: str) -> list[Member]:
    return [
        m for m in directory.members.values() if words in m.name or words == m.userid
    ]


def _tree(directory: Directory, open_id: int) -> list[tuple[int, Department]]:
    """The path to the open department with its siblings and children, by depth."""
    path = {open_id}
    while (parent := directory.departments[open_id].parent_id) in directory.departments:
        path.add(parent)
        open_id = parent
    rows: list[tuple[int, Department]] = []

    def walk(department_id: int, depth: int) -> None:
        rows.append((depth, directory.departments[department_id]))
        if department_id in path:
            for child in directory.children(department_id):
                walk(child, depth + 1)

    walk(open_id, 0)
    return rows


def _traffic(world: World, corp_id: str) -> dict[str, Any]:
    pushes = world.logs.list_pushes(corp_id=None, name=None, since=0)
    calls = world.logs.list_calls(corp_id=corp_id, endpoint=None, since=0)
    own = [one for one in pushes if one.corp_id in (None, corp_id)]
    return {
        "pushes": own[: -SHOWN_TRAFFIC - 1 : -1],
        "calls": calls[: -SHOWN_TRAFFIC - 1 : -1],
    }
