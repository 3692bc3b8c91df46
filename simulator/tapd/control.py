"""The JSON switchboard of TAPD: companies, people, who is like whom, codes."""

from typing import Any

from flask import Blueprint, Response, abort, jsonify, request

from simulator.control_corps import get_corp
from simulator.tapd.company_pages import get_company
from simulator.tapd.people import LEFT, WORKING, Account, Company
from simulator.tapd.seed_accounts import KINDS, resemble
from simulator.world import World

DETAILS = {"account_id", "nick", "name", "mobile", "email"}
Answer = Response | tuple[Response, int]


def blueprint(world: World) -> Blueprint:
    """Everything under /control/tapd/."""
    pages = Blueprint("tapd_control", __name__, url_prefix="/control/tapd")
    _add_companies(pages, world)
    _add_people(pages, world)
    return pages


def _add_companies(pages: Blueprint, world: World) -> None:
    @pages.get("/companies")
    def companies() -> Answer:
        return jsonify({"items": [_summary(one) for one in _all(world)]})

    @pages.post("/companies")
    def found() -> Answer:
        given = _body()
        corp = get_corp(world, str(given["corp_id"])) if "corp_id" in given else None
        counts = {kind: int(given.get(kind, 0)) for kind in KINDS}
        with world.lock:
            company = world.tapd.found(
                name=str(given.get("name") or (corp.name if corp else "星河科技")),
                company_id=str(given.get("company_id", "")),
            )
            at = world.now()
            made = (
                resemble(world.tapd, company, corp, counts=counts, at=at)
                if corp
                else []
            )
        people = [
            {
                "userid": one.userid,
                "kind": one.kind,
                "account_ids": [account.account_id for account in one.accounts],
            }
            for one in made
        ]
        return jsonify({**_summary(company), "people": people}), 201

    @pages.route("/companies/<company_id>", methods=["GET", "PATCH", "DELETE"])
    def company(company_id: str) -> Answer:
        found = get_company(world, company_id)
        if request.method == "DELETE":
            del world.tapd.companies[company_id]
        if request.method == "PATCH":
            for name in _body().keys() & {"name", "installed"}:
                setattr(found, name, _body()[name])
        return jsonify(_summary(found))


def _add_people(pages: Blueprint, world: World) -> None:
    @pages.get("/companies/<company_id>/accounts")
    def people(company_id: str) -> Answer:
        company = get_company(world, company_id)
        rows = [_row(world.tapd.accounts[key]) for key in company.people]
        return jsonify({"items": rows})

    @pages.post("/companies/<company_id>/accounts")
    def put(company_id: str) -> Answer:
        company, given = get_company(world, company_id), request.get_json(silent=True)
        rows = given if isinstance(given, list) else [_body()]
        with world.lock:
            accounts = [_put(world, company, one) for one in rows]
        return jsonify({"items": [_row(one) for one in accounts]}), 201

    @pages.delete("/companies/<company_id>/accounts/<account_id>")
    def leave(company_id: str, account_id: str) -> Answer:
        get_company(world, company_id).people.pop(account_id, None)
        return jsonify({})

    @pages.post("/accounts")
    def register() -> Answer:
        with world.lock:
            account = world.tapd.register(**_details(_body()))
        return jsonify(_row(account)), 201

    @pages.patch("/accounts/<account_id>")
    def change(account_id: str) -> Answer:
        account, given = world.tapd.accounts.get(account_id), _body()
        if account is None:
            abort(404)
        with world.lock:
            world.tapd.register(**_details({**given, "account_id": account_id}))
            account.enabled = bool(given.get("enabled", account.enabled))
            pairs = given.get("third_parties", account.third_parties)
            account.third_parties = [(str(kind), str(name)) for kind, name in pairs]
        return jsonify(_row(account))


def _put(world: World, company: Company, given: dict[str, Any]) -> Account:
    account = world.tapd.register(**_details(given))
    membership = world.tapd.join(
        company, account, at=world.now(), admin=bool(given.get("admin"))
    )
    membership.status = LEFT if str(given.get("status")) == LEFT else WORKING
    return account


def _details(given: dict[str, Any]) -> dict[str, Any]:
    return {name: given[name] for name in given.keys() & DETAILS}


def _all(world: World) -> list[Company]:
    return list(world.tapd.companies.values())


def _summary(company: Company) -> dict[str, Any]:
    return {
        "company_id": company.company_id,
        "name": company.name,
        "installed": company.installed,
        "admins": company.admins,
        "accounts": len(company.people),
    }


def _row(account: Account) -> dict[str, Any]:
    """As the product's POST companies/{id}/accounts wants it."""
    return {
        "account_id": account.account_id,
        "nick": account.nick,
        "name": account.name,
        "mobile": account.mobile or None,
        "email": account.email or None,
    }


def _body() -> dict[str, Any]:
    body = request.get_json(silent=True)
    return body if isinstance(body, dict) else {}
