"""WeCom's own pages on a journey: install, in-client OAuth, web sign-in."""

import re
from typing import Any

from flask import Blueprint, redirect, render_template, request
from werkzeug.wrappers import Response

from simulator.admin.actions import act
from simulator.admin.admin_members import Impossible
from simulator.admin.visits import oauth_code
from simulator.control_corps import get_corp
from simulator.org.grant import DIRECT_LEADER, ORGANISATION_INFO
from simulator.pages.page import page_words
from simulator.pages.returning import address_back
from simulator.tokens import Paper
from simulator.world import World

STATE = re.compile(r"[a-zA-Z0-9]{0,128}")
Page = str | Response | tuple[str, int]


def blueprint(world: World) -> Blueprint:
    """Pages under the hosts open., login. and open.weixin. of the real thing."""
    pages = Blueprint("open_pages", __name__)
    pages.context_processor(lambda: page_words(world))
    _add_install(pages, world)
    _add_sign_in(pages, world)
    return pages


def _add_install(pages: Blueprint, world: World) -> None:
    @pages.get("/3rdapp/install")
    def install_page() -> Page:
        if problem := _install_problem(world):
            return _problem(problem)
        ready = [one for one in world.corps.values() if one.agent is None]
        return render_template(
            "install.html",
            ready=ready,
            organisation_info=ORGANISATION_INFO,
            direct_leader=DIRECT_LEADER,
        )

    @pages.post("/3rdapp/install")
    def install() -> Page:
        if problem := _install_problem(world):
            return _problem(problem)
        if "refuse" in request.form:
            return _return({})
        corp = get_corp(world, request.form.get("corp_id", ""))
        state = request.args.get("state", "")
        given: dict[str, Any] = {
            name: value for name, value in request.form.items() if value
        }
        given["permissions"] = request.form.getlist("permissions")
        try:
            made = act(
                world, corp, "install", {**given, "way": "redirect", "state": state}
            )
        except Impossible as refused:
            return _problem(refused.errcode)
        return _return({name: made[name] for name in ("auth_code", "expires_in")})


def _add_sign_in(pages: Blueprint, world: World) -> None:
    @pages.get("/connect/oauth2/authorize")
    def authorise() -> Page:
        return _sign_in(world, request.args.get("scope") == "snsapi_privateinfo")

    @pages.get("/wwlogin/sso/login")
    def login() -> Page:
        return _sign_in(world, private=False)


def _sign_in(world: World, private: bool) -> Page:
    """Back with a code as the member of the phone, or of `as`; else ask who.

    Shape: `as` is `corp_id/userid`, empty for somebody who is no member.
    """
    suite_id = request.args.get("appid", "")
    if suite_id not in {one.suite_id for one in world.config.suites}:
        return _problem(40083)
    if STATE.fullmatch(request.args.get("state", "")) is None:
        return _problem(84025)
    who = request.args.get("as", request.cookies.get("member"))
    if who is None:
        return render_template("sign_in.html", args=request.args)
    corp_id, _, userid = who.partition("/")
    code = oauth_code(
        world, corp_id=corp_id, userid=userid, suite_id=suite_id, private=private
    )
    return _return({"code": code})


def _install_problem(world: World) -> int:
    if request.args.get("suite_id") != world.config.suite.suite_id:
        return 40083
    value = request.args.get("pre_auth_code", "")
    code = world.papers.find(Paper.PRE_AUTH_CODE, value)
    if code is None:
        return 40077
    if world.papers.is_expired(code):
        return 42007
    well_formed = STATE.fullmatch(request.args.get("state", "")) is not None
    return 0 if well_formed else 84025


def _return(extra: dict[str, Any]) -> Page:
    """The browser goes back to where the provider asked for."""
    state = request.args.get("state")
    more = {**extra, **({"state": state} if state is not None else {})}
    address = address_back(request.args.get("redirect_uri", ""), more)
    return _problem(50001) if address is None else redirect(address)


def _problem(errcode: int) -> Page:
    return render_template("problem.html", errcode=errcode), 400
