"""TAPD as a person sees it: sign-in, consent for an app, and where one lands."""

import json
from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from simulator.pages.page import page_words
from simulator.pages.returning import address_back
from simulator.tapd.items.projects import LABELS, OPTIONS, STATUSES, Item, Project
from simulator.tapd.people import Account, Company
from simulator.tokens import Paper
from simulator.world import World

COOKIE, COOKIE_PATH = "tapd_account", "/tapd"
SID = "tapd_sid"
SHOWN_ACCOUNTS = 50
Page = str | Response | tuple[str, int]


def blueprint(world: World) -> Blueprint:
    """Everything under /tapd/ that anybody may open."""
    pages = Blueprint("tapd", __name__, url_prefix="/tapd")
    pages.context_processor(lambda: {**page_words(world), "visitor": visitor(world)})
    _add_sign_in(pages, world)
    _add_oauth(pages, world)
    _add_landing(pages, world)
    return pages


def visitor(world: World) -> Account | None:
    """Who this browser has signed in as; nobody once the issuer ended the session."""
    if request.cookies.get(SID, "-") in world.relying_party.ended:
        return None
    return world.tapd.accounts.get(request.cookies.get(COOKIE, ""))


def signed_in(world: World) -> Callable[[Callable[..., Page]], Callable[..., Page]]:
    """Lets nobody see a page before they have said who they are."""

    def decorate(view: Callable[..., Page]) -> Callable[..., Page]:
        @wraps(view)
        def guarded(**given: Any) -> Page:
            if visitor(world) is None:
                return redirect(url_for("tapd.sign_in", to=request.full_path))
            return view(**given)

        return guarded

    return decorate


def problem(key: str, status: int = HTTPStatus.BAD_REQUEST) -> Page:
    """A page that says what is wrong."""
    return render_template("tapd_problem.html", key=key), status


def _add_sign_in(pages: Blueprint, world: World) -> None:
    @pages.get("/login")
    def sign_in() -> Page:
        words = request.args.get("search", "").strip()
        found = [
            one
            for one in world.tapd.accounts.values()
            if words in f"{one.nick} {one.mobile} {one.email} {one.account_id}"
        ]
        return render_template(
            "tapd_sign_in.html",
            found=found[:SHOWN_ACCOUNTS],
            more=len(found) > SHOWN_ACCOUNTS,
            search=words,
            to=own_path(request.args.get("to", "")),
            by_wecom=world.relying_party.issuer is not None,
        )

    @pages.post("/login")
    def signed() -> Page:
        account = world.tapd.accounts.get(request.form.get("account_id", ""))
        return problem("tapd_no_account") if account is None else _enter(account)

    @pages.post("/register")
    def register() -> Page:
        given = {name: request.form.get(name, "") for name in ("nick", "mobile")}
        with world.lock:
            return _enter(world.tapd.register(**given))

    @pages.post("/logout")
    def logout() -> Page:
        answer = redirect(
            url_for("tapd.sign_in", to=own_path(request.form.get("to", "")))
        )
        answer.delete_cookie(COOKIE, path=COOKIE_PATH)
        return answer


def _add_oauth(pages: Blueprint, world: World) -> None:
    @pages.get("/oauth/")
    def authorise() -> Page:
        if wrong := _oauth_problem(world):
            return problem(wrong)
        account = _acting(world)
        if account is None:
            return redirect(url_for("tapd.sign_in", to=request.full_path))
        if "as" in request.args:
            return _granted(world, account, request.args.get("company_id", ""))
        return render_template(
            "tapd_consent.html",
            account=account,
            companies=world.tapd.companies_of(account.account_id),
            scopes=request.args.get("scope", "user").split(),
        )

    @pages.post("/oauth/")
    def answered() -> Page:
        if wrong := _oauth_problem(world):
            return problem(wrong)
        account = _acting(world)
        if account is None or "refuse" in request.form:
            return _back({"error": "access_denied"})
        return _granted(world, account, request.form.get("company_id", ""))


