"""Two ways to WeCom's sign-in: unasked inside WeCom, by a QR code outside of it."""

from flask import redirect, request, url_for
from werkzeug.wrappers import Response

from store.database import transaction
from web.account import oauth_state
from web.services import services
from web.texts import language
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


def sign_in_inside(next_path: str | None, *, whoever: bool) -> Response:
    """To WeCom's OAuth page, which comes back at once.

    Shape: `whoever`: people who are no members here are welcome too.
    """
    state = _depart(next_path, whoever=whoever, inside=True)
    wired = services()
    address = oauth_address(
        wired.addresses.wecom_oauth,
        suite_id=wired.suite_id,
        redirect_uri=_return_address(),
        state=state,
    )
    return redirect(address, 303)


def sign_in_outside(next_path: str | None, *, whoever: bool) -> Response:
    """To WeCom's page with a QR code, which is scanned by the phone."""
    state = _depart(next_path, whoever=whoever, inside=False)
    wired = services()
    address = login_address(
        wired.addresses.wecom_login,
        suite_id=wired.login_suite_id,
        redirect_uri=_return_address(),
        state=state,
        lang="en" if language() == "en" else "zh",
    )
    return redirect(address, 303)


def sign_in(next_path: str | None, *, whoever: bool) -> Response:
    """The way that fits the browser of this request."""
    way = sign_in_outside if is_ordinary_browser() else sign_in_inside
    return way(next_path, whoever=whoever)


def _agent() -> str:
    return request.user_agent.string.lower()


def _depart(next_path: str | None, *, whoever: bool, inside: bool) -> str:
    cargo = {"next": next_path, "whoever": whoever, "inside": inside}
    with transaction(services().pool) as connection:
        return oauth_state.depart(connection, purpose=PURPOSE, cargo=cargo)


def _return_address() -> str:
    return services().addresses.public + url_for("account.login_done")
