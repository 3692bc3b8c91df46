"""Signing in to TAPD with WeCom: out to the product, and back with who one is."""

import logging

import requests
from flask import Blueprint, Response, abort, jsonify, redirect, request, url_for

from simulator.pages.page import page_words
from simulator.tapd.pages import Page, enter_as, own_path, problem, visitor
from simulator.tapd.relying_party import Disbelief, Issuer
from simulator.world import World

log = logging.getLogger(__name__)

STATE, STATE_PATH = "tapd_wecom_state", "/tapd/wecom"


def blueprint(world: World) -> Blueprint:
    """Everything under /tapd/wecom, and where TAPD is told of the issuer."""
    pages = Blueprint("tapd_wecom", __name__)
    pages.context_processor(lambda: {**page_words(world), "visitor": visitor(world)})
    _add_sign_in(pages, world)
    _add_logout(pages, world)
    _add_control(pages, world)
    return pages


def _add_sign_in(pages: Blueprint, world: World) -> None:
    @pages.get("/tapd/wecom")
    def begin() -> Page:
        try:
            state, address = world.relying_party.depart(
                redirect_uri=_here("tapd_wecom.done"),
                to=own_path(request.args.get("to", "")),
            )
        except (Disbelief, requests.RequestException, ValueError, KeyError):
            return problem("tapd_no_issuer", 503)
        answer = redirect(address)
        answer.set_cookie(STATE, state, path=STATE_PATH, samesite="Lax", httponly=True)
        return answer

    @pages.get("/tapd/wecom/done")
    def done() -> Page:
        try:
            claims, to = world.relying_party.arrive(
                request.args.to_dict(),
                marked=request.cookies.get(STATE, ""),
                redirect_uri=_here("tapd_wecom.done"),
            )
        except (Disbelief, requests.RequestException, ValueError) as error:
            log.warning("sign-in not believed: %s", error)
            return problem("tapd_not_believed", 400)
        account = world.tapd.accounts.get(str(claims["sub"]))
        if account is None:
            return problem("tapd_no_account", 403)
        return enter_as(account, to, sid=str(claims.get("sid", "")))


def _add_logout(pages: Blueprint, world: World) -> None:
    @pages.post("/tapd/wecom/logout")
    def told() -> tuple[str, int]:
        try:
            world.relying_party.log_out(request.form.get("logout_token", ""))
        except (Disbelief, requests.RequestException, ValueError):
            return "", 400
        return "", 200


def _add_control(pages: Blueprint, world: World) -> None:
    @pages.route("/control/tapd/issuer", methods=["GET", "POST"])
    def issuer() -> Response:
        if request.method == "POST":
            given = request.get_json(silent=True)
            if not isinstance(given, dict) or not given.get("issuer"):
                abort(400)
            world.relying_party.issuer = Issuer(
                url=str(given["issuer"]).rstrip("/"),
                client_id=str(given.get("client_id", "")),
                secret=str(given.get("client_secret", "")),
            )
        known = world.relying_party.issuer
        return jsonify(
            {
                "issuer": known.url if known else None,
                "client_id": known.client_id if known else None,
                "redirect_uri": _here("tapd_wecom.done"),
                "back_channel_uri": _here("tapd_wecom.told"),
                "ended": sorted(world.relying_party.ended),
            }
        )


def _here(endpoint: str) -> str:
    return url_for(endpoint, _external=True)
