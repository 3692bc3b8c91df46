"""Members' phones: what they were sent, and what they do with it."""

from flask import Blueprint, Response, redirect, render_template, request, url_for

from simulator.admin import visits
from simulator.admin.admin_members import Impossible, get_member
from simulator.control_corps import get_corp
from simulator.org.corp import Corp
from simulator.org.phone import china_clock, lines
from simulator.pages.page import Page, page_words
from simulator.world import World

SHOWN_PHONES = 200


def blueprint(world: World) -> Blueprint:
    """A corp's phones, and each of them."""
    pages = Blueprint("phones", __name__)
    pages.register_error_handler(Impossible, _impossible)
    pages.context_processor(
        lambda: {**page_words(world), "lines": lines, "clock": china_clock}
    )
    _add_list(pages, world)
    _add_phone(pages, world)
    _add_acts(pages, world)
    return pages


def _add_list(pages: Blueprint, world: World) -> None:
    @pages.get("/admin/<corp_id>/phones")
    def rung(corp_id: str) -> Page:
        corp = get_corp(world, corp_id)
        with world.lock:
            rows = _rung(corp)
        return render_template(
            "phones.html",
            corp=corp,
            rows=rows[:SHOWN_PHONES],
            more=len(rows) > SHOWN_PHONES,
        )


def _add_phone(pages: Blueprint, world: World) -> None:
    @pages.get("/phone/<corp_id>/<userid>")
    def phone(corp_id: str, userid: str) -> Page:
        corp = get_corp(world, corp_id)
        with world.lock:
            member = corp.now.members.get(userid)
            if member is None:
                return Response("404", status=404)
            messages = visits.phone(corp, userid)
        answer = Response(
            render_template("phone.html", corp=corp, member=member, messages=messages)
        )
        # Pages that ask WeCom who is looking will be told: this member.
        answer.set_cookie("member", f"{corp_id}/{userid}", samesite="Lax")
        return answer

    @pages.get("/phone/<corp_id>/<userid>/messages")
    def messages(corp_id: str, userid: str) -> Page:
        corp = get_corp(world, corp_id)
        with world.lock:
            member = get_member(corp, userid)
            messages = visits.phone(corp, userid)
        return render_template(
            "messages.html", corp=corp, member=member, messages=messages
        )


def _add_acts(pages: Blueprint, world: World) -> None:
    @pages.post("/phone/<corp_id>/<userid>/click")
    def click(corp_id: str, userid: str) -> Page:
        visits.click(
            world,
            get_corp(world, corp_id),
            userid,
            message_id=request.form.get("message_id", ""),
            key=request.form.get("key", ""),
        )
        return redirect(url_for("phones.phone", corp_id=corp_id, userid=userid))

    @pages.post("/phone/<corp_id>/<userid>/enter")
    def enter(corp_id: str, userid: str) -> Page:
        visits.enter_app(world, get_corp(world, corp_id), userid)
        home = world.config.home_url
        back = url_for("phones.phone", corp_id=corp_id, userid=userid)
        return redirect(home or back)


def _impossible(refused: Impossible) -> Page:
    return Response(f"{refused.errcode} {refused.reason}", status=409)


def _rung(corp: Corp) -> list[tuple[str, str, int, float]]:
    """Userid, name, number of messages and time of the last, the newest first."""
    rows = [
        (userid, corp.now.members[userid].name, len(messages), messages[-1].at)
        for userid, messages in corp.phones.items()
        if messages and userid in corp.now.members
    ]
    return sorted(rows, key=lambda row: -row[3])
