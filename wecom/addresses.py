"""Where a browser goes on WeCom's own pages, with everything that WeCom wants there."""

from __future__ import annotations

from urllib.parse import urlencode


def oauth_address(
    base_url: str, *, suite_id: str, redirect_uri: str, state: str
) -> str:
    """Sign-in without a question, for a browser inside WeCom.

    Source: WeCom 91120.
    """
    query = urlencode(
        {
            "appid": suite_id,
            "redirect_uri": redirect_uri,
            "response_type": "code",
            "scope": "snsapi_base",
            "state": state,
        }
    )
    return f"{base_url}/connect/oauth2/authorize?{query}#wechat_redirect"


def login_address(
    base_url: str, *, suite_id: str, redirect_uri: str, state: str, lang: str
) -> str:
    """Sign-in by a code that is scanned with WeCom, for every other browser.

    Shape: `lang` is `zh` or `en`.
    Source: WeCom 98170.
    """
    query = urlencode(
        {
            "login_type": "ServiceApp",
            "appid": suite_id,
            "redirect_uri": redirect_uri,
            "state": state,
            "lang": lang,
        }
    )
    return f"{base_url}/wwlogin/sso/login?{query}"
