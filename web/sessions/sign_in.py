"""Two ways to WeCom's sign-in: unasked inside WeCom, by a QR code outside of it."""

from typing import Any

from flask import redirect, request, url_for
from werkzeug.wrappers import Response

from web.http.texts import language
from web.services import services
from web.sessions import oauth_state
from wecom.addresses import login_address, oauth_address

PURPOSE = "sign_in"
# What the browsers inside WeCom and WeChat call themselves.
_WECOM, _WECHAT, _BROWSER = "wxwork", "micromessenger", "mozilla/"


def is_wecom() -> bool:
    """Whether this request comes from WeCom's own browser."""
    return _WECOM in _agent()


def is_ordinary_browser() -> bool:
    """Whether this is clearly a browser outside WeCom, where only a QR code helps."""
    agent = _agent()
    return _BROWSER in agent and _WECOM not in agent and _WECHAT not in agent


def sign_in_inside(next_path: str | None) -> Response:
    """To WeCom's OAuth page, which comes back at once."""
    return _inside({"next": next_path})


def sign_in_outside(next_path: str | None) -> Response:
    """To WeCom's page with a QR code, which is scanned by the phone."""
    return _outside({"next": next_path})


def sign_in(next_path: str | None) -> Response:
    """The way that fits the browser of this request."""
    return _fitting({"next": next_path})


def name_installer(intent_state: str) -> Response:
    """The same way, to learn who installed; whoever is signed in stays so."""
    return _fitting({"installer_of": intent_state})


def _fitting(cargo: dict[str, Any]) -> Response:
    return (_outside if is_ordinary_browser() else _inside)(cargo)


def _inside(cargo: dict[str, Any]) -> Response:
    wired = services()
    address = oauth_address(
        wired.addresses.wecom_oauth,
        suite_id=wired.suite_id,
        redirect_uri=_return_address(),
        state=oauth_state.depart(purpose=PURPOSE, cargo={**cargo, "inside": True}),
    )
    return redirect(address, 303)


def _outside(cargo: dict[str, Any]) -> Response:
    wired = services()
    address = login_address(
        wired.addresses.wecom_login,
        suite_id=wired.login_suite_id,
        redirect_uri=_return_address(),
        state=oauth_state.depart(purpose=PURPOSE, cargo={**cargo, "inside": False}),
        lang="en" if language() == "en" else "zh",
    )
    return redirect(address, 303)


def _agent() -> str:
    return request.user_agent.string.lower()


def _return_address() -> str:
    return services().addresses.public + url_for("account.login_done")
