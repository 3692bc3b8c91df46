"""What a TAPD company's admin sees: its people, and the button that links WeCom."""

import requests
from flask import Blueprint, abort, redirect, render_template, request, url_for

from simulator.config import Sync
from simulator.pages.page import page_words
from simulator.tapd.pages import Page, visitor
from simulator.tapd.people import LEFT, WORKING, Company
from simulator.world import World

ANSWER_SECONDS = 10.0
SHOWN_PEOPLE = 200


def blueprint(world: World) -> Blueprint:
    """Everything under /tapd/companies/."""
    pages = Blueprint("tapd_company", __name__, url_prefix="/tapd/companies")
    pages.context_processor(lambda: {**page_words(world), "visitor": visitor(world)})
    _add_people(pages, world)
    _add_link(pages, world)
    return pages


def get_company(world: World, company_id: str) -> Company:
    """The company, or 404."""
    company = world.tapd.companies.get(company_id)
    if company is None:
        abort(404)
    return company


def _add_people(pages: Blueprint, world: World) -> None:
    @pages.get("/<company_id>")
    def people(company_id: str) -> Page:
        company = get_company(world, company_id)
        with world.lock:
            return _render(world, company, said="")

    @pages.post("/<company_id>/people")
    def change(company_id: str) -> Page:
        company = get_company(world, company_id)
        given = {k: v.strip() for k, v in request.form.items() if k != "status"}
        with world.lock:
            account = world.tapd.register(**given)
            membership = world.tapd.join(company, account, at=world.now())
            left = request.form.get("status") == LEFT
            membership.status = LEFT if left else WORKING
        return redirect(url_for("tapd_company.people", company_id=company_id))


def _add_link(pages: Blueprint, world: World) -> None:
    @pages.post("/<company_id>/link")
    def link(company_id: str) -> Page:
        company, sync = get_company(world, company_id), world.config.sync
        account = visitor(world)
        if sync is None or account is None or account.account_id not in company.admins:
            return _render(world, company, said="tapd_admins_only"), 403
        address = _intend(sync, company, account.account_id)
        if address is None:
            return _render(world, company, said="tapd_not_linked"), 502
        return redirect(address)


def _intend(sync: Sync, company: Company, admin: str) -> str | None:
    """Where the product wants the admin to go on, if it will have them."""
    with requests.Session() as session:
        session.trust_env = False
        try:
            answer = session.post(
                f"{sync.url}/api/v1/install-intents",
                json={"company_id": company.company_id, "admin_account_id": admin},
                headers={"Authorization": f"Bearer {sync.token}"},
                timeout=ANSWER_SECONDS,
            )
        except requests.RequestException:
            return None
    return str(answer.json()["url"]) if answer.status_code == 201 else None


def _render(world: World, company: Company, *, said: str) -> str:
    rows = [
        (world.tapd.accounts[key], membership)
        for key, membership in company.people.items()
    ]
    account = visitor(world)
    return render_template(
        "tapd_company.html",
        company=company,
        rows=rows[:SHOWN_PEOPLE],
        more=len(rows) > SHOWN_PEOPLE,
        said=said,
        may_link=bool(
            world.config.sync and account and account.account_id in company.admins
        ),
    )
