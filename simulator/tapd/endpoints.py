"""TAPD's documented calls as far as a link service may want them (tapd.md 1.2, 2.1)."""

from typing import Any

from simulator.tapd.asking import (
    Asked,
    Endpoint,
    Refusal,
    caller,
    check_client,
    required,
)
from simulator.tapd.items.item_endpoints import ITEM_ENDPOINTS, project_info
from simulator.tapd.people import (
    ADMIN_ROLE,
    LEFT,
    USER_ROLE,
    Account,
    Company,
    Membership,
    china_time,
)
from simulator.tokens import Issued, Paper

USER_FIELDS = (
    "user",
    "role_id",
    "name",
    "join_project_time",
    "real_join_time",
    "status",
    "allocation",
    "leave_project_time",
)
MORE_USER_FIELDS = ("user_id", "email")


def request_token(asked: Asked) -> dict[str, Any]:
    """A token for the app, or for the person whose code it is."""
    check_client(asked)
    grant = required(asked, "grant_type")
    if grant == "client_credentials":
        app_id = asked.world.config.tapd_app.client_id
        resource = {"type": "open_app_auth", "app_id": app_id}
        return _token(asked, account_id=None, scope="member user", resource=resource)
    if grant != "authorization_code":
        raise Refusal(422, "Unsupported grant_type")
    code = _code(asked)
    code.used = True
    return _token(
        asked,
        account_id=code.owner,
        scope=code.payload["scope"],
        resource=code.payload["resource"],
    )


def users_info(asked: Asked) -> dict[str, Any]:
    """Who the person of a user token is; no mobile, no e-mail."""
    account_id = caller(asked).account_id
    account = asked.tapd.accounts.get(account_id or "")
    if account is None:
        raise Refusal(422, "The access token provided is invalid: user token required")
    return {
        "id": account.account_id,
        "nick": account.nick,
        "name": account.name,
        "avatar": "",
        "enabled": "1" if account.enabled else "0",
        "status_id": "1",
        "status_name": "在职",
    }


def workspace_users(asked: Asked) -> list[dict[str, Any]]:
    """The people of a company, all at once; no mobile, no department."""
    company = _company(asked)
    nicks = {one for one in asked.given.get("user", "").split(",") if one}
    fields = [one for one in asked.given.get("fields", "").split(",") if one]
    wanted = [one for one in fields if one in (*USER_FIELDS, *MORE_USER_FIELDS)]
    rows = []
    for account_id, membership in company.people.items():
        account = asked.tapd.accounts[account_id]
        if not nicks or account.nick in nicks:
            row = _user(account, membership)
            rows.append({"UserWorkspace": {k: row[k] for k in wanted or USER_FIELDS}})
    return rows


def third_user_mapping(asked: Asked) -> dict[str, Any]:
    """What ids a person has elsewhere; `qywx` is WeCom."""
    company = _company(asked)
    account_id = required(asked, "user_id")
    if account_id not in company.people:
        raise Refusal(404, f"user {account_id} not existed")
    pairs = asked.tapd.accounts[account_id].third_parties
    return {
        "third_partys": [
            {"third_party_id": name, "third_party_type": kind} for kind, name in pairs
        ]
    }


def workspace_info(asked: Asked) -> dict[str, Any]:
    """A project, or a company: that is itself one of the category `organization`."""
    caller(asked)
    project = project_info(asked, required(asked, "workspace_id"))
    if project is not None:
        return project
    company = _company(asked)
    return {
        "Workspace": {
            "id": company.company_id,
            "name": company.name,
            "status": "normal",
            "category": "organization",
            "company_id": company.company_id,
            "member_count": len(company.people),
        }
    }


def _company(asked: Asked) -> Company:
    caller(asked)
    company_id = required(asked, "workspace_id")
    company = asked.tapd.companies.get(company_id)
    if company is None:
        raise Refusal(404, f"workspace {company_id} not existed")
    if not company.installed:
        raise Refusal(403, f"The app is not installed in workspace {company_id}")
    return company


def _user(account: Account, membership: Membership) -> dict[str, Any]:
    return {
        "user": account.nick,
        "user_id": account.account_id,
        "role_id": [ADMIN_ROLE if membership.admin else USER_ROLE],
        "name": account.name,
        "email": account.email,
        "join_project_time": membership.joined,
        "real_join_time": membership.joined,
        "status": membership.status,
        "allocation": "100",
        "leave_project_time": membership.joined if membership.status == LEFT else None,
    }


def _code(asked: Asked) -> Issued:
    code = asked.world.papers.find(Paper.TAPD_CODE, required(asked, "code"))
    expired = code is None or code.used or asked.world.papers.is_expired(code)
    if code is None or expired:
        raise Refusal(422, "Invalid authorization code")
    if required(asked, "redirect_uri") != code.payload["redirect_uri"]:
        raise Refusal(422, "The redirect URI provided is missing or does not match")
    return code


def _token(
    asked: Asked, *, account_id: str | None, scope: str, resource: dict[str, Any]
) -> dict[str, Any]:
    issued = asked.world.papers.issue(
        Paper.TAPD_TOKEN, owner=account_id or "", account_id=account_id
    )
    return {
        "access_token": issued.value,
        "expires_in": asked.world.papers.seconds_left(issued),
        "token_type": "Bearer",
        "scope": scope,
        "resource": resource,
        "now": china_time(asked.world.now()),
    }


ENDPOINTS = {
    "tokens/request_token": Endpoint(method="POST", handler=request_token),
    "users/info": Endpoint(method="GET", handler=users_info),
    "users/get_third_user_mapping": Endpoint(method="GET", handler=third_user_mapping),
    "workspaces/users": Endpoint(method="GET", handler=workspace_users),
    "workspaces/get_workspace_info": Endpoint(method="GET", handler=workspace_info),
    **ITEM_ENDPOINTS,
}