def _add_landing(pages: Blueprint, world: World) -> None:
    @pages.get("/")
    @signed_in(world)
    def home() -> Page:
        account = visitor(world)
        mine = world.tapd.companies_of(account.account_id) if account else []
        companies = {one.company_id for one in mine}
        projects = [
            one for one in world.projects.by_id.values() if one.company_id in companies
        ]
        return render_template(
            "tapd_home.html", mine=mine, projects=projects, sync=world.config.sync
        )

    @pages.get("/<int:workspace_id>/<path:rest>")
    @signed_in(world)
    def item(workspace_id: int, rest: str) -> Page:
        project = world.projects.by_id.get(str(workspace_id))
        found = None if project is None else _find_item(project, rest)
        if project is None or found is None:
            return render_template(
                "tapd_item.html", workspace_id=workspace_id, rest=rest
            )
        return render_template(
            "tapd_work_item.html",
            project=project,
            item=found,
            statuses=STATUSES[found.kind],
            options=OPTIONS.get(found.kind, {}),
            labels=LABELS,
            comments=[
                each
                for each in project.comments.values()
                if each.item_id == found.item_id
            ],
        )


def item_page(project: Project, item: Item) -> str:
    """The address of an item's page, as TAPD's links have it (tapd.md 5)."""
    paths = {
        "story": "prong/stories/view",
        "task": "prong/tasks/view",
        "bug": "bugtrace/bugs/view",
        "iteration": "prong/iterations/card_view",
    }
    rest = f"{paths[item.kind]}/{item.item_id}"
    return url_for("tapd.item", workspace_id=int(project.workspace_id), rest=rest)


def _find_item(project: Project, rest: str) -> Item | None:
    """The item that an address ends with, whatever kind it calls it."""
    item_id = rest.rpartition("/")[2]
    return next((one for one in project.items.values() if one.item_id == item_id), None)


def _acting(world: World) -> Account | None:
    """Whom a test names in `as`, else who has signed in."""
    named = request.args.get("as")
    return visitor(world) if named is None else world.tapd.accounts.get(named)


def _oauth_problem(world: World) -> str:
    if request.args.get("client_id") != world.config.tapd_app.client_id:
        return "tapd_bad_client"
    if request.args.get("response_type") != "code":
        return "tapd_bad_request"
    good = address_back(request.args.get("redirect_uri", ""), {}) is not None
    return "" if good else "tapd_bad_redirect"


def _granted(world: World, account: Account, company_id: str) -> Page:
    mine = {one.company_id: one for one in world.tapd.companies_of(account.account_id)}
    company = mine.get(company_id) or next(iter(mine.values()), None)
    resource = _resource(world, account, company)
    code = issue_code(
        world,
        account=account,
        redirect_uri=request.args["redirect_uri"],
        scope=request.args.get("scope", "user"),
        resource=resource,
    )
    return _back(
        {"code": code, "resource": json.dumps(resource, separators=(",", ":"))}
    )


def issue_code(
    world: World,
    *,
    account: Account,
    redirect_uri: str,
    scope: str,
    resource: dict[str, Any],
) -> str:
    """The code with which a person comes back to the app; five minutes, once."""
    return world.papers.issue(
        Paper.TAPD_CODE,
        owner=account.account_id,
        redirect_uri=redirect_uri,
        scope=scope,
        resource=resource,
    ).value


def _resource(
    world: World, account: Account, company: Company | None
) -> dict[str, Any]:
    """What was granted, in either of the two forms on record (tapd.md 1.2)."""
    company_id = company.company_id if company else ""
    if world.knobs.tapd_resource == "workspace":
        number = int(company_id) if company_id.isdecimal() else company_id
        return {"type": "workspace", "workspace_id": number}
    names = {"user_id": account.account_id, "company_id": company_id}
    return {"type": "user", **names}


def _enter(account: Account) -> Page:
    return enter_as(account, own_path(request.form.get("to", "")))


def enter_as(account: Account, to: str, *, sid: str = "") -> Page:
    """Signed in, and on; `sid` is the issuer's name for the session, if it has one."""
    answer = redirect(to or url_for("tapd.home"))
    answer.set_cookie(COOKIE, account.account_id, path=COOKIE_PATH, samesite="Lax")
    answer.set_cookie(SID, sid, path=COOKIE_PATH, samesite="Lax")
    return answer


def own_path(path: str) -> str:
    """The path if it is one of TAPD's own, else nothing."""
    return path if path.startswith(f"{COOKIE_PATH}/") else ""


def _back(extra: dict[str, Any]) -> Page:
    state = request.args.get("state")
    more = {**extra, **({"state": state} if state is not None else {})}
    return redirect(address_back(request.args["redirect_uri"], more) or "/")
